"""One visitor, however they are connected: what they are shown, and what comes of their frames.

A guest is received at one address at a time. What they may see is decided anew at each look: when
somebody else has signed in at the address, or their own identity token has expired, they see nothing
until they have shown who they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.errors import (
    BotError,
    Conflict,
    DomainError,
    IdentityRefused,
    OtherCustomer,
    StoreError,
    TooManyRequests,
)
from bot.domain.visit import Fresh, Look, Visit
from connectors.channels.webchat import papers, parse, render
from connectors.channels.webchat.reception import Reception
from connectors.channels.webchat.rooms import Room

log = structlog.get_logger("baton.webchat")

HELLO_WITHIN = timedelta(seconds=10)
IDENTIFY_WITHIN = timedelta(seconds=60)
AGAIN = 2.0
"""Seconds after which the widget may try again what the store could not take."""
MISTAKES, IDENTITIES = 10, 5
"""Frames that make no sense, and tokens that are refused, after which a connection ends."""
FRAMES, FRAMES_WINDOW = 120, timedelta(seconds=10)
POLICY, IDENTITY_ENDED, NO_HELLO, TOO_MANY = 1008, 4401, 4408, 4429

Work = Callable[["Guest", Any], Awaitable[None]]


class Guest:
    """Somebody at the chat; `say` takes each frame for them, `close` ends the connection.

    `papers` is who they have shown to be, `session` what they come back with. `seq` is up to where they
    have been shown everything, `read_to` up to where they have read.
    """

    __slots__ = (
        "_conversation", "_frames", "_frames_since", "_mistakes", "_needed", "_refused", "_since",
        "_state", "_work", "close", "ip", "language", "page", "papers", "read_to", "received",
        "reception", "room", "say", "seq", "session", "typed",
    )  # fmt: skip

    def __init__(
        self,
        reception: Reception,
        work: dict[type, Work],
        *,
        ip: str,
        say: Callable[[bytes], Any],
        close: Callable[[int, str], Any],
    ) -> None:
        """`work` says what each kind of frame asks for."""
        self.reception, self._work, self.ip, self.say, self.close = reception, work, ip, say, close
        self.papers = papers.STRANGER
        self.session = self.language = self.page = ""
        self.room: Room | None = None
        self.received = False
        self.seq = self.read_to = 0
        self.typed: datetime | None = None
        self._since = self._frames_since = reception.clock.now()
        self._frames = self._mistakes = self._refused = 0
        self._needed: datetime | None = None
        self._conversation = ""
        self._state = b""

    # --- being received

    def show(self, visit: Visit, look: Look, fresh: Fresh | None) -> None:
        """Greet with what there is; from now on only news are shown."""
        rooms = self.reception.rooms
        self._conversation, self.read_to, self.seq = look.conversation_id, look.standing.read, look.last
        self._state, self.received = rooms.state(look), True
        self.say(
            render.ready(
                session=self.session,
                fresh=fresh,
                name=visit.name,
                signed_in=self.papers.claim is not None,
                messages=render.entries(look.messages, rooms.url),
                reset=look.reset,
                more=look.more,
                last=look.last,
                state=self._state,
                limits=self.reception.limits,
                identity_until=self.papers.seconds_left(self.now),
            )
        )

    def take_papers(self, shown: papers.Papers) -> None:
        """Be who these papers name."""
        self.papers, self._needed = shown, None

    def leave(self) -> None:
        """Be at no address any more."""
        if self.room is not None:
            self.reception.rooms.leave(self, self.room)
        self.room, self.received = None, False

    @property
    def now(self) -> datetime:
        """Return the present time."""
        return self.reception.clock.now()

    def may_see(self, look: Look) -> bool:
        """Say whether what was found is for this guest."""
        return self.papers.open(look.customer_ref, self.now)

    # --- what the room calls

    def news(self, room: Room, look: Look) -> None:
        """Show what is new, if it may be shown."""
        if not self.received or room is not self.room or self._needed is not None:
            return
        if not self.may_see(look):
            self._ask_who()
            return
        if self._is_other(look):
            self._begin_again(room, look)
            return
        self._conversation = look.conversation_id
        if look.last > self.seq:
            messages = render.entries(look.messages, self.reception.rooms.url, self.seq)
            self.seq = look.last
            if messages:
                self.say(render.frame("messages", messages=messages, last=look.last))
        state = self.reception.rooms.state(look)
        if state != self._state:
            self._state = state
            self.say(render.state_frame(state))

    def typing(self, name: str) -> None:
        """Show that an agent writes."""
        if self.received and self._needed is None:
            self.say(render.frame("typing", name=name))

    def tick(self) -> None:
        """End what has taken too long, and ask for what has expired."""
        now = self.now
        if self.room is None and now >= self._since + HELLO_WITHIN:
            self.close(NO_HELLO, "No hello came.")
        elif self._needed is not None and now >= self._needed:
            self.close(IDENTITY_ENDED, "The identity token has expired.")
        elif self._needed is None and self.papers.have_expired(now):
            self._ask_who()

    def _is_other(self, look: Look) -> bool:
        """Say whether what is there does not go on from what was shown: another conversation, or a gap."""
        if self._conversation and look.conversation_id != self._conversation:
            return True
        return bool(look.reset and look.more and 0 < self.seq < look.messages[0].seq)

    def _begin_again(self, room: Room, look: Look) -> None:
        """Show what there is as if the guest had just come."""
        gone = look.conversation_id != self._conversation
        self.seq = 0
        if look.last and not look.reset:
            self.reception.rooms.look(room)
            return
        name = self.papers.claim.name if self.papers.claim else ""
        visit = Visit(address=room.address, name=name)
        self.show(visit, replace(look, reset=True), Fresh.ERASED if gone else None)

    def _ask_who(self) -> None:
        """Show nothing more until the widget has said who is there."""
        if self._needed is None:
            self._needed = self.now + IDENTIFY_WITHIN
            self.say(render.frame("identity_needed", within=int(IDENTIFY_WITHIN.total_seconds())))

    # --- what the visitor sends

    async def receive(self, raw: bytes) -> None:
        """Do what one frame asks for; whatever is wrong with it is said in a frame."""
        if self._too_fast():
            self.mistake("too_many_requests", "Too many frames; try again later.")
            return
        try:
            frame = parse.read(raw)
        except DomainError as error:
            message_id = parse.id_of(raw)
            if message_id:
                self._refuse(error, id=message_id)
            self.mistake(error.code, error.message)
            return
        await self.take(frame)

    async def take(self, frame: parse.Frame) -> None:
        """Do what a frame asks for."""
        named = {"id": frame.id} if isinstance(frame, parse.Say) else {}
        try:
            await self._do(frame)
        except IdentityRefused as error:
            await self._identity_refused(error)
        except OtherCustomer:
            self._ask_who()
            self._refused_now("identity_expired", "Say again who you are.", **named)
        except StoreError:
            words = "This cannot be done at the moment; try again."
            self._refused_now("unavailable", words, retry_after=AGAIN, **named)
        except DomainError as error:
            self._refuse(error, **named)
            if not named and not isinstance(error, Conflict | TooManyRequests):
                self._mistakes += 1
        except Exception as error:  # a mistake of ours must not end the conversation
            log.exception("chat_frame_broke", frame=type(frame).__name__, error=type(error).__name__)
            self._refused_now("internal", BotError.public_message, retry_after=AGAIN, **named)
        self._end_if_pointless()

    async def _do(self, frame: parse.Frame) -> None:
        if not isinstance(frame, parse.ALWAYS):
            if not self.received:
                self.mistake("no_hello", "Say hello first.")
                return
            if self._needed is not None or self.papers.have_expired(self.now):
                raise OtherCustomer
        await self._work[type(frame)](self, frame)

    # --- what is wrong

    def mistake(self, code: str, message: str) -> None:
        """Say that a frame made no sense, and count it."""
        self._mistakes += 1
        self.say(render.frame("error", code=code, message=message))
        self._end_if_pointless()

    async def _identity_refused(self, error: DomainError) -> None:
        """A token that cannot be believed makes nobody a stranger: it is refused, and counted."""
        self._refused += 1
        self._since = self.now  # there is time for another greeting
        reason = error.fields.get("reason", "not_accepted")
        self._refused_now("identity_refused", error.message, reason=reason)
        door = self.reception.door
        wait = await door.wait_for("identity", self.ip, door.limits.identities)
        if self._refused >= IDENTITIES or wait > 0:
            self.close(TOO_MANY if wait > 0 else POLICY, "Too many tokens that are not valid.")

    def _refuse(self, error: BotError, **named: str) -> None:
        fields = {key: error.fields[key] for key in ("retry_after", "reason") if key in error.fields}
        self._refused_now(error.code, error.message, **named, **fields)

    def _refused_now(self, code: str, message: str, **fields: Any) -> None:
        self.say(render.frame("refused", code=code, message=message, **fields))

    def _end_if_pointless(self) -> None:
        if self._mistakes >= MISTAKES:
            self.close(POLICY, "Too many frames that make no sense.")

    def _too_fast(self) -> bool:
        now = self.now
        if now - self._frames_since >= FRAMES_WINDOW:
            self._frames, self._frames_since = 0, now
        self._frames += 1
        return self._frames > FRAMES
