"""The server under test: started, killed and started again on the same port and data."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from bot.domain.message import IdentityClaim
from connectors.channels.core.identity import sign
from tests.servers import ServerUnavailable, end, free_port

PROJECT = Path(__file__).parents[2]
SECRET = "the-site-and-the-server-share-this-key"
STARTS_WITHIN = 60.0


class Server:
    """One Baton server with a data folder; with `real`, the shipped assistant answers, not the script.

    `moved` counts how far its clock was set ahead.
    """

    def __init__(self, folder: Path, *, origins: str = "", real: bool = False, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.moved = timedelta()
        self.real = real
        self.settings = {
            "PORT": str(self.port),
            "BATON_DATA_DIR": str(folder / "data"),
            "BATON_MODELS_DIR": str(PROJECT / "models" if real else folder / "models"),
            "BATON_CHAT_IDENTITY_SECRET": SECRET,
            "BATON_CHAT_ORIGINS": origins,
            "BATON_GATHER_SECONDS": "0",
            "BATON_SHUTDOWN_SECONDS": "3",
            "BATON_LOG_LEVEL": "warning",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it takes requests."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.serve", *(["rasa"] if self.real else [])],
                cwd=PROJECT,
                env=ours | self.settings | {"PYTHONPATH": str(PROJECT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        if line != b"ready\n":
            await self.stop()
            raise ServerUnavailable(f"the server did not start: {self.log[-3000:]}")

    async def stop(self) -> None:
        """Ask it to end, as an operator does."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Kill it and start it again."""
        await self.kill()
        await self.start()

    def move(self, seconds: float) -> None:
        """Set its clock ahead."""
        self.moved += timedelta(seconds=seconds)
        self._stdin.write(f"move {seconds}\n".encode())
        self._stdin.flush()

    def token(
        self, ref: str, *, name: str = "", lasts: float = 300.0, secret: str = SECRET, email: str = ""
    ) -> str:
        """Return what the company's site signs for a customer; with a negative `lasts` it is over."""
        now = datetime.now(UTC) + self.moved
        begun = now if lasts > 0 else now - timedelta(minutes=10)
        claim = IdentityClaim(trust="verified", directory_ref=ref, name=name, email=email)
        return sign(claim, secret=secret, now=begun, lasts=now + timedelta(seconds=lasts) - begun)

    @property
    def log(self) -> str:
        """Return what it complained of."""
        return self._log.read_text(errors="replace") if self._log.is_file() else ""

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        await asyncio.to_thread(end, process, how)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@asynccontextmanager
async def serving(*, origins: str = "", real: bool = False, **settings: str) -> AsyncIterator[Server]:
    """Run a server on data of its own for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="baton-browser-") as name:
        server = Server(Path(name), origins=origins, real=real, **settings)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def until(condition, what: str, seconds: float = 15.0):  # type: ignore[no-untyped-def]
    """Wait until the async `condition` returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        await asyncio.sleep(0.03)
    return found
