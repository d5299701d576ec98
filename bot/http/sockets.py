"""WebSockets that are light enough for thousands: no task and no timer of their own.

Sanic's own connection runs several tasks for each socket. This one takes the place of Sanic's after the
handshake: bytes are turned into messages where they arrive, and what is sent is written at once. Whoever
serves many sockets looks after heartbeats and time limits for all of them together.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, ClassVar

from sanic import Request
from websockets import http11
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from bot.domain.errors import DomainError

GOING_AWAY = 1001
POLICY = 1008
_SLOWEST = 256 * 1024
"""Bytes that may wait for the other side to read them; beyond this it is no reader any more."""
_KEPT = 16
"""Messages that wait to be worked on; beyond this no more are read from the network."""
_LINGER = 5.0
"""Seconds that the other side has to answer a goodbye."""
_log = logging.getLogger("websockets.server")


class UpgradeRequired(DomainError):
    """A WebSocket address was called without one."""

    code: ClassVar[str] = "upgrade_required"
    http_status: ClassVar[int] = 426
    public_message: ClassVar[str] = "This address speaks WebSocket."


def require_upgrade(request: Request) -> None:
    """Refuse a request that does not ask for a WebSocket. Raises UpgradeRequired."""
    if request.headers.getone("upgrade", "").lower() != "websocket":
        raise UpgradeRequired


class WebSocket:
    """One open connection.

    `heard` is the loop's time when anything last came from the other side.
    """

    __slots__ = ("_io", "_messages", "_parts", "_paused", "_waiter", "heard", "loop", "ws_proto")

    def __init__(self, protocol: Any, frames: ServerProtocol) -> None:
        self._io = protocol
        self.ws_proto = frames
        self.loop = None  # without one Sanic says goodbye by `end_connection`, at once
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self.heard = asyncio.get_running_loop().time()

    @classmethod
    async def accept(cls, request: Request, *, longest: int) -> WebSocket:
        """Shake hands; messages may have `longest` bytes. Raises UpgradeRequired."""
        frames = ServerProtocol(max_size=longest, state=OPEN, logger=_log)
        given = http11.Request(path=request.path, headers=Headers(request.headers.items()))
        response = frames.accept(given)
        transport: Any = request.transport
        if response.status_code != 101:
            raise UpgradeRequired("The WebSocket handshake is not complete.")
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers.raw_items())
        transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode())
        protocol: Any = transport.get_protocol()
        protocol.websocket = socket = cls(protocol, frames)
        return socket

    @property
    def open(self) -> bool:
        """Say whether messages can be sent."""
        return self.ws_proto.state is OPEN

    def send(self, message: bytes) -> bool:
        """Write a text message without waiting; say whether the connection still stands.

        One whose other side has stopped reading is cut: it comes back and resumes, and nothing piles up
        here meanwhile.
        """
        if not self.open or self._io.transport is None:
            return False
        if self._io.transport.get_write_buffer_size() > _SLOWEST:
            self.cut()
            return False
        self.ws_proto.send_text(message)
        self._flush()
        return True

    def ping(self) -> None:
        """Ask for a sign of life, which moves `heard`."""
        if self.open:
            self.ws_proto.send_ping(b"")
            self._flush()

    async def recv(self) -> bytes | None:
        """Return the next message, or None once the connection has ended."""
        while not self._messages:
            if not self.open:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message = self._messages.popleft()
        if self._paused and len(self._messages) < _KEPT // 2 and self._io.transport is not None:
            self._paused = False
            self._io.transport.resume_reading()
        return message

    def end(self, code: int, reason: str) -> None:
        """Say goodbye, and hang up soon whatever the other side does."""
        if self.open and self._io.transport is not None:
            self.ws_proto.send_close(code, reason)
            self._flush()
            asyncio.get_running_loop().call_later(_LINGER, self.cut)
            if self._paused:
                self._paused = False
                self._io.transport.resume_reading()
        self._wake()

    # What Sanic's protocol calls

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        self.heard = asyncio.get_running_loop().time()
        self.ws_proto.receive_data(data)
        for event in self.ws_proto.events_received():
            if isinstance(event, Frame):
                self._take(event)
        self._flush()
        if not self.open:
            self._wake()

    def eof_received(self) -> bool:
        """The other side has hung up."""
        self.ws_proto.receive_eof()
        self._flush()
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes and goes."""
        self.ws_proto.receive_eof()
        self._wake()

    def end_connection(self, code: int = 1000, reason: str = "") -> None:
        """Close; called at the end of the handler and when the server stops."""
        self.end(code, reason)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        self._messages.append(b"".join(self._parts))
        self._parts.clear()
        if len(self._messages) >= _KEPT and not self._paused and self._io.transport is not None:
            self._paused = True
            self._io.transport.pause_reading()
        self._wake()

    def _flush(self) -> None:
        transport = self._io.transport
        for data in self.ws_proto.data_to_send():
            if transport is None or transport.is_closing():
                return
            if data:
                transport.write(data)
                continue
            # Half-closed, so that the goodbye is read before the line is cut.
            if transport.can_write_eof():
                transport.write_eof()
            asyncio.get_running_loop().call_later(_LINGER, self.cut)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def cut(self) -> None:
        """Hang up without a word."""
        if self._io.transport is not None:
            self._io.transport.abort()
        self._wake()
