"""The trained sparse model: scores and confidences with numpy alone, and its files.

Nothing here imports scikit-learn or Rasa; `bot.nlu.fit` makes such a model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.nlu.text import char_grams, word_grams

Floats = npt.NDArray[np.float32]

FORMAT = 1
"""Version of the files; a model of another format must be trained again."""

MAX_WORDS_CACHED = 20_000
MAX_CACHED_WORD = 200
"""Longer words hardly ever come twice and are not kept."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One kind of n-gram: vocabulary, inverse document frequencies, weights (already times these)."""

    vocabulary: dict[str, int]
    idf: Floats
    weights: Floats


class SparseModel:
    """Scores intents by a linear model over word and character n-grams."""

    def __init__(
        self, *, intents: list[str], words: Block, chars: Block, bias: Floats, scale: float, usual: float
    ) -> None:
        """Take over the trained parts; `scale` and `usual` make confidences (see `confidences`)."""
        self.intents = intents
        self.words = words
        self.chars = chars
        self.bias = bias
        self.scale = scale
        self.usual = usual
        self._tokens: dict[str, tuple[tuple[int, ...], int]] = {}

    def scores(self, normal: str) -> tuple[Floats, float]:
        """Return the linear scores of a normalised text, and the share of its n-grams that are known."""
        words: dict[int, int] = {}
        vocabulary = self.words.vocabulary
        for gram in word_grams(normal):
            index = vocabulary.get(gram)
            if index is not None:
                words[index] = words.get(index, 0) + 1
        chars: dict[int, int] = {}
        seen = known = 0
        for token in normal.split():
            indices, size = self._char_indices(token)
            seen += size
            known += len(indices)
            for index in indices:
                chars[index] = chars.get(index, 0) + 1
        total = self.bias.copy()
        for block, counts in ((self.words, words), (self.chars, chars)):
            if counts:
                total += _block_scores(block, counts)
        return total, known / seen if seen else 0.0

    def confidences(self, scores: Floats, coverage: float) -> Floats:
        """Turn scores into confidences.

        `scale` makes the softmax honest on held-out examples. A text made of letters that the
        examples hardly have cannot be trusted, however clear its scores look: under the `usual`
        coverage confidence falls with the square of what is missing, down to 0 for a strange script.
        """
        powers: Floats = np.exp(self.scale * (scores - scores.max()))
        trust = min(1.0, coverage / self.usual) ** 2
        return powers * np.float32(trust / powers.sum())

    def _char_indices(self, token: str) -> tuple[tuple[int, ...], int]:
        """Return a token's known n-grams and how many it has in all."""
        found = self._tokens.get(token)
        if found is None:
            vocabulary = self.chars.vocabulary
            grams = list(char_grams(token))
            found = tuple(vocabulary[gram] for gram in grams if gram in vocabulary), len(grams)
            if len(self._tokens) >= MAX_WORDS_CACHED:
                self._tokens.clear()
            if len(token) <= MAX_CACHED_WORD:
                self._tokens[token] = found
        return found

    def save(self, folder: Path) -> None:
        """Write the model into `folder`: the same model gives the same bytes."""
        meta = {
            "format": FORMAT,
            "intents": self.intents,
            "scale": self.scale,
            "usual": self.usual,
            "words": list(self.words.vocabulary),
            "chars": list(self.chars.vocabulary),
        }
        (folder / "sparse.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
        np.savez(
            folder / "sparse.npz",
            bias=self.bias,
            word_idf=self.words.idf,
            word_weights=self.words.weights,
            char_idf=self.chars.idf,
            char_weights=self.chars.weights,
        )

    @classmethod
    def load(cls, folder: Path) -> SparseModel:
        """Read what `save` wrote. Raises FileNotFoundError, or ValueError for another format."""
        meta: dict[str, Any] = json.loads((folder / "sparse.json").read_text(encoding="utf-8"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"the model has format {meta.get('format')}, this version reads {FORMAT}")
        with np.load(folder / "sparse.npz", allow_pickle=False) as arrays:
            words = _block(meta["words"], arrays["word_idf"], arrays["word_weights"])
            chars = _block(meta["chars"], arrays["char_idf"], arrays["char_weights"])
            bias = arrays["bias"]
        return cls(
            intents=meta["intents"],
            words=words,
            chars=chars,
            bias=bias,
            scale=meta["scale"],
            usual=meta["usual"],
        )


def _block(grams: list[str], idf: Floats, weights: Floats) -> Block:
    return Block(vocabulary={gram: index for index, gram in enumerate(grams)}, idf=idf, weights=weights)


def _block_scores(block: Block, counts: dict[int, int]) -> Floats:
    """Return one block's share of the scores: sublinear TF-IDF, normalised to length 1, times weights."""
    size = len(counts)
    indices = np.fromiter(counts.keys(), dtype=np.intp, count=size)
    frequencies = np.fromiter(counts.values(), dtype=np.float32, count=size)
    np.log(frequencies, out=frequencies)
    frequencies += 1.0
    values = frequencies * block.idf[indices]
    norm = np.sqrt(values @ values)
    return (frequencies / norm) @ block.weights[indices]
