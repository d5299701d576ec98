"""One desk's live connection: what it sends, what it takes, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from sanic.exceptions import SanicException
from websockets.exceptions import ConnectionClosed

from bot.desk.guard import Caller, known_id
from bot.desk.services import DeskService, SignIn
from bot.domain.errors import BotError
from bot.ports import Bus, Clock

GOING_AWAY = 1001
POLICY = 1008
SIGNED_OUT = 4401
"""Our own close code: sign in again before connecting again."""
_QUEUE = 256
"""Frames kept for a slow reader; beyond this the oldest go and the reader is told to read anew."""
_LOOK_AGAIN = 15.0
"""Seconds between looks whether the session still holds (it may have ended on another node)."""
_PRESENCE_FOR = 60.0
_MISTAKES = 10
"""Frames that make no sense, after which the other side is no client of ours."""
_FRAMES, _FRAMES_WINDOW = 60, 10.0

_encode = msgspec.json.Encoder().encode


class Typing(msgspec.Struct, tag_field="type", tag="typing", forbid_unknown_fields=True):
    """The agent is writing; with `note`, what the customer is not to know of."""

    conversation_id: str
    note: bool = False


class Viewing(msgspec.Struct, tag_field="type", tag="viewing", forbid_unknown_fields=True):
    """The agent looks at this conversation, or at none. Say so again every 20 seconds or so."""

    conversation_id: str


class Ping(msgspec.Struct, tag_field="type", tag="ping", forbid_unknown_fields=True):
    """The agent is still there."""


_decode = msgspec.json.Decoder(Typing | Viewing | Ping).decode


class Socket:
    """Three loops beside each other; the first to end ends the connection."""

    def __init__(
        self,
        *,
        connection: Any,
        caller: Caller,
        desk: DeskService,
        sign_in: SignIn,
        bus: Bus,
        clock: Clock,
        elsewhere: Callable[[Socket, str], bool],
    ) -> None:
        """Serve `caller` on a WebSocket `connection` that is already open.

        `elsewhere` says whether the same agent looks at a conversation over another connection.
        """
        self._connection, self._caller = connection, caller
        self._desk, self._sign_in, self._bus, self._clock = desk, sign_in, bus, clock
        self._elsewhere = elsewhere
        self.viewing = ""
        """The conversation that this connection shows."""
        self._frames: deque[str] = deque(maxlen=_QUEUE)
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._close = (1000, "")
        self._missed = False
        self._mistakes = 0
        self._state = ""

    @property
    def digest(self) -> str:
        """Return which session this connection belongs to."""
        return self._caller.session.digest

    @property
    def agent_id(self) -> str:
        """Return whose connection this is."""
        return self._caller.agent.id

    def offer(self, frame: str) -> None:
        """Queue a frame without waiting."""
        self._missed = self._missed or len(self._frames) == _QUEUE
        self._frames.append(frame)
        self._news.set()

    def note_presence(self, agent_id: str, state: str) -> None:
        """Remember the caller's own state, which this connection keeps alive."""
        if agent_id == self._caller.agent.id:
            self._state = state

    def end(self, code: int, reason: str) -> None:
        """Close with `code` as soon as possible."""
        self._close = (code, reason)
        self._ended.set()

    async def serve(self) -> None:
        """Run until the client leaves, the session ends, or `end` is called."""
        presence = await self._bus.presence()
        self._state = presence.get(self._caller.agent.id, "")
        self._say(type="hello", agent=self._caller.agent.id, presence=presence)
        loops = (self._send(), self._receive(), self._watch(), self._ended.wait())
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(SanicException, ConnectionClosed, OSError):
                await self._connection.close(*self._close)

    def _say(self, **frame: Any) -> None:
        self.offer(_encode(frame).decode())

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._missed:
                self._missed = False
                await self._connection.send('{"type":"resync"}')
            while self._frames:
                await self._connection.send(self._frames.popleft())

    async def _receive(self) -> None:
        while True:
            raw = await self._connection.recv()
            if raw is None:
                return
            agent = self._caller.agent.id
            wait = await self._bus.allow(f"live:{agent}", limit=_FRAMES, window=_FRAMES_WINDOW)
            if wait > 0:
                self._mistake("too_many_requests", "Too many frames; try again later.")
            else:
                await self._take(raw)
            if self._mistakes > _MISTAKES:
                self._close = (POLICY, "Too many frames that make no sense.")
                return

    async def _take(self, raw: str | bytes) -> None:
        """Do what one frame asks for."""
        try:
            frame = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._mistake("invalid", "Send {type: typing or viewing, conversation_id} or {type: ping}.")
            return
        if isinstance(frame, Ping):
            if self._state:
                await self._bus.set_presence(self._caller.agent.id, self._state, _PRESENCE_FOR)
            self._say(type="pong")
            return
        try:
            await self._tell(frame)
        except BotError as error:
            self._mistake(error.code, error.message if error.http_status < 500 else error.public_message)

    async def _tell(self, frame: Typing | Viewing) -> None:
        """Let the others know what this agent does."""
        if isinstance(frame, Typing):
            await self._desk.typing(self._caller.agent, known_id(frame.conversation_id), note=frame.note)
            return
        conversation_id = known_id(frame.conversation_id) if frame.conversation_id else ""
        if conversation_id != self.viewing:
            await self.leave()
        if conversation_id:
            await self._desk.viewing(self._caller.agent, conversation_id, here=True)
            self.viewing = conversation_id

    async def leave(self) -> None:
        """Tell the others that this agent looks no longer at what this connection showed."""
        left, self.viewing = self.viewing, ""
        if left and not self._elsewhere(self, left):
            await self._desk.viewing(self._caller.agent, left, here=False)

    def _mistake(self, code: str, message: str) -> None:
        self._mistakes += 1
        self._say(type="error", code=code, message=message)

    async def _watch(self) -> None:
        """End when the session does."""
        while True:
            await self._clock.sleep(_LOOK_AGAIN)
            if await self._sign_in.who(self._caller.token) is None:
                self._close = (SIGNED_OUT, "The sign-in has ended.")
                return
