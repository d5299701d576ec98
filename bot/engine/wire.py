"""One end of a frame connection on an event loop: cuts what comes in, batches what goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec

from bot.engine.frames import FrameTooLarge, Splitter, pack


class Wire(asyncio.Protocol):
    """Calls `on_frame` for each frame and `on_lost` once, when the connection has ended."""

    def __init__(
        self,
        decoder: msgspec.msgpack.Decoder[Any],
        on_frame: Callable[[Wire, Any], None],
        on_lost: Callable[[Wire, str], None],
    ) -> None:
        self._decoder = decoder
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._splitter = Splitter()
        self._out: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._fault = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Hand on every complete frame; one that cannot be read ends the connection."""
        try:
            for body in self._splitter.feed(data):
                self._on_frame(self, self._decoder.decode(body))
        except (msgspec.DecodeError, FrameTooLarge) as error:
            self._fault = f"unreadable frame: {error}"
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end."""
        self._transport = None
        self._on_lost(self, self._fault or (str(exc) if exc else ""))

    def send(self, frame: msgspec.Struct) -> None:
        """Send soon: frames of one loop step share one write. Raises FrameTooLarge or TypeError.

        On an ended connection nothing happens.
        """
        data = pack(frame)
        if self._transport is None:
            return
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(data)

    def close(self) -> None:
        """Send what is queued and end the connection; nothing is received any more."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def flush(self) -> None:
        """Send what is queued now, without waiting for the end of this loop step."""
        if self._out and self._transport is not None:
            self._transport.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
        self._out.clear()
