"""The way around blocked WebSockets: each call is a short visit of its own, and may wait for news."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from connectors.channels.webchat import parse, render
from connectors.channels.webchat.deeds import WORK
from connectors.channels.webchat.guest import Guest
from connectors.channels.webchat.reception import Reception

LONGEST_WAIT = 25.0
MOST_FRAMES = 50


class FramesBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A greeting, then frames as on the WebSocket; waits up to `wait` seconds if there is no news.

    `state` is the last state that was received, so that a change between two calls is news as well.
    """

    hello: parse.Hello
    frames: Annotated[list[parse.Frame], msgspec.Meta(max_length=MOST_FRAMES)] = []
    wait: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_WAIT)] = 0.0
    state: dict[str, Any] | None = None


class FramesAnswer(msgspec.Struct):
    """Frames as on the WebSocket; one of type `close` stands for a connection that was ended."""

    frames: list[dict[str, Any]]


class Call:
    """One call."""

    def __init__(self, reception: Reception, *, ip: str) -> None:
        self._frames: list[bytes] = []
        self._news = asyncio.Event()
        self._closed = False
        self.guest = Guest(reception, WORK, ip=ip, say=self._say, close=self.end)

    async def serve(self, body: FramesBody) -> bytes:
        """Return the answer, encoded."""
        try:
            await self.guest.take(body.hello)
            for frame in body.frames:
                if not self._closed:
                    await self.guest.take(frame)
            if not self._has_news(body):
                self._news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(body.wait):
                        await self._news.wait()
        finally:
            self.guest.leave()
        return b'{"frames":[' + b",".join(self._frames) + b"]}"

    def end(self, code: int, reason: str) -> None:
        """Let go of the caller."""
        if not self._closed:
            self._closed = True
            self._say(render.frame("close", code=code, reason=reason))
            self.guest.leave()

    def _say(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._news.set()

    def _has_news(self, body: FramesBody) -> bool:
        """Say whether there is more than an empty greeting."""
        if len(self._frames) != 1 or body.wait <= 0:
            return True
        first = msgspec.json.decode(self._frames[0])
        if first["type"] != "ready" or first["messages"] or first.get("fresh"):
            return True
        return body.state is not None and {**body.state, "type": 0} != {**first["state"], "type": 0}
