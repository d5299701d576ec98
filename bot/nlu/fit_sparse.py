"""Fitting the half that reads n-grams: TF-IDF by our own analysis and a linear SVM.

scikit-learn and scipy are imported inside the functions: engines that only predict never load them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from bot.nlu.sparse import Block, Floats, SparseModel
from bot.nlu.text import char_grams, normalise, word_grams

UNSEEN = -2.0
"""Score of an intent that a fold has no example of: lower than any other."""


class SparseFit:
    """The n-grams of all examples, counted once, and models of some or all of them."""

    def __init__(self, texts: Sequence[str], *, c: float) -> None:
        """Count; `c` is the inverse strength of regularisation."""
        normal = [normalise(text) for text in texts]
        self._words, self._word_vocabulary = _count(normal, word_grams)
        self._chars, self._char_vocabulary = _count(normal, _text_chars)
        self._c = c

    def held_out(self, train: Any, test: Any, labels: Any, intents: int) -> tuple[Any, Any]:
        """Return scores of the rows `test` by a model of the rows `train`, and their known share."""
        counts = self._words, self._chars
        train_counts, test_counts = ([block[rows] for block in counts] for rows in (train, test))
        idfs = [_idf(block) for block in train_counts]
        weights, bias = _linear(_features(train_counts, idfs), labels[train], self._c)
        scores = np.full((len(test), intents), UNSEEN)
        scores[:, np.unique(labels[train])] = _features(test_counts, idfs) @ weights.T + bias
        chars = test_counts[1]
        known = chars @ (idfs[1] > 0) / np.maximum(chars.sum(axis=1).A1, 1)
        return scores, known

    def model(self, labels: Any, names: list[str], *, scale: float, usual: float) -> SparseModel:
        """Fit to all examples."""
        counts = self._words, self._chars
        idfs = [_idf(block) for block in counts]
        weights, bias = _linear(_features(counts, idfs), labels, self._c)
        split = len(self._word_vocabulary)
        return SparseModel(
            intents=names,
            words=_block(self._word_vocabulary, idfs[0], weights[:, :split]),
            chars=_block(self._char_vocabulary, idfs[1], weights[:, split:]),
            bias=bias.astype(np.float32),
            scale=scale,
            usual=usual,
        )


def _block(vocabulary: dict[str, int], idf: Any, weights: Any) -> Block:
    scaled: Floats = np.ascontiguousarray((weights * idf).T, dtype=np.float32)
    return Block(vocabulary=vocabulary, idf=idf.astype(np.float32), weights=scaled)


def _text_chars(text: str) -> Iterable[str]:
    for token in text.split():
        yield from char_grams(token)


def _count(texts: Sequence[str], analyse: Callable[[str], Iterable[str]]) -> tuple[Any, dict[str, int]]:
    """Return the count matrix (texts x n-grams, sorted by n-gram) and the vocabulary."""
    from scipy.sparse import csr_matrix

    counted = [Counter(analyse(text)) for text in texts]
    vocabulary = {gram: index for index, gram in enumerate(sorted(set().union(*counted)))}
    indptr = np.cumsum([0, *(len(row) for row in counted)])
    indices = np.array([vocabulary[gram] for row in counted for gram in row], dtype=np.int32)
    values = np.array([count for row in counted for count in row.values()], dtype=np.float64)
    matrix = csr_matrix((values, indices, indptr), shape=(len(texts), len(vocabulary)))
    matrix.sort_indices()
    return matrix, vocabulary


def _idf(counts: Any) -> Any:
    rows = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    # A column that these rows do not have must not count in a fold: its weight in the norm is 0.
    return np.where(frequency > 0, np.log((1 + rows) / (1 + frequency)) + 1, 0.0)


def _features(counts: Sequence[Any], idfs: Sequence[Any]) -> Any:
    """Return the TF-IDF features, each block of a row normalised to length 1."""
    from scipy.sparse import diags, hstack

    blocks = []
    for matrix, idf in zip(counts, idfs, strict=True):
        values = matrix.copy()
        values.data = np.log(values.data) + 1
        values = values @ diags(idf)
        norms = np.sqrt(values.multiply(values).sum(axis=1)).A1
        blocks.append(diags(1 / np.where(norms > 0, norms, 1.0)) @ values)
    return hstack(blocks, format="csr")


def _linear(features: Any, labels: Any, c: float) -> tuple[Any, Any]:
    """Fit one-against-rest; two classes give one row, which is mirrored so that both have scores."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=c, random_state=0, max_iter=5_000)
    model.fit(features, labels)
    if len(model.classes_) == 2:
        return np.vstack([-model.coef_, model.coef_]), np.hstack([-model.intercept_, model.intercept_])
    return model.coef_, model.intercept_
