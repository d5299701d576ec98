"""The action server's composition root: custom actions in a process of their own.

It reaches the company's system directly, by the same gateway as the server (trust, time limits,
effects), and writes to the same store.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop

from bot import compose, logs
from bot.domain.errors import ConfigError
from bot.engine.action_app import ActionApp
from bot.engine.executor import stock_executor
from bot.settings import Settings, make_data_dir
from bot.store import migrate
from bot.web.server import WebServer

log = structlog.get_logger(__name__)

PACKAGE = "actions"


class ActionServer:
    """One action server; several may run beside each other."""

    def __init__(self, settings: Settings, *, host: str, port: int) -> None:
        """Load the actions; nothing is opened yet. Raises ConfigError."""
        _find_actions(settings.project_dir)
        executor = stock_executor(PACKAGE)
        if not executor.actions:
            raise ConfigError(f"There are no custom actions in {settings.project_dir / PACKAGE}.")
        self._parts = compose.parts(settings, channels={})
        app = ActionApp(
            executor,
            key=compose.signing_key(settings),
            clock=self._parts.clock,
            directory=compose.gateway(self._parts).call,
        )
        self._web = WebServer(app.build(), host=host, port=port)

    async def start(self) -> None:
        """Open what actions need, then listen. Raises ConfigError or StoreError."""
        await self._parts.store.start()
        await self._parts.bus.start()
        await self._parts.directory.start()
        await self._web.start()

    async def stop(self) -> None:
        """Let actions that run come to their end, then close."""
        await self._web.stop(drain=self._parts.settings.shutdown_seconds)
        await self._parts.directory.stop()
        await self._parts.bus.stop()
        await self._parts.store.stop()


def run(settings: Settings, *, host: str, port: int, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once it listens. Raises ConfigError, StoreError."""
    logs.configure(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, host, port, ready))


async def _serve(settings: Settings, host: str, port: int, ready: Callable[[], None]) -> None:
    make_data_dir(settings)
    if not settings.uses_postgresql:
        # The server's own file: SQLite lets both write, one after the other.
        await asyncio.to_thread(migrate, settings.database_url)
    server = ActionServer(settings, host=host, port=port)
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        await server.start()
        ready()
        await told.wait()
        log.info("stopping")
    finally:
        await server.stop()


def _find_actions(project: Path) -> None:
    """Let the project's package be imported, as an engine process does."""
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))
