"""What a bot has still to be told, by getUpdates or by the webhook."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fake_telegram.errors import Refused

# Undelivered updates are kept for 24 hours, presses of buttons and their kin for 150 seconds only.
LASTS = 86_400.0
QUERY_LASTS = 150.0
# An empty list of allowed_updates means all kinds but these.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
POLLED_BY_ANOTHER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(eq=False, kw_only=True, slots=True)
class Update:
    """One update and what became of it."""

    id: int
    kind: str
    content: dict[str, Any]
    queue: int
    """The chat or user in whose order it stands."""
    at: datetime
    statuses: list[int] = field(default_factory=list)
    """The webhook's answers; 0 is none."""
    taken: bool = False
    dropped: bool = False
    """Whether it was given up because it was too old."""
    waited: float = 0.0
    """How long it has waited for its attempts, in the platform's seconds."""
    gone: float = 0.0
    """How much of that while the webhook answered 410."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lasts(self) -> float:
        return QUERY_LASTS if self.kind == "callback_query" else LASTS

    @property
    def body(self) -> dict[str, Any]:
        return {"update_id": self.id, self.kind: self.content}

    @property
    def raw(self) -> bytes:
        return json.dumps(self.body, ensure_ascii=False).encode()

    def expired(self, now: datetime, more: float = 0.0) -> bool:
        """Say whether it is too old, or will be in `more` seconds."""
        return max(self.waited, (now - self.at).total_seconds()) + more > self.lasts


class Updates:
    """The updates of one bot, oldest first."""

    def __init__(self, seed: int) -> None:
        # Ids grow by one; where they begin is random, and after a quiet week it is so anew.
        self._next = random.Random(seed).randrange(10**8, 9 * 10**8)
        self.all: list[Update] = []
        self.pending: list[Update] = []
        self.allowed: frozenset[str] = frozenset()
        self._news = asyncio.Event()
        self._poller: asyncio.Future[str] | None = None

    def allows(self, kind: str) -> bool:
        """Say whether the bot wants updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in ON_REQUEST

    def push(self, kind: str, content: dict[str, Any], *, queue: int, at: datetime) -> Update | None:
        """Enter an update; None when the bot does not want such ones."""
        if not self.allows(kind):
            return None
        update = Update(id=self._next, kind=kind, content=content, queue=queue, at=at)
        self._next += 1
        self.all.append(update)
        self.pending.append(update)
        self._news.set()
        return update

    def number_from(self, first: int) -> None:
        """Number from here on."""
        self._next = first

    def quiet_week(self) -> None:
        """Let a week without updates pass: the next id is another, and may well be smaller."""
        self._next = random.Random(self._next).randrange(10**6, 10**8)

    def choose(self, allowed: Sequence[Any] | None) -> None:
        """Take allowed_updates: what is left out keeps the setting; queued updates stay."""
        if allowed is not None:
            self.allowed = frozenset(str(kind) for kind in allowed)

    def remove(self, updates: Collection[Update], *, dropped: bool = False) -> None:
        """Have done with updates."""
        for update in updates:
            update.taken, update.dropped = not dropped, dropped
            update.tried.set()
        self.pending = [u for u in self.pending if u not in updates]

    async def poll(self, offset: int, limit: int, timeout: float, now: datetime) -> list[Update]:
        """Answer getUpdates: asking beyond an id confirms it; a negative offset counts from the end."""
        self.interrupt(POLLED_BY_ANOTHER)
        if offset < 0:
            self.remove(self.pending[:offset])
        elif offset:
            self.remove([u for u in self.pending if u.id < offset])
        self.remove([u for u in self.pending if u.expired(now)], dropped=True)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        return self.pending[: min(max(1, limit), 100)]

    def interrupt(self, why: str) -> None:
        """End the poll that waits now with 409: the newer request wins."""
        if self._poller and not self._poller.done():
            self._poller.set_result(why)

    async def _wait(self, timeout: float) -> None:
        self._news.clear()
        poller = self._poller = asyncio.get_running_loop().create_future()
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({news, poller}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if poller.done():
            raise Refused(409, poller.result())
        poller.cancel()
