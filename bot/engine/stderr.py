"""What engine processes print, on its way to the log: bounded, and the last lines kept for health."""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from collections.abc import Callable

import structlog

_log = structlog.get_logger("bot.engine")

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MAX_LINE = 500
"""Longest part of a line that is kept, in characters."""
BURST = 40
"""Most lines that are logged in each ten seconds; the others are counted."""


class StderrReader(asyncio.Protocol):
    """Logs lines at warning level; engines print no message texts, and neither does this."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._last: deque[str] = deque(maxlen=12)
        self._window = self._loop.time()
        self._logged = 0
        self._transport: asyncio.BaseTransport | None = None

    @classmethod
    async def open(cls, fd: int, on_end: Callable[[], None]) -> StderrReader:
        """Read `fd` until its writers are gone; closes it."""
        pipe = os.fdopen(fd, "rb", buffering=0)
        _, reader = await asyncio.get_running_loop().connect_read_pipe(lambda: cls(on_end), pipe)
        return reader

    @property
    def last_lines(self) -> str:
        """Return the end of what was printed."""
        return "\n".join(self._last)

    def close(self) -> None:
        """Read no more."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Cut lines."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: MAX_LINE * 4]
        for line in lines:
            self._line(_COLOUR.sub("", line.decode("utf-8", "replace")).rstrip()[:MAX_LINE])

    def connection_lost(self, exc: Exception | None) -> None:
        """Report that nobody can print any more."""
        self._on_end()

    def _line(self, line: str) -> None:
        if not line:
            return
        self._last.append(line)
        now = self._loop.time()
        if now - self._window > 10:
            if self._logged > BURST:
                _log.warning("engine printed more", lines=self._logged - BURST)
            self._window, self._logged = now, 0
        self._logged += 1
        if self._logged <= BURST:
            _log.warning("engine printed", line=line)
