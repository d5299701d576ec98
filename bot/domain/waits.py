"""How long people wait for a person: an honest range out of what others waited lately. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

FEWEST = 5
"""Waits below which there is too little to say anything."""
LOW, HIGH = 0.25, 0.8
"""The parts of the recent waits that were shorter than the range's ends."""
LONGEST = 240
"""Minutes beyond which a range would only frighten, and is most likely wrong."""

COARSE, STEP = 20, 5
"""Minutes from which on only every fifth is named: more would pretend to know too much."""

Minutes = tuple[int, int]


def expected(waits: Sequence[float], *, place: int, online: int) -> Minutes | None:
    """Return the minutes that somebody at `place` (1 for the next) most likely waits; None if unknown.

    `waits` are seconds that others waited lately. Who stands further back than there are people online
    waits so many times as long.
    """
    if len(waits) < FEWEST or online < 1:
        return None
    ordered, times = sorted(waits), max(1.0, place / online)
    low, high = (_at(ordered, part) * times / 60 for part in (LOW, HIGH))
    if high > LONGEST:
        return None
    first = max(1, _rounded(math.floor(low)))
    return first, max(first + (1 if first < COARSE else STEP), _rounded(math.ceil(high)))


def differs(before: Minutes | None, after: Minutes | None) -> bool:
    """Say whether a range has changed so much that it is worth a word."""
    if before is None or after is None:
        return False
    return any(abs(new - old) >= max(2, old / 2) for old, new in zip(before, after, strict=True))


def _at(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(part * len(ordered)))]


def _rounded(minutes: int) -> int:
    return minutes if minutes < COARSE else STEP * math.ceil(minutes / STEP)
