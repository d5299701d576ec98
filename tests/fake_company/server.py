"""The server: real HTTP on a loopback port, strict in what it takes and in what it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import h11

from bot.ports import CustomerDirectory
from tests.fake_company.document import document
from tests.fake_company.faults import Broken, Drop, Fault, Held, Lose, Raw, Slow
from tests.fake_company.shop import Call, Result, Shop, problem

TOKEN = "a-token-for-tests"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class FakeCompany:
    """Serve a directory's data by the document while the `async with` lasts."""

    def __init__(
        self,
        directory: CustomerDirectory,
        *,
        token: str = TOKEN,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        """Port 0 is any that is free."""
        self._tls, self._port = tls, port
        self.document, self.shop, self.token = document(), Shop(directory), token
        self.received: list[Received] = []
        self.violations: list[str] = []
        """What came or went that is not in the document; a test of a well-behaved client has none."""
        self.faults: deque[Fault] = deque()
        """For the next requests, one each; None of the list is needed again."""
        self.always: Fault | None = None
        self.url = ""
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeCompany:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port}/baton/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
                await self._converse(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while request := await _receive(connection, reader):
            self.received.append(request)
            fault = self.faults.popleft() if self.faults else self.always
            if isinstance(fault, Drop):
                return
            if isinstance(fault, Raw):
                await _send_raw(connection, writer, fault)
            elif isinstance(fault, Broken):
                await _send(connection, writer, problem(fault.status, "broken"), fault.headers)
            else:
                result = await self._answer(request)
                if isinstance(fault, Lose):
                    return
                if isinstance(fault, Held):
                    await fault.until.wait()
                await asyncio.sleep(fault.seconds if isinstance(fault, Slow) else 0)
                await _send(connection, writer, result)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _answer(self, request: Received) -> Result:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "unauthorized")
        path = request.target.removeprefix("/baton/v1")
        found = self.document.find(request.method, path)
        if found is None:
            return self._violated(404, f"{request.method} {request.target} is not in the document")
        operation, values = found
        problems = self.document.judge_request(operation, values, request.headers, request.body)
        if problems:
            return self._violated(400, *problems)
        if operation.id == "status":
            return Result(status=200, content={"name": "Example Shop", "version": "1.0.0"})
        call = Call(
            operation=operation.id,
            values=values,
            body=json.loads(request.body) if request.body else {},
            key=request.headers.get("idempotency-key", ""),
        )
        result = await self.shop.answer(call)
        wrong = self.document.judge_response(operation, result.status, result.media, result.body)
        return self._violated(500, *wrong) if wrong else result

    def _violated(self, status: int, *problems: str) -> Result:
        self.violations += problems
        return problem(status, "bad_request")


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> Received | None:
    head, body = None, b""
    while True:
        event: Any = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            headers = {name.decode(): value.decode() for name, value in head.headers}
            return Received(
                method=head.method.decode(), target=head.target.decode(), headers=headers, body=body
            )
        else:
            return None


async def _send(
    connection: h11.Connection,
    writer: asyncio.StreamWriter,
    result: Result,
    headers: Mapping[str, str] | None = None,
) -> None:
    given = {"content-type": result.media, **(headers or {})}
    await _send_raw(connection, writer, Raw(status=result.status, body=result.body, headers=given))


async def _send_raw(connection: h11.Connection, writer: asyncio.StreamWriter, raw: Raw) -> None:
    length = {} if raw.endless else {"content-length": str(len(raw.body))}
    headers = list({**raw.headers, **length}.items())
    writer.write(connection.send(h11.Response(status_code=raw.status, headers=headers)) or b"")
    while True:
        writer.write(connection.send(h11.Data(data=raw.body)) or b"")
        await writer.drain()
        if not raw.endless:
            break
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
