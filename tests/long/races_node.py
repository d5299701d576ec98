"""A node whose every call of a port can be overtaken, and which can die at any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.bus.memory import MemoryBus
from bot.domain.errors import EngineUnavailable, TurnFailed
from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import DirectoryCall, Sending, Sent
from tests.support.clock import FakeClock
from tests.support.gates import Gates, Interleaved, Life
from tests.support.world import GatedEngine, Platform, World

SOON = timedelta(minutes=1)
"""Until an answer is promised to who leaves a message: so short that the bot is often at work by then."""
SPEEDS, LONG = (0, 0, 1, 3, 10, 40, 100), 200
"""How often others may go first while the bot thinks; `LONG` when it is told to ponder."""


class RacingEngine(GatedEngine):
    """Thinks for a moment or for long, and now and then fails in one of the ways that there are.

    What it says ends with "@" and the owner version under which it began to think.
    """

    def __init__(self, gates: Gates, life: Life, version: Callable[[str], Awaitable[int]]) -> None:
        super().__init__()
        self._gates, self._life, self._version = gates, life, version

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        chance, version = self._gates.chance, await self._version(request.conversation_id)
        for _ in range(LONG if "ponder" in request.text else chance.choice(SPEEDS)):
            await self._gates.wait(self._life)
        fate = chance.random()
        if fate < 0.02:
            raise TurnFailed("an action raised", action="action_x")
        if fate < 0.03:
            raise EngineUnavailable("the process died with this turn alone")
        if fate < 0.04:
            raise ZeroDivisionError  # a bug of our own: tried again
        result = await super().turn(request, directory)
        said = tuple(replace(draft, text=f"{draft.text} @{version}") for draft in result.messages)
        return replace(result, messages=said)

    async def understand(self, text: str) -> Nlu:
        """Take everything for clear: nobody waits by the real clock."""
        return await super().understand("clear")


class RacingPlatform(Platform):
    """Takes a while, and then does what `fate` says."""

    def __init__(self, gates: Gates) -> None:
        super().__init__()
        self.fate: Callable[[], Exception | None] = lambda: None
        self._gates = gates

    async def send(self, sending: Sending) -> Sent:
        await self._gates.wait(Life())
        self.plan = [self.fate()]
        return await super().send(sending)


class Node(World):
    """One server process. Several share clock, bus and database when there are several."""

    def __init__(
        self,
        *,
        name: str,
        clock: FakeClock,
        gates: Gates,
        open_store: Callable[[FakeClock], Awaitable[Any]],
        bus: MemoryBus | None = None,
    ) -> None:
        """`open_store` opens the database anew; without `bus` presence is lost with the node."""
        self.gates, self.life, self._open_store = gates, Life(), open_store
        super().__init__(
            clock=clock,
            name=name,
            target=SOON,
            platform=RacingPlatform(gates),
            engine_of=lambda: Interleaved(RacingEngine(gates, self.life, self._version), gates, self.life),
            bus_of=lambda at: Interleaved(bus or MemoryBus(at), gates, self.life),
        )

    async def start(self) -> Node:
        """Open the store and build the services, as a process does that starts."""
        self.raw_store = await self._open_store(self.clock)
        self.store = Interleaved(self.raw_store, self.gates, self.life)  # type: ignore[assignment]
        self.boot()
        return self

    async def _version(self, conversation_id: str) -> int:
        conversation = await self.raw_store.read(lambda tx: tx.conversation(conversation_id))
        return conversation.owner_version if conversation else 0

    @property
    def busy(self) -> bool:
        """Say whether turns or sends are under way."""
        return bool(self.dispatcher.active or self.deliveries._tasks)

    async def die(self, others: Iterable[asyncio.Task[None]]) -> None:
        """End at once, with the tasks `others`, and begin anew on the same database."""
        await self.end(others)
        self.life = Life()
        await self.start()
        unknown = self.deliveries
        unknown._store = self.raw_store  # at its start a node does this before anything else
        await unknown.recover()
        unknown._store = self.store

    async def end(self, others: Iterable[asyncio.Task[None]]) -> None:
        """End at once, as if killed."""
        self.life.over = True
        tasks = [*others, *self.dispatcher._tasks.values(), *self.deliveries._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.raw_store.stop()
