"""Serves an application inside an event loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any

from sanic import Sanic

from bot.domain.errors import ConfigError
from bot.http.routes import Part

_POLL = 0.05
_BACKLOG = 1024


def _bind(host: str, port: int) -> socket.socket:
    """Take the address now, so that a taken one is told before anything else has started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"Port {port} on {host} cannot be used ({why}): stop what uses it, or set PORT to another one."
        ) from None


class WebServer:
    """Listens on one address, with its parts started before and let go first."""

    def __init__(
        self,
        app: Sanic[Any, Any],
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        parts: tuple[Part, ...] = (),
        sock: socket.socket | None = None,
    ) -> None:
        """Serve `app` at `host`:`port` (0 takes a free one), or on a bound socket."""
        self._app = app
        self._host, self._port, self._sock = host, port, sock
        self._parts = parts
        self._server: Any = None  # an AsyncioServer, whose methods have no types

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        server = self._server.server if self._server is not None else None
        return int(server.sockets[0].getsockname()[1]) if server and server.sockets else self._port

    async def start(self) -> None:
        """Bind, start the parts, then answer. Raises ConfigError when the address is taken."""
        sock = self._sock or _bind(self._host, self._port)
        self._server = await self._app.create_server(
            sock=sock, backlog=_BACKLOG, access_log=False, asyncio_server_kwargs={"start_serving": False}
        )
        if self._server is None:
            raise ConfigError("The web server could not be made.")
        await self._server.startup()
        for part in self._parts:
            await part.start()
        await self._server.start_serving()

    async def stop(self, *, drain: float = 5.0) -> None:
        """Take no new requests, let running ones end within `drain` seconds, then cut."""
        server, self._server = self._server, None
        if server is None:
            return
        listener: asyncio.Server = server.server
        listener.close()
        for part in self._parts:
            await part.stop()
        loop = asyncio.get_running_loop()
        until = loop.time() + drain
        while server.connections and loop.time() < until:
            for connection in list(server.connections):
                connection.close_if_idle()
            await asyncio.sleep(_POLL)
        for connection in list(server.connections):
            connection.abort()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listener.wait_closed(), 1.0)
        Sanic.unregister_app(self._app)
