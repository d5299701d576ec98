"""What `baton doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do."""

    level: Level
    what: str
    detail: str
    advice: str = ""
