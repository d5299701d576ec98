"""The real server with an engine that one text kills.

Run as `python -m tests.long.poison_server --port P --data-dir D`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from bot.app import build
from bot.engine.pool import EnginePool
from bot.settings import Settings, make_data_dir
from bot.settings import load as load_settings
from bot.store import migrate
from bot.training.registry import live_model

LOADER = "tests.long.poison:load"


async def serve(settings: Settings) -> None:
    """Run a node with a poisoned engine until SIGTERM."""
    make_data_dir(settings)
    await asyncio.to_thread(migrate, settings.database_url)
    model = live_model(settings.models_dir)
    assert model is not None
    engine = EnginePool(
        model.path,
        processes=settings.engine_processes,
        project=settings.project_dir,
        loader=LOADER,
        turn_budget=settings.engine_budget_seconds,
    )
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    app = build(settings, engine=engine)
    await app.start()
    await told.wait()
    await app.stop()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(load_settings(port=given.port, data_dir=given.data_dir, demo=True)))


if __name__ == "__main__":
    main()
