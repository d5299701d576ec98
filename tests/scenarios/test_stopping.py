"""A node that is told to stop while a turn does not end: it stops in time and loses nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx

from bot import settings
from bot.app import App, build
from bot.domain.message import InboundMessage
from bot.store import migrate
from tests.servers import free_port
from tests.support.world import GatedEngine, until

PROJECT = Path(__file__).parents[2]


def node(folder: Path, engine: GatedEngine, port: int) -> App:
    chosen = settings.load(
        {}, port=port, demo=True, data_dir=folder, project_dir=PROJECT, models_dir=folder / "models",
        database_url=f"sqlite:///{folder / 'baton.db'}", shutdown_seconds=2.5, log_level="error",
    )  # fmt: skip
    return build(chosen, engine=engine)


async def test_a_turn_that_hangs_does_not_keep_a_node_from_stopping(tmp_path: Path) -> None:
    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path / 'baton.db'}")
    engine = GatedEngine()
    engine.hold = True
    app = node(tmp_path, engine, free_port())
    await app.start()
    accepted = await app.core.intake.accept(
        InboundMessage(
            channel="rest", address="kim", external_id="a", text="hello", received_at=app.parts.clock.now()
        )
    )
    await until(lambda: bool(engine.gates))
    began = time.perf_counter()
    async with asyncio.timeout(15):
        await app.stop()
    assert time.perf_counter() - began < 6

    again = node(tmp_path, GatedEngine(), free_port())
    await again.start()
    try:
        said = await again.core.replies.wait(accepted, 10.0)
        assert [m.text for m in said or ()] == ["echo 1: hello"]
    finally:
        await again.stop()


async def test_a_node_that_cannot_bind_closes_what_it_opened(tmp_path: Path) -> None:
    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path / 'baton.db'}")
    first = node(tmp_path, GatedEngine(), free_port())
    await first.start()
    try:
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{first.web.port}/health/live"
            assert (await client.get(url)).status_code == 200
        second = node(tmp_path, GatedEngine(), first.web.port)
        try:
            await second.start()
        except settings.ConfigError as error:
            assert "cannot be used" in str(error)
        else:
            raise AssertionError("two servers on one port")
        assert second.parts.store._writer is None  # type: ignore[attr-defined]
    finally:
        await first.stop()
