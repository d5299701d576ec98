"""The trained intent classifier: n-grams first, the sentence encoder where these leave doubt.

Nothing here imports scikit-learn or Rasa; `bot.nlu.fit` makes such a model.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu.dense import DenseModel, Floats
from bot.nlu.encoders import Encoder, EncoderMissing
from bot.nlu.mix import Mix, likelihoods, trust
from bot.nlu.sparse import SparseModel
from bot.nlu.text import normalise

logger = logging.getLogger(__name__)

Ranking = tuple[tuple[str, float], ...]

FORMAT = 2
"""Version of the files; a model of another format must be trained again."""

FILE = "cascade.json"
DENSE = "dense.npz"
MAX_CACHED = 4_096
MAX_CACHED_TEXT = 200
"""Longer texts hardly ever come twice and are not kept."""


class CascadeModel:
    """Ranks intents. Without an encoder n-grams answer alone, with confidences of their own."""

    def __init__(
        self, *, sparse: SparseModel, dense: DenseModel | None, mix: Mix, encoder: Encoder | None
    ) -> None:
        """Take over the trained parts."""
        self.sparse, self.dense, self.mix = sparse, dense, mix
        self.encoder = encoder if dense else None
        self.read = self.stopped = 0
        self._ranked: dict[str, Ranking] = {}

    @property
    def intents(self) -> list[str]:
        """Return the intents that it knows."""
        return self.sparse.intents

    def rank(self, text: str) -> Ranking:
        """Return all intents with confidences (0 to 1), the likeliest first.

        A text that has nothing in common with the examples gets 0 for every intent, or near to it.
        """
        ranked = self._ranked.pop(text, None)
        if ranked is None:
            confidences = self._confidences(text)
            order = np.argsort(-confidences, kind="stable")
            ranked = tuple((self.intents[i], float(confidences[i])) for i in order)
        if len(text) <= MAX_CACHED_TEXT:
            if len(self._ranked) >= MAX_CACHED:
                del self._ranked[next(iter(self._ranked))]  # the one that was asked for longest ago
            self._ranked[text] = ranked
        return ranked

    def _confidences(self, text: str) -> Floats:
        """Work the confidences out; `read` and `stopped` count the texts and those that stop early."""
        normal = normalise(text)
        scores, known = self.sparse.scores(normal)
        quick = self.sparse.confidences(scores, known)
        self.read += 1
        if self.encoder is None or self.dense is None or not normal.strip():
            return quick
        second, first = np.partition(quick, -2)[-2:]
        if first - second >= self.mix.margin:
            self.stopped += 1
            return quick
        try:
            vector = self.encoder.encode([text])
        except EncoderMissing as error:
            logger.warning("Intents are told by words alone from now on: %s", error)
            self.encoder = None
            return quick
        return self._full(self.dense, scores, vector)

    def _full(self, dense: DenseModel, scores: Floats, vector: Floats) -> Floats:
        by_words, by_sentence, by_nearness = self.mix.weights
        near = dense.near(vector)
        logits = by_words * scores + by_sentence * dense.scores(vector)[0] + by_nearness * near.nearness[0]
        found: Floats = likelihoods(logits) * trust(near.likeness[0].max(), self.mix.alike)
        return found

    def save(self, folder: Path) -> None:
        """Write the model into `folder`: the same model gives the same bytes."""
        self.sparse.save(folder)
        if self.dense is not None:
            self.dense.save(folder / DENSE)
        meta = {
            "format": FORMAT,
            "encoder": self.encoder.fingerprint if self.encoder else "",
            "mix": asdict(self.mix),
        }
        (folder / FILE).write_text(json.dumps(meta), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None) -> CascadeModel:
        """Read what `save` wrote. Raises FileNotFoundError, or ValueError for another format.

        With another encoder than in training, or none, n-grams answer alone, and the log says so.
        """
        meta: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"the model has format {meta.get('format')}, this version reads {FORMAT}")
        trained_with = meta["encoder"]
        if encoder is not None and encoder.fingerprint != trained_with:
            logger.warning("Intents are told by words alone: the model knows another sentence encoder.")
            encoder = None
        dense = DenseModel.load(folder / DENSE) if trained_with and encoder else None
        mix = Mix(**meta["mix"] | {"weights": tuple(meta["mix"]["weights"])})
        return cls(sparse=SparseModel.load(folder), dense=dense, mix=mix, encoder=encoder)
