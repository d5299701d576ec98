"""However the server ends, its engine processes end with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.engine_pool.conftest import vanish

ROOT = Path(__file__).parents[2]


def alive(pids: list[int]) -> list[int]:
    """Return those that are more than a zombie."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize(
    ("how", "zygote_first"), [(signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGKILL, True)]
)
async def test_nothing_outlives_the_server(tmp_path: Path, how: signal.Signals, zygote_first: bool) -> None:
    model = tmp_path / "model"
    model.write_text("one")
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.engine_pool.doomed",
        str(model),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        async with asyncio.timeout(20):
            line = await server.stdout.readline()
            while not line[:1].isdigit() or b"[" in line:  # the log is on the same stream
                line = await server.stdout.readline()
        pids = [int(word) for word in line.split()]
        assert alive(pids) == pids
        assert len(pids) == 3
        if zygote_first:
            os.kill(pids[0], signal.SIGKILL)
            await vanish(lambda: alive(pids[:1]))
            assert alive(pids[1:]) == pids[1:]
    finally:
        server.send_signal(how)
        await server.communicate()
    await vanish(lambda: alive(pids), within=3.0)
