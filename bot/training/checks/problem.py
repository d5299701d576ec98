"""What a check finds: where it stands, what is wrong in plain words, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding. An error makes a wrong model; a warning is for a person to judge.

    `place` is "file:line" within the project, `others` are further places that belong to it.
    """

    level: Level
    kind: str
    place: str
    message: str
    advice: str
    others: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)
