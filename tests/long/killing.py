"""Kills a real server while people write to it by way of a platform."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing

from tests.bench.product import Baton
from tests.long.reaper import read_only

KILLS = 6
SAID = ("hi", "thanks", "what are your opening hours?", "how do I send something back?", "who are you?")
"""What people write."""


async def kill(server: Baton, chance: random.Random) -> None:
    """Kill the server again and again; it is started again at once."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(3.0, 7.0))
        server.kill()
        server.start()
        await server.wait_open()


async def quiet(server: Baton, limit: float = 120.0) -> None:
    """Wait until nothing is pending."""
    loop = asyncio.get_running_loop()
    deadline, calm = loop.time() + limit, 0
    while calm < 5:
        assert loop.time() < deadline, "something never ends"
        await asyncio.sleep(0.5)
        with closing(read_only(server.folder / "data" / "baton.db")) as db:
            pending = db.execute("SELECT count(*) FROM inbox WHERE status <> 'done'").fetchone()[0]
            pending += db.execute("SELECT count(*) FROM outbox").fetchone()[0]
        calm = 0 if pending else calm + 1
