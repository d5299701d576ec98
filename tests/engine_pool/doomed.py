"""A small server that is killed by a test: prints who its processes are, then works on."""

from __future__ import annotations

import asyncio
import os
import sys

from bot.engine.pool import EnginePool
from tests.engine_pool.company import Company, request


async def main(model: str) -> None:
    pool = EnginePool(model, processes=2, loader="tests.engine_pool.faults:load", hang_after=60)
    await pool.start()
    await pool.turn(request("hello"), Company())
    while len(pool.pids) < 2:
        await asyncio.sleep(0.02)
    turns = [asyncio.ensure_future(pool.turn(request("block 300"), Company()))]
    await asyncio.sleep(0.2)  # one process hangs, the other is idle
    print(os.getpgid(pool.pids[0]), *pool.pids, flush=True)
    await asyncio.gather(*turns)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
