"""Web chat's HTTP side: who may come in, the widget's file, sockets and the way around them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from sanic import HTTPResponse, Request

from bot.domain.errors import TooManyRequests
from bot.domain.file_types import MIMES
from bot.domain.media import MAX_FILES
from bot.domain.message import MAX_TEXT
from bot.http.bodies import read_json
from bot.http.files import ServedFile
from bot.http.headers import add_headers
from bot.http.peers import origin_of
from bot.http.routes import Handler, Route
from bot.http.sockets import GOING_AWAY, WebSocket, require_upgrade
from bot.http.uploads import FileQuery
from bot.ports import Bus, Capabilities, Clock
from connectors.channels.core import Intake, Media, Visits
from connectors.channels.webchat import parse, render
from connectors.channels.webchat.errands import Errands, TranscriptBody, Uploaded
from connectors.channels.webchat.fallback import Call, FramesAnswer, FramesBody
from connectors.channels.webchat.guest import TOO_MANY
from connectors.channels.webchat.limits import ChatLimits, Doorkeeper, network
from connectors.channels.webchat.reception import Reception
from connectors.channels.webchat.rooms import Rooms
from connectors.channels.webchat.socket import Socket
from connectors.channels.webchat.verify import Origins, Sessions

WIDGET = Path(__file__).parent / "static" / "widget.js"
_LONGEST_FRAME = 4 * parse.MAX_FRAME
"""Bytes that are taken from the network; what is over a frame's own limit is refused in words."""
_WIDGET_HEADERS = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}
_PREFLIGHT = {
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "content-type, x-baton-session, x-baton-identity",
    "access-control-max-age": "600",
}
_BEAT_EVERY = 5.0
_TAG = "web chat"


class WebChat:
    """Serves the widget and those who use it; nothing is pushed, news are read by sequence."""

    name = parse.NAME
    capabilities = Capabilities(pushes=False, gathers_fragments=True, shows_place=True)

    def __init__(
        self,
        *,
        intake: Intake,
        visits: Visits,
        bus: Bus,
        clock: Clock,
        media: Media,
        secret: str,
        identity_secret: str = "",
        origins: Iterable[str] = (),
        public_url: str = "",
        limits: ChatLimits | None = None,
    ) -> None:
        """Sessions are signed with a key that follows from `secret`.

        Pages of `origins` may use the chat beside this server's own. Without `identity_secret` every
        customer is a stranger, and a token for one is refused.
        """
        self._origins = Origins(origins, origin_of(public_url))
        self._clock = clock
        self._door = Doorkeeper(bus, limits or ChatLimits())
        self._rooms = Rooms(visits=visits, bus=bus, clock=clock, url=media.url)
        self._reception = Reception(
            intake=intake,
            visits=visits,
            media=media,
            rooms=self._rooms,
            door=self._door,
            sessions=Sessions(secret),
            clock=clock,
            identity_secret=identity_secret,
            limits=render.Limits(
                text=MAX_TEXT, files=MAX_FILES, file_bytes=media.max_bytes, types=list(MIMES)
            ),
        )
        self._errands = Errands(self._reception)
        self._widget: ServedFile | None = None
        self._sockets: set[Socket] = set()
        self._calls: set[Call] = set()
        self._beats: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        return [
            Route(
                method="GET", path="/widget.js", handler=self.widget, tag=_TAG, answer=str,
                media="text/javascript", summary="Return the chat widget, one file for any page",
            ),
            Route(
                method="GET", path="/chat", handler=self.connect, tag=_TAG, websocket=True,
                errors=(403, 426), summary="WebSocket of the widget: one JSON object with `type` a message",
            ),
            Route(
                method="POST", path="/chat/frames", tag=_TAG, body=FramesBody,
                handler=self._for_pages(self.frames),
                answer=FramesAnswer, errors=(400, 403, 413, 415, 429),
                summary="Do what the WebSocket does where it is blocked; waits for news",
            ),
            Route(
                method="POST", path="/chat/transcript", tag=_TAG, body=TranscriptBody, answer=str,
                handler=self._for_pages(self._errands.transcript), media="text/plain",
                errors=(400, 401, 403, 409, 413, 415, 429, 503),
                summary="Return the conversation as a text file",
            ),
            Route(
                method="POST", path="/chat/files", tag=_TAG, stream=True, query=FileQuery, answer=Uploaded,
                handler=self._for_pages(self._errands.keep), status=201,
                errors=(400, 401, 403, 408, 409, 413, 415, 429, 503),
                summary="Upload a file, to be sent with a message; with X-Baton-Session, X-Baton-Identity",
            ),
            *(self._preflight(path) for path in ("/chat/frames", "/chat/transcript", "/chat/files")),
        ]  # fmt: skip

    def _preflight(self, path: str) -> Route:
        return Route(
            method="OPTIONS", path=path, handler=self._for_pages(_allow), tag=_TAG, status=204,
            errors=(403,), summary="Tell a browser whether a page may ask here",
        )  # fmt: skip

    async def start(self) -> None:
        """Read the widget's file, and begin to look after those who come."""
        content = await asyncio.to_thread(WIDGET.read_bytes)
        self._widget = ServedFile(
            content,
            content_type="text/javascript; charset=utf-8",
            cache="public, max-age=300",
            headers=_WIDGET_HEADERS,
        )
        await self._rooms.start()
        self._beats = asyncio.get_running_loop().create_task(self._beat())

    async def stop(self) -> None:
        """Send everybody away; they come back to the next server and resume."""
        self._stopping = True
        leaving: list[Socket | Call] = [*self._sockets, *self._calls]
        for here in leaving:
            here.end(GOING_AWAY, "The server is stopping.")
        if self._beats is not None:
            self._beats.cancel()
            await asyncio.gather(self._beats, return_exceptions=True)
        await self._rooms.stop()

    def gauges(self) -> dict[str, float]:
        """Return how many are here."""
        return {
            "chat_sockets": float(len(self._sockets)),
            "chat_polls": float(len(self._calls)),
            "chat_conversations": float(self._rooms.count),
        }

    # --- requests

    async def widget(self, request: Request) -> HTTPResponse:
        """Return the widget."""
        assert self._widget is not None  # noqa: S101 (requests come after the start)
        return self._widget.answer(request)

    async def connect(self, request: Request) -> None:
        """Serve one connection from handshake to end."""
        require_upgrade(request)
        self._check_origin(request)
        ip = network(request.client_ip)
        wait = await self._door.wait_for("connect", ip, self._door.limits.connects)
        connection = await WebSocket.accept(request, longest=_LONGEST_FRAME)
        if self._stopping:
            connection.end(GOING_AWAY, "The server is stopping.")
            return
        # Told in the WebSocket's own words: a page cannot read why a handshake failed.
        if wait > 0 or not self._door.enter(ip):
            connection.end(TOO_MANY, "Too many connections from this address.")
            return
        socket = Socket(connection, self._reception, ip=ip)
        self._sockets.add(socket)
        self._rooms.watch(socket.guest)
        try:
            await socket.serve()
        finally:
            self._sockets.discard(socket)
            self._rooms.forget(socket.guest)
            self._door.leave(ip)

    # Sanic looks for this before it asks a handler for a response.
    connect.is_websocket = True  # type: ignore[attr-defined]

    async def frames(self, request: Request) -> HTTPResponse:
        """Take frames without a WebSocket, and wait for news."""
        ip = network(request.client_ip)
        await self._door.check("poll", ip, self._door.limits.polls)
        body = read_json(request, FramesBody)
        if self._stopping or not self._door.enter(ip):
            raise TooManyRequests("Too many connections from this address.", retry_after=5)
        call = Call(self._reception, ip=ip)
        self._calls.add(call)
        self._rooms.watch(call.guest)
        try:
            return HTTPResponse(await call.serve(body), content_type="application/json")
        finally:
            self._calls.discard(call)
            self._rooms.forget(call.guest)
            self._door.leave(ip)

    # --- parts

    def _for_pages(self, handler: Handler) -> Handler:
        """Return a handler that answers pages of the allowed sites only."""

        async def checked(request: Request, **parameters: str) -> HTTPResponse | None:
            self._check_origin(request)
            return await handler(request, **parameters)

        return checked

    def _check_origin(self, request: Request) -> None:
        """Let a page pass, and let it read the answer. Raises ForeignOrigin."""
        origin = request.headers.getone("origin", "")
        add_headers(request, {"vary": "origin"})
        self._origins.check(origin, request.headers.getone("host", ""))
        if origin:
            add_headers(request, {"access-control-allow-origin": origin})

    async def _beat(self) -> None:
        """Look after everybody's connection."""
        while True:
            await self._clock.sleep(_BEAT_EVERY)
            for socket in list(self._sockets):
                socket.beat()


async def _allow(request: Request) -> HTTPResponse:
    """Answer a browser that asks first."""
    return HTTPResponse(status=204, headers=dict(_PREFLIGHT))
