"""Ways in which a company's system fails; each is for one request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Does the work, and answers after `seconds` of real time."""

    seconds: float


@dataclass(frozen=True)
class Held:
    """Does the work, and answers when `until` is set."""

    until: asyncio.Event


@dataclass(frozen=True)
class Lose:
    """Does the work and closes the connection instead of answering."""


@dataclass(frozen=True)
class Drop:
    """Closes the connection and does nothing."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Does nothing and answers with a status."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Does nothing and answers with whatever a test wants; `endless` repeats the body for ever."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    endless: bool = False


Fault = Slow | Held | Lose | Drop | Broken | Raw
