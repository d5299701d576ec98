"""The network between a browser and the server: a TCP proxy that can be cut, stalled, or hostile to sockets."""

from __future__ import annotations

import asyncio
from contextlib import suppress

REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Line:
    """Forwards connections to `target`; what it does to them can be changed at any time.

    `sockets` says what becomes of WebSocket handshakes: "open" lets them through, "refused" answers as
    a proxy that does not know them, "silent" never answers. `deaf` lets the browser's words through
    and loses every answer: the server has the message and the browser cannot know it.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.sockets = "open"
        self.deaf = False
        self.requests: list[str] = []
        """The first line of each connection."""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the address that browsers use."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Take connections, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End everything."""
        await self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """Break every connection and refuse new ones, until `start`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Break every connection; new ones are taken."""
        for writer in tuple(self._links):
            with suppress(OSError):
                writer.transport.abort()

    def stall(self) -> None:
        """Let nothing through and break nothing, as a phone does that leaves its network."""
        self._flowing.clear()

    def flow(self) -> None:
        """Let everything through again, what was held up first."""
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._links.add(writer)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._links.discard(writer)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.split(b"\r\n", 1)[0].decode())
        if b"\r\nupgrade: websocket" in head.lower() and self.sockets != "open":
            if self.sockets == "refused":
                writer.write(REFUSAL)
                await writer.drain()
                writer.close()
            else:
                await reader.read()
            return
        back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        self._links.add(forth)
        try:
            await self._flowing.wait()
            forth.write(head)
            ways = [
                asyncio.ensure_future(self._pump(reader, forth, answers=False)),
                asyncio.ensure_future(self._pump(back, writer, answers=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._links.discard(forth)
            forth.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            if answers and self.deaf:
                continue
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            await writer.drain()
