"""A small labelled set, made by rule so that it is large enough to learn from, and an encoder for it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from bot.nlu.encoders import EncoderMissing, Floats

_THINGS = ("order", "parcel", "package", "delivery", "shoes", "jacket", "lamp", "purchase")
_FORMS = {
    "track_order": (
        "where is my {}",
        "track my {} please",
        "has my {} shipped yet",
        "when does the {} arrive",
    ),
    "cancel_order": (
        "cancel my {}",
        "i do not want the {} any more",
        "please stop the {}",
        "call off the {}",
    ),
    "get_refund": (
        "i want my money back for the {}",
        "refund the {}",
        "how do i return the {}",
        "{} refund",
    ),
    "greet": ("hi {}", "hello", "good morning", "hey there"),
}


def examples() -> tuple[list[str], list[str]]:
    """Return texts and their intents, each text once."""
    rows = {
        form.format(thing): intent
        for intent, forms in _FORMS.items()
        for form in forms
        for thing in _THINGS
    }
    return list(rows), list(rows.values())


class WordVectors:
    """An encoder for tests: a text is the sum of its words' random vectors, and synonyms share one."""

    SYNONYMS = {"parcel": "package", "bundle": "package", "locate": "track", "annul": "cancel"}

    def __init__(self, *, fingerprint: str = "words") -> None:
        self.fingerprint = fingerprint
        self.sentence = 48
        self.encoded: list[str] = []
        self.broken = False

    def encode(self, texts: Sequence[str]) -> Floats:
        if self.broken:
            raise EncoderMissing("the model file is gone")
        self.encoded += texts
        return np.stack([self._vector(text) for text in texts])

    def warm(self) -> None:
        pass

    def _vector(self, text: str) -> Floats:
        words = [self.SYNONYMS.get(word, word) for word in text.lower().split()] or ["-"]
        total = np.sum([_random(word, self.sentence) for word in words], axis=0)
        unit = total / np.linalg.norm(total)
        return np.concatenate([unit, unit[:8] / 2]).astype(np.float32)


def _random(word: str, size: int) -> Floats:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=size).astype(np.float32)
