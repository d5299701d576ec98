"""The company's site: a web server of another origin than Baton's, with the pages that a test gives it."""

from __future__ import annotations

import asyncio
import html
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

STRICT = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
    "connect-src 'self' {server} {socket}; img-src {server} blob: data:; media-src {server}; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
"""What a careful company sends with its pages; the widget must work under it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the site says to a request."""

    body: str = ""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        """Return it as HTTP."""
        body = self.body.encode()
        lines = [
            f"HTTP/1.1 {self.status} .",
            f"content-type: {self.kind}",
            f"content-length: {len(body)}",
            "cache-control: no-store",
            "connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Site:
    """Serves what was put on it; a function is asked at each request."""

    def __init__(self) -> None:
        self.port = 0
        self.pages: dict[str, Answer | Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self._ids = itertools.count(1)
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        """Return its origin: another host name than Baton's, so that it is another site too."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """Serve."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def put(self, answer: Answer | Callable[[], Answer], name: str = "page") -> str:
        """Put something on the site under an address of its own, and return that."""
        path = f"/{name}-{next(self._ids)}"
        self.pages[path] = answer
        return self.origin + path

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ", 2)[1].partition("?")[0]
            self.asked.append(path)
            page = self.pages.get(path)
            if path == "/favicon.ico":
                page = Answer(status=204)
            answer = page() if callable(page) else page
            writer.write((answer or Answer(status=404, body="not here")).bytes())
            await writer.drain()
        writer.close()


def host_page(
    server: str,
    *,
    head: str = "",
    body: str = "",
    before: str = "",
    nonce: str = "",
    lang: str = "en",
    direction: str = "ltr",
    times: int = 1,
    **settings: Any,
) -> str:
    """Return a page of a shop with the widget's script tag; `settings` become its `data-` attributes.

    `before` is a script that runs before the tag; `times` says how often the tag is there.
    """
    data = "".join(
        f' data-{name.replace("_", "-")}="{html.escape(str(value))}"' for name, value in settings.items()
    )
    sign = f' nonce="{nonce}"' if nonce else ""
    first = f"<script{sign}>{before}</script>" if before else ""
    tag = f'<script src="{server}/widget.js" async{sign}{data}></script>'
    return (
        f'<!doctype html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>A small shop</title>{head}{first}{tag * times}</head><body><main><h1>A small shop</h1>"
        f'<p>Lamps and chairs. <a href="#first">A link of the page</a></p>{body}</main></body></html>'
    )


def strict_policy(server: str, nonce: str) -> dict[str, str]:
    """Return the header of a strict content security policy that lets the widget of `server` in."""
    socket = server.replace("http", "ws", 1)
    return {"content-security-policy": STRICT.format(nonce=nonce, server=server, socket=socket)}
