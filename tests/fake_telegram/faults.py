"""Ways in which the platform fails: planned for single calls, or by chance with a seed.

The kinds are the methods' names, "file" for downloads, and "send" for every method that writes to a chat.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.faults import Broken, Drop, Faults, Held, Lose, Slow

__all__ = ["Broken", "Drop", "Fault", "Faults", "Flood", "Held", "Lose", "Refuse", "Slow"]


@dataclass(frozen=True, slots=True)
class Flood:
    """Does nothing and answers 429: come back in `seconds`."""

    seconds: int = 1


@dataclass(frozen=True, slots=True)
class Refuse:
    """Does nothing and answers with an error of the platform."""

    code: int
    details: str = ""


Fault = Slow | Held | Lose | Drop | Broken | Flood | Refuse
