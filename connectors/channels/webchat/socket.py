"""One visitor's WebSocket: a single task that takes frames in; news are written by the room."""

from __future__ import annotations

import asyncio

from bot.http.sockets import WebSocket
from connectors.channels.webchat.deeds import WORK
from connectors.channels.webchat.guest import Guest
from connectors.channels.webchat.reception import Reception

PING_EVERY = 25.0
GONE_AFTER = 60.0
"""Seconds of silence after which a connection is asked for a sign of life, and is given up."""


class Socket:
    """A guest who is connected all the time."""

    __slots__ = ("_asked", "_socket", "guest")

    def __init__(self, socket: WebSocket, reception: Reception, *, ip: str) -> None:
        self._socket = socket
        self._asked = socket.heard
        self.guest = Guest(reception, WORK, ip=ip, say=socket.send, close=self.end)

    async def serve(self) -> None:
        """Run until one side ends it."""
        try:
            while (raw := await self._socket.recv()) is not None:
                await self.guest.receive(raw)
        finally:
            self.guest.leave()

    def end(self, code: int, reason: str) -> None:
        """Close with `code`."""
        self.guest.leave()
        self._socket.end(code, reason)

    def beat(self) -> None:
        """Ask for a sign of life where nothing was heard for a while; give up after longer."""
        now = asyncio.get_running_loop().time()
        silent = now - self._socket.heard
        if silent > GONE_AFTER:
            self._socket.cut()
        elif silent > PING_EVERY and now - self._asked > PING_EVERY:
            self._asked = now
            self._socket.ping()
