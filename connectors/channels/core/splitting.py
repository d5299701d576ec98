"""Cuts long texts into pieces that the platform takes, at the best places, and loses nothing. Pure."""

from __future__ import annotations

import unicodedata

_MARKS = ("\n\n", "\n", ". ", "! ", "? ", "; ", ", ", " ")
"""Where a text is best cut, the best first."""
_LEAST = 0.4
"""How much of a piece must be full before a worse place is taken for the sake of more."""
_LONGEST_SIGN = 64
"""Characters; what is longer without a place to cut is no sign but a joke, and is cut."""
_JOINER = "\u200d"
_SKINS = "\U0001f3fb", "\U0001f3ff"
_TAGS = "\U000e0020", "\U000e007f"
_FLAGS = "\U0001f1e6", "\U0001f1ff"


def length(text: str) -> int:
    """Return the length in UTF-16 units: whatever the platform counts, it is not more than that."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int, *, last: int | None = None) -> list[str]:
    """Return a text as pieces of at most `limit`, the last one of at most `last`.

    Joined again they are the text, but for the space at the cuts.
    """
    last = limit if last is None else last
    pieces: list[str] = []
    rest = text.strip()
    while length(rest) > last:
        # When what is left would do as a piece but not as the last one, the last one gets its end.
        bound = limit if length(rest) > limit else length(rest) - 1
        cut = _cut(rest, bound)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in [*pieces, rest] if piece]


def _cut(text: str, limit: int) -> int:
    """Return where to cut so that what is before has at most `limit`."""
    end = _fitting(text, limit)
    for mark in _MARKS:
        at = text.rfind(mark, 0, end + 1)
        if at >= end * _LEAST:
            return min(at + len(mark.rstrip()), end)
    return end


def _fitting(text: str, limit: int) -> int:
    """Return how many characters fit, without parting what is one sign to a reader."""
    end, units = 0, 0
    for character in text:
        units += 2 if character > "\uffff" else 1
        if units > limit:
            break
        end += 1
    end = max(end, 1)
    for earlier in range(end, max(end - _LONGEST_SIGN, 0), -1):
        if earlier == len(text) or not _is_within_a_sign(text, earlier):
            return earlier
    return end


def _is_within_a_sign(text: str, at: int) -> bool:
    """Say whether what is before and behind a place is one sign to a reader."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    if _SKINS[0] <= after <= _SKINS[1] or _TAGS[0] <= after <= _TAGS[1]:
        return True
    # Two letters make a flag; which two belong together is counted from where they begin.
    flags = 0
    while flags < at and _FLAGS[0] <= text[at - 1 - flags] <= _FLAGS[1]:
        flags += 1
    return _FLAGS[0] <= after <= _FLAGS[1] and flags % 2 == 1
