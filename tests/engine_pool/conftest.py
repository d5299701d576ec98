"""Pools with a scripted loader, which must leave no process behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.engine.pool import EnginePool

LOADER = "tests.engine_pool.faults:load"

MakePool = Callable[..., EnginePool]


def engines() -> list[psutil.Process]:
    """Find the living zygotes and engine processes of this test process, by their parents' socket."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if "bot.engine.zygote" in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def of_folder(folder: str) -> list[psutil.Process]:
    """Keep those that belong to the pool with this socket folder."""
    return [process for process in engines() if folder in " ".join(process.cmdline())]


async def vanish(find: Callable[[], list[Any]], within: float = 5.0) -> None:
    """Wait until `find` finds nothing."""
    async with asyncio.timeout(within):
        while find():
            await asyncio.sleep(0.02)


@pytest.fixture
async def make_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakePool]:
    """Make pools whose model is a file with the given words; stop them afterwards."""
    sockets = tmp_path / "s"
    sockets.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(sockets))
    pools: list[EnginePool] = []

    def make(words: str = "one", **options: Any) -> EnginePool:
        model = tmp_path / "model"
        if words:
            model.write_text(words)
        options.setdefault("loader", LOADER)
        pool = EnginePool(model, **options)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.stop()
    await vanish(lambda: of_folder(str(sockets)))
    assert list(sockets.iterdir()) == []
