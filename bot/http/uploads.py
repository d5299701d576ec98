"""Takes one file as a request's raw body: past the limit of other bodies, counted, and not for ever.

A route that uses this has `stream=True`: Sanic then leaves the body, and its length, to the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import msgspec
from sanic import Request
from sanic.exceptions import SanicException

from bot.domain.errors import DomainError, InvalidInput, TooLarge

LINGER = 2.0
"""Seconds for which a body is taken that is not wanted."""


class TooSlow(DomainError):
    """A file comes in so slowly that the connection is needed for others."""

    code: ClassVar[str] = "request_timeout"
    http_status: ClassVar[int] = 408
    public_message: ClassVar[str] = "The file took too long to arrive."


class FileQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the file is called; its type is found in its content."""

    name: Annotated[str, msgspec.Meta(max_length=255)] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How slowly a file may come: `grace` seconds, and one more for each `slowest` bytes received."""

    grace: float = 20.0
    slowest: float = 8_000.0


async def file_body(request: Request, *, limit: int, pace: Pace | None = None) -> AsyncIterator[bytes]:
    """Yield the body as it comes in.

    Raises:
        InvalidInput: the request's length cannot be read.
        TooLarge: it says that it is larger than `limit`, or is (field: limit).
        TooSlow: it came slower than `pace`.
    """
    pace = pace or Pace()
    stream: Any = request.stream
    if _declared(request) > limit:
        raise _too_large(limit)
    loop = asyncio.get_running_loop()
    begun, received = loop.time(), 0
    while stream.request_body:
        try:
            async with asyncio.timeout_at(begun + pace.grace + received / pace.slowest):
                chunk = await stream.read()
        except TimeoutError:
            raise TooSlow from None
        received += len(chunk or b"")
        if received > limit:
            raise _too_large(limit)
        if chunk:
            yield chunk


def _declared(request: Request) -> int:
    length = request.headers.getone("content-length", "0").strip()
    if not length.isascii() or not length.isdigit():
        raise InvalidInput("The Content-Length is not a number.")
    return int(length)


async def let_go(request: Request) -> None:
    """Give up a body that is not wanted: the answer will be the last thing on the connection.

    A little more of it is taken and thrown away. Who is still sending would otherwise see a broken
    connection in place of the answer.
    """
    stream: Any = request.stream
    if not stream.request_body:
        return
    if not stream.expecting_continue:
        with contextlib.suppress(TimeoutError, SanicException):
            async with asyncio.timeout(LINGER):
                while stream.request_body:
                    await stream.read()
    stream.keep_alive = False
    stream.request_body = None


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A file may have at most {limit / 1_000_000:g} MB.", field="file", limit=limit)
