"""The live WebSocket: hints and presence for desks. It only hints; the truth is read from the API."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from sanic import Request

from bot.desk.guard import Guard
from bot.desk.services import DeskService, SignIn
from bot.desk.socket import GOING_AWAY, SIGNED_OUT, Socket
from bot.http.hints import follow
from bot.http.routes import Access, Route
from bot.http.sockets import require_upgrade
from bot.ports import Bus, Clock, Hint

_encode = msgspec.json.Encoder().encode


class Live:
    """Passes the bus's hints to every connected desk."""

    def __init__(self, *, desk: DeskService, sign_in: SignIn, guard: Guard, bus: Bus, clock: Clock) -> None:
        """Admit by `guard`; look again with `sign_in` while a connection is open."""
        self._desk, self._sign_in, self._guard = desk, sign_in, guard
        self._bus, self._clock = bus, clock
        self._sockets: set[Socket] = set()
        self._reader: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """Return how many desks are connected to this node."""
        return len(self._sockets)

    def route(self, path: str) -> Route:
        """Return the WebSocket's route."""
        return Route(
            method="GET", path=path, handler=self.connect, tag="people", access=Access.AGENT,
            websocket=True, errors=(401, 403, 426, 429),
            summary="WebSocket of hello, hint, presence, resync, pong, error; takes typing, viewing, ping",
        )  # fmt: skip

    async def start(self) -> None:
        """Begin to read the bus."""
        self._reader = asyncio.get_running_loop().create_task(follow(self._bus, self._clock, self._pass_on))

    async def stop(self) -> None:
        """Close every connection and stop reading."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        for socket in list(self._sockets):
            socket.end(GOING_AWAY, "The server is stopping.")

    async def connect(self, request: Request) -> None:
        """Serve one connection from handshake to end."""
        require_upgrade(request)
        self._guard.same_site(request)
        caller = await self._guard.caller(request, changing=False)
        transport: Any = request.transport
        connection = await transport.get_protocol().websocket_handshake(request)
        socket = Socket(
            connection=connection,
            caller=caller,
            desk=self._desk,
            sign_in=self._sign_in,
            bus=self._bus,
            clock=self._clock,
            elsewhere=self._views,
        )
        self._sockets.add(socket)
        try:
            await socket.serve()
        finally:
            self._sockets.discard(socket)
            # Not waited for by whoever ends this handler.
            await asyncio.shield(socket.leave())

    # Sanic looks for this before it asks a handler for a response.
    connect.is_websocket = True  # type: ignore[attr-defined]

    async def end_session(self, digest: str) -> None:
        """Close the connections of a session that was ended here, on every node."""
        data = {"digest": digest, "agent": "", "but": ""}
        self._end(data)
        await self._bus.publish(Hint(conversation_id="", kind="session", data=data))

    def _end(self, data: dict[str, Any]) -> None:
        """Close the connections of a session, or of an agent except the session `but`."""
        digest, agent, but = (str(data.get(name, "")) for name in ("digest", "agent", "but"))
        for socket in list(self._sockets):
            theirs = bool(agent) and socket.agent_id == agent and socket.digest != but
            if theirs or socket.digest == digest:
                socket.end(SIGNED_OUT, "The sign-in has ended.")

    def _views(self, socket: Socket, conversation_id: str) -> bool:
        """Say whether the agent of `socket` looks at a conversation over another one."""
        return any(
            other.viewing == conversation_id and other.agent_id == socket.agent_id
            for other in self._sockets
            if other is not socket
        )

    def _pass_on(self, hint: Hint) -> None:
        """Encode once, offer to all; nobody is waited for."""
        if not self._sockets:
            return
        if hint.kind == "session":  # not for pages: it names other people's sign-ins
            self._end(hint.data)
            return
        if hint.kind == "presence":
            state = str(hint.data.get("state", ""))
            frame = _encode({"type": "presence", "agent": hint.conversation_id, "state": state})
            for socket in self._sockets:
                socket.note_presence(hint.conversation_id, state)
        else:
            frame = _encode(
                {
                    "type": "hint",
                    "kind": hint.kind,
                    "conversation_id": hint.conversation_id,
                    "seq": hint.seq,
                    "data": hint.data,
                }
            )
        text = frame.decode()
        for socket in self._sockets:
            socket.offer(text)
