"""Fitting a sparse model: TF-IDF by our own analysis, a linear SVM, and calibration on held-out folds.

scikit-learn and scipy are imported inside the functions: engines that only predict never load them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.nlu.sparse import Block, Floats, SparseModel
from bot.nlu.text import char_grams, normalise, word_grams

FOLDS = 5

MANY = 4_000
"""With more examples, three folds say enough about calibration and save minutes."""

MOST_USUAL = 0.85
"""Examples resemble each other more than customers resemble them: no text must be known better."""


def fit(texts: Sequence[str], intents: Sequence[str], *, c: float = 1.0) -> SparseModel:
    """Train on labelled texts; the same input gives the same model. Raises ValueError under two intents."""
    names = sorted(set(intents))
    if len(names) < 2:
        raise ValueError("at least two intents with examples are needed")
    labels = np.array([names.index(intent) for intent in intents])
    normal = [normalise(text) for text in texts]
    word_counts, word_vocabulary = _count(normal, word_grams)
    char_counts, char_vocabulary = _count(normal, _text_chars)
    counts = (word_counts, char_counts)
    held_out = _held_out(counts, labels, c)
    idfs = [_idf(block) for block in counts]
    weights, bias = _linear(_features(counts, idfs), labels, c)
    split = len(word_vocabulary)
    return SparseModel(
        intents=names,
        words=_block(word_vocabulary, idfs[0], weights[:, :split]),
        chars=_block(char_vocabulary, idfs[1], weights[:, split:]),
        bias=bias.astype(np.float32),
        scale=_scale(held_out.scores, held_out.truth),
        usual=_usual(held_out.coverage),
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


def _scale(scores: Any, truth: Any) -> float:
    """Return the factor before the softmax that makes confidences honest on held-out examples."""
    if len(truth) == 0:
        return 1.0
    exponents = np.linspace(-1.0, 4.0, 101)
    losses = [_loss(scores * np.exp(e), truth) for e in exponents]
    return float(np.round(np.exp(exponents[int(np.argmin(losses))]), 6))


def _usual(coverage: Any) -> float:
    """Return the share of known n-grams that three of four unseen texts of the same kind reach."""
    if len(coverage) == 0:
        return MOST_USUAL
    return float(np.round(np.clip(np.quantile(coverage, 0.25), 0.1, MOST_USUAL), 6))


def _loss(logits: Any, truth: Any) -> float:
    logits = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(truth)), truth]))


@dataclass(frozen=True, kw_only=True)
class _HeldOut:
    scores: Any
    truth: Any
    coverage: Any


def _held_out(counts: Sequence[Any], labels: Any, c: float) -> _HeldOut:
    """Score every example by a model that has not seen it; intents absent from a fold score lowest."""
    count = FOLDS if len(labels) <= MANY else 3
    folds = _folds(labels, count)
    total = int(labels.max()) + 1
    scores, truth, coverage = [np.empty((0, total))], [np.empty(0, dtype=int)], [np.empty(0)]
    for fold in range(count):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        present = np.unique(labels[train])
        test = test[np.isin(labels[test], present)]
        if len(present) < 2 or len(test) == 0:
            continue
        train_counts, test_counts = ([block[rows] for block in counts] for rows in (train, test))
        idfs = [_idf(block) for block in train_counts]
        weights, bias = _linear(_features(train_counts, idfs), labels[train], c)
        part = np.full((len(test), total), -2.0)
        part[:, present] = _features(test_counts, idfs) @ weights.T + bias
        scores.append(part)
        truth.append(labels[test])
        chars = test_counts[1]
        coverage.append(chars @ (idfs[1] > 0) / np.maximum(chars.sum(axis=1).A1, 1))
    return _HeldOut(
        scores=np.vstack(scores), truth=np.concatenate(truth), coverage=np.concatenate(coverage)
    )


def _folds(labels: Any, count: int) -> Any:
    """Deal the examples of each intent out in turn."""
    seen: Counter[int] = Counter()
    folds = np.empty(len(labels), dtype=int)
    for row, label in enumerate(labels):
        folds[row] = seen[int(label)] % count
        seen[int(label)] += 1
    return folds
