"""Ways in which the platform fails.

Kinds of requests are "messages" (a message of the business), "marks" (read and typing), "upload", "media"
(asking for a file's address), "file" and "number".
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.faults import Broken, Drop, Faults, Held, Lose, Slow

__all__ = ["Broken", "Drop", "Fault", "Faults", "Held", "Lose", "Refuse", "Slow"]


@dataclass(frozen=True, slots=True)
class Refuse:
    """Does nothing and answers with an error code of the platform."""

    code: int
    details: str = ""


Fault = Slow | Held | Lose | Drop | Broken | Refuse
