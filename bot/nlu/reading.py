"""What the finders of values have in common."""

from __future__ import annotations

from typing import NamedTuple


class Reading(NamedTuple):
    """A value in a text: characters `start` to `end`, and the value in its normal form."""

    start: int
    end: int
    value: str
