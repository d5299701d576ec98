"""A clock that moves only when the test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


class FakeClock:
    """The `Clock` port for tests; `advance` wakes the sleepers in the order of their times."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved the clock this far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        """Count the tasks that wait for this clock."""
        return sum(1 for _, _, woken in self._sleepers if not woken.done())

    def move(self, seconds: float) -> None:
        """Set the clock forward without letting anybody run (for synchronous tests)."""
        self._now += timedelta(seconds=seconds)

    async def advance(self, seconds: float) -> None:
        """Set the clock forward, stopping at each sleeper's time and letting it run."""
        target = self._now + timedelta(seconds=seconds)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not woken.done():
                woken.set_result(None)
                await settle()
        self._now = target
        await settle()


async def settle(rounds: int = 10) -> None:
    """Let every task that is ready run a few steps."""
    for _ in range(rounds):
        await asyncio.sleep(0)
