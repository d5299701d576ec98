"""How fast a bot may write: to one chat, to a group, and in all."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fake_telegram.errors import flood


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The platform's rates; a test may raise or lower them."""

    # About one message a second to one chat; a short burst passes.
    chat_every: float = 1.0
    chat_burst: int = 5
    # About 30 messages a second over all chats.
    total: int = 30
    # 20 messages a minute to one group.
    group_minute: int = 20

    @classmethod
    def none(cls) -> Limits:
        """Return limits that nobody reaches."""
        return cls(chat_every=0.0, chat_burst=10**9, total=10**9, group_minute=10**9)


@dataclass(slots=True)
class Pace:
    """Counts what one bot sends. Edits count as messages do."""

    limits: Limits
    total: deque[datetime] = field(default_factory=deque)
    groups: dict[int, deque[datetime]] = field(default_factory=dict)
    owed: dict[int, tuple[datetime, float]] = field(default_factory=dict)
    """For each chat, when we last looked, and how many messages it was ahead then."""

    def count(self, chat: int, now: datetime, *, group: bool = False) -> None:
        """Count a message, or refuse it with the seconds to wait; what is refused does not count."""
        limits = self.limits
        at, owed = self.owed.get(chat, (now, 0.0))
        gone = (now - at).total_seconds()
        owed = max(0.0, owed - gone / limits.chat_every) if limits.chat_every else 0.0
        if owed > limits.chat_burst - 1:
            raise flood(max(1, math.ceil((owed - limits.chat_burst + 1) * limits.chat_every)))
        recent = self.groups.setdefault(chat, deque()) if group else deque[datetime]()
        _within(recent, now, 60, limits.group_minute)
        _within(self.total, now, 1, limits.total)
        self.owed[chat] = now, owed + 1
        self.total.append(now)
        recent.append(now)


def _within(passed: deque[datetime], now: datetime, seconds: int, most: int) -> None:
    while passed and passed[0] <= now - timedelta(seconds=seconds):
        passed.popleft()
    if len(passed) >= most:
        raise flood(max(1, math.ceil(seconds - (now - passed[0]).total_seconds())))
