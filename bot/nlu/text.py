"""How a text becomes n-grams. Pure functions; training and prediction share them, so both see the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

MAX_CHARS = 1_000
"""Characters of a text that are looked at; the rest of a very long one is ignored."""

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})  # noqa: RUF001 (typographic on purpose)
"""Apostrophes as phones type them, and the plain one that data are written with."""

MIN_GRAM = 2
MAX_GRAM = 5


def normalise(text: str) -> str:
    """Return `text` as the classifier sees it: NFKC, lower case, digit runs as "0", no invisible signs."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARS])[:MAX_CHARS].lower()
    if not text.isascii():
        text = text.translate(QUOTES)
        # Format characters (zero-width space, joiners, direction marks) split words that look whole.
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _DIGITS.sub("0", text)


def word_grams(text: str) -> list[str]:
    """Return the words and pairs of neighbouring words of a normalised text, with repetitions."""
    words = _WORD.findall(text)
    return [*words, *(f"{left} {right}" for left, right in pairwise(words))]


def char_grams(token: str) -> Iterator[str]:
    """Yield the n-grams of one blank-separated token, padded with a blank on both sides.

    A token that is shorter than n counts once, as a whole: the "char_wb" analysis of scikit-learn.
    """
    padded = f" {token} "
    length = len(padded)
    for size in range(MIN_GRAM, MAX_GRAM + 1):
        if size >= length:
            yield padded
            return
        for start in range(length - size + 1):
            yield padded[start : start + size]
