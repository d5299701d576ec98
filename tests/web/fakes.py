"""Strict fakes of what the web layer calls: they record, and refuse what the real ones would refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import StoreError
from bot.domain.message import Author, InboundMessage, Kind, Message
from bot.ports import EngineStatus, Hint
from tests.support.clock import START

BEGIN = START


class FakeStore:
    """Reachable or not."""

    def __init__(self) -> None:
        self.reachable = True
        self.hangs = False

    async def check(self) -> None:
        if self.hangs:
            await asyncio.sleep(60)
        if not self.reachable:
            raise StoreError("secret host db.internal refused")

    @property
    def stats(self) -> dict[str, float]:
        return {"transactions": 3.0, "cpu_seconds": 0.5}


class FakeEngine:
    """Ready or not."""

    def __init__(self) -> None:
        self.status = EngineStatus(ready=True, processes=2, model="m1")


@dataclass
class FakeBus:
    """Limits by a plain counter, hints by queues."""

    counts: dict[str, int] = field(default_factory=dict)
    unlimited: bool = False
    states: dict[str, str] = field(default_factory=dict)
    queues: list[asyncio.Queue[Hint]] = field(default_factory=list)
    presence_calls: list[tuple[str, str]] = field(default_factory=list)

    async def allow(self, key: str, *, limit: int, window: float) -> float:
        self.counts[key] = self.counts.get(key, 0) + 1
        return 0.0 if self.unlimited or self.counts[key] <= limit else 2.25

    async def forgive(self, key: str) -> None:
        self.counts[key] = max(0, self.counts.get(key, 0) - 1)

    async def set_presence(self, agent_id: str, state: str, ttl: float) -> None:
        self.presence_calls.append((agent_id, state))
        self.states[agent_id] = state

    async def presence(self) -> dict[str, str]:
        return dict(self.states)

    async def publish(self, hint: Hint) -> None:
        for queue in self.queues:
            queue.put_nowait(hint)

    async def subscribe(self) -> AsyncIterator[Hint]:
        queue: asyncio.Queue[Hint] = asyncio.Queue()
        self.queues.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.remove(queue)


@dataclass(frozen=True)
class FakeAccepted:
    """The receipt; opaque to the channel."""

    inbound: InboundMessage


class FakeCore:
    """Intake, replies and transcript in one; `fails` is raised, `answers` is said."""

    def __init__(self) -> None:
        self.accepted: list[InboundMessage] = []
        self.answers: list[Message] | None = [message(seq=2, text="Hello.")]
        self.fails: Exception | None = None
        self.stored: list[Message] = []
        self.polls: list[tuple[str, str, str, int, float]] = []
        self.owned_by = "bot"

    async def accept(self, inbound: InboundMessage) -> FakeAccepted:
        if self.fails is not None:
            raise self.fails
        assert inbound.received_at.tzinfo is not None
        assert bool(inbound.text) != bool(inbound.choice)
        self.accepted.append(inbound)
        return FakeAccepted(inbound)

    async def wait(self, accepted: Any, timeout: float) -> list[Message] | None:
        assert isinstance(accepted, FakeAccepted)
        return self.answers

    async def by_address(
        self, channel: str, account: str, address: str, *, after: int, wait: float
    ) -> list[Message]:
        self.polls.append((channel, account, address, after, wait))
        return [entry for entry in self.stored if entry.seq > after]

    async def owner(self, channel: str, account: str, address: str) -> str:
        return self.owned_by


def message(*, seq: int, text: str = "", author: Author = Author.BOT, **values: Any) -> Message:
    """A message of conversation c1."""
    values = {"kind": Kind.TEXT, **values}
    return Message(
        id=f"m{seq}", conversation_id="c1", seq=seq, author=author, created_at=BEGIN, text=text, **values
    )
