"""Kills the server and its engine processes, at random and right after an action's effect."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import procs
from tests.bench.client import Client
from tests.bench.product import Baton

EFFECT_WITHIN = 20.0
"""Seconds that a kill waits for an effect before it is done anyway."""
Provoke = Callable[[], AbstractAsyncContextManager[None]]
"""Brings a customer to the last yes before an effect, and says it once the context is entered."""


@dataclass(kw_only=True)
class Reaper:
    """Kills by a plan such as ["server", "engine", "server after effect"], and starts anew."""

    server: Baton
    chance: random.Random
    provoke: Provoke
    kills: Counter[str] = field(default_factory=Counter)
    between: int = 0
    """Kills that fell between an effect and the commit of its turn, as the files showed."""

    @property
    def data(self) -> Path:
        """Return the server's data folder."""
        return self.server.folder / "data"

    async def run(self, plan: list[str]) -> None:
        """Carry out the plan; each kill waits a while, mostly until the engine answers again."""
        for kill in plan:
            target, _, when = kill.partition(" ")
            if when or self.chance.random() < 0.8:
                await self.ready()
            await asyncio.sleep(self.chance.uniform(0.5, 3.0))
            await self._kill(target, after_effect=bool(when))

    async def ready(self, limit: float = 120.0) -> None:
        """Wait until the server says that messages are answered."""
        client, until = Client(self.server.url), time.monotonic() + limit
        while time.monotonic() < until:
            with suppress(OSError):
                if (await client.get("/health/ready", timeout=5.0)).status == 200:
                    client.close()
                    return
            await asyncio.sleep(0.2)
        raise AssertionError(f"the server does not get ready:\n{self.server.tail()}")

    async def _kill(self, target: str, *, after_effect: bool) -> None:
        if after_effect:
            async with self.provoke():
                hit = await self._strike(target, after_effect=True)
        else:
            hit = await self._strike(target, after_effect=False)
        self.kills[target + (" after an effect" if hit else "")] += 1

    async def _strike(self, target: str, *, after_effect: bool) -> str:
        """Kill; with `after_effect` as soon as the shop has changed something. Return the change's key."""
        pids = [self.server.pid] if target == "server" else self.engines(target)
        if not after_effect:
            pids = self.chance.sample(pids, k=min(1, len(pids)))
        key = await asyncio.to_thread(self._shoot, pids, after_effect)
        if target == "server":
            assert self.server.process is not None
            await asyncio.to_thread(self.server.process.wait)
        self.between += bool(key) and self.half_done(key)
        if target == "server":
            self.server.start()
        return key

    def engines(self, target: str) -> list[int]:
        """Return the processes that take turns, or ("zygote") the one that forks them."""
        zygotes = procs.children(self.server.pid)
        if target == "zygote":
            return zygotes
        return [pid for zygote in zygotes for pid in procs.children(zygote)]

    def _shoot(self, pids: list[int], after_effect: bool) -> str:
        key = self._next_change() if after_effect else ""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return key

    def _next_change(self) -> str:
        with closing(read_only(self.data / "demo.sqlite")) as shop:
            last, until = _newest(shop)[0], time.monotonic() + EFFECT_WITHIN
            while time.monotonic() < until:
                number, key = _newest(shop)
                if number > last:
                    return key
                time.sleep(0.0005)
        return ""

    def half_done(self, key: str) -> bool:
        """Say whether the turn of an effect is still to be committed."""
        with closing(read_only(self.data / "baton.db")) as store:
            row = store.execute(
                "SELECT status FROM inbox WHERE id = ?", (key.partition(":")[0],)
            ).fetchone()
        return row is not None and row[0] == "pending"


def read_only(path: Path) -> sqlite3.Connection:
    """Open a database that another process writes, without changing anything."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)


def _newest(shop: sqlite3.Connection) -> tuple[int, str]:
    row = shop.execute("SELECT id, key FROM changes ORDER BY id DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")
