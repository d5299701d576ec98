"""A scheduler that a seed decides: whoever calls a port waits at a gate until it is their turn.

Nothing here sleeps. On an inline SQLite store the same seed gives the same run, call by call.
"""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

THROUGH = 0.35
"""How often a call passes a gate without waiting."""


class Life:
    """Whether a node lives; what is left of a dead one can do nothing any more."""

    def __init__(self) -> None:
        self.over = False

    def check(self) -> None:
        """Stop whoever still works for a node that is gone."""
        if self.over:
            raise asyncio.CancelledError


class Gates:
    """All calls that wait; `open` lets one of them go on."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.waiting: list[asyncio.Future[None]] = []
        self.barred = False
        """Nobody passes without waiting while this holds, so that all can meet at one place."""

    async def wait(self, life: Life) -> None:
        """Wait for one's turn. Ends the caller if its node died meanwhile."""
        life.check()
        if not self.barred and self.chance.random() < THROUGH:
            return
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(gate)
        await gate
        life.check()

    def open(self) -> bool:
        """Let one of those who wait go on; say whether there was one."""
        while self.waiting:
            at = self.chance.randrange(len(self.waiting))
            self.waiting[at], self.waiting[-1] = self.waiting[-1], self.waiting[at]
            gate = self.waiting.pop()
            if not gate.done():  # its caller may have been cancelled
                gate.set_result(None)
                return True
        return False


class Interleaved:
    """A port whose every call waits at the gates, before it is carried out and after."""

    def __init__(self, port: Any, gates: Gates, life: Life) -> None:
        self._port, self._gates, self._life = port, gates, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*values: Any, **named: Any) -> Any:
            await self._gates.wait(self._life)
            result = await found(*values, **named)
            await self._gates.wait(self._life)
            return result

        return call


@contextmanager
def seeded_ids(chance: random.Random) -> Iterator[None]:
    """Make ids by the seed, since what was made in the same millisecond is ordered by them."""
    with mock.patch("bot.domain.ids.os.urandom", chance.randbytes):
        yield
