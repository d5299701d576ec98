"""Cuts long texts into pieces that the platform takes, at the best places, and loses nothing. Pure."""

from __future__ import annotations

_MARKS = ("\n\n", "\n", ". ", "! ", "? ", "; ", ", ", " ")
"""Where a text is best cut, the best first."""
_LEAST = 0.4
"""How much of a piece must be full before a worse place is taken for the sake of more."""


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
    while end > 1 and end < len(text) and _belongs_together(text[end - 1], text[end]):
        end -= 1
    return max(end, 1)


def _belongs_together(before: str, after: str) -> bool:
    return "\u200d" in (before, after) or after == "\ufe0f" or "\U0001f3fb" <= after <= "\U0001f3ff"
