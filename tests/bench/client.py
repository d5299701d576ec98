"""A cheap HTTP client: the load generator shares the machine with what it measures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httptools


@dataclass(slots=True)
class Reply:
    """What a server answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; None for an empty one."""
        return json.loads(self.body) if self.body else None


class _Wire(asyncio.Protocol):
    """One connection; the parser's callbacks fill the reply that is being waited for."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    @property
    def usable(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(ConnectionError(f"not HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionResetError("the server closed the connection"))

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(Reply(status, self._headers, b"".join(self._body)))
        if not self._parser.should_keep_alive():
            self.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _end(self, error: Exception) -> None:
        self.close()
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)


class Client:
    """Sends one request at a time on a connection that is kept; connects anew when it was lost.

    Every failure of the network, time-outs included, is an OSError.
    """

    def __init__(self, url: str, *, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self.headers = dict(headers or {})
        self._wire: _Wire | None = None

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Reply:
        """Send a request and return the reply, whatever its status."""
        async with asyncio.timeout(timeout):
            try:
                wire = await self._connected()
                wire.waiting = asyncio.get_running_loop().create_future()
                assert wire.transport is not None
                wire.transport.write(self._head(method, path, body, headers) + (body or b""))
                return await wire.waiting
            except BaseException:
                self.close()  # an answer that comes later must not be taken for the next one's
                raise

    async def post(self, path: str, value: Any, *, timeout: float = 60.0) -> Reply:
        """Send `value` as JSON."""
        return await self.request("POST", path, json.dumps(value).encode(), timeout=timeout)

    async def get(self, path: str, *, timeout: float = 60.0) -> Reply:
        """Read."""
        return await self.request("GET", path, timeout=timeout)

    def close(self) -> None:
        """Let go of the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _connected(self) -> _Wire:
        if self._wire is None or not self._wire.usable:
            loop = asyncio.get_running_loop()
            _, self._wire = await loop.create_connection(_Wire, self._host, self._port)
        return self._wire

    def _head(self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}:{self._port}"]
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (self.headers | (headers or {})).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
