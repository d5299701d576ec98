"""One visitor, however they are connected: takes frames, and says frames.

A guest is received at one address at a time. What they may see is decided anew at each look: when
somebody else has signed in at the address, or their own identity token has expired, they see nothing
until they have shown who they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.errors import (
    BotError,
    Conflict,
    DomainError,
    IdentityRefused,
    InvalidInput,
    NotPermitted,
    OtherCustomer,
    StoreError,
    TooManyRequests,
)
from bot.domain.message import Attachment, IdentityClaim
from bot.domain.visit import Fresh, Look, MadeFor, Visit
from bot.ports import Clock
from connectors.channels.core import Intake, Media, Visits
from connectors.channels.core import identity as tokens
from connectors.channels.webchat import parse, render
from connectors.channels.webchat.limits import Doorkeeper
from connectors.channels.webchat.rooms import Room, Rooms
from connectors.channels.webchat.verify import RENEWED_AFTER, Session, Sessions

log = structlog.get_logger("baton.webchat")

HELLO_WITHIN = timedelta(seconds=10)
IDENTIFY_WITHIN = timedelta(seconds=60)
TYPING_EVERY = timedelta(seconds=3)
AGAIN = 2.0
"""Seconds after which the widget may try again what the store could not take."""
MISTAKES = 10
IDENTITIES = 5
"""Frames that make no sense, and tokens that are refused, after which a connection ends."""
FRAMES, FRAMES_WINDOW = 120, timedelta(seconds=10)
POLICY, IDENTITY_ENDED, NO_HELLO, TOO_MANY = 1008, 4401, 4408, 4429
_PONG = render.frame("pong")
_ARRIVALS = 3

Close = tuple[int, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reception:
    """What all guests share."""

    intake: Intake
    visits: Visits
    media: Media
    rooms: Rooms
    door: Doorkeeper
    sessions: Sessions
    clock: Clock
    identity_secret: str
    limits: render.Limits


class Guest:
    """Somebody at the chat; `say` takes each frame for them, `close` ends the connection."""

    __slots__ = (
        "_claim", "_close", "_conversation", "_desk", "_expires", "_frames", "_frames_since", "_ip",
        "_language", "_mistakes", "_needed", "_page", "_read", "_refused", "_room", "_say",
        "_session", "_since", "_state", "_typed", "received", "seq",
    )  # fmt: skip

    def __init__(
        self, desk: Reception, *, ip: str, say: Callable[[bytes], Any], close: Callable[[int, str], Any]
    ) -> None:
        self._desk, self._ip, self._say, self._close = desk, ip, say, close
        self._since = self._frames_since = desk.clock.now()
        self._frames = self._mistakes = self._refused = 0
        self._claim: IdentityClaim | None = None
        self._expires: datetime | None = None
        self._needed: datetime | None = None
        self._session = self._conversation = ""
        self._language = self._page = ""
        self._room: Room | None = None
        self._state = b""
        self._typed: datetime | None = None
        self._read = 0
        self.seq = 0
        self.received = False

    # --- what the room calls

    def news(self, room: Room, look: Look) -> None:
        """Show what is new, if it may be shown."""
        if not self.received or room is not self._room or self._needed is not None:
            return
        if not self._may_see(look.customer_ref):
            self._ask_who()
            return
        if self._is_other(look):
            self._begin_again(room, look)
            return
        self._conversation = look.conversation_id
        if look.last > self.seq:
            messages = render.entries(look.messages, self._desk.rooms.url, self.seq)
            self.seq = look.last
            if messages:
                self._say(render.frame("messages", messages=messages, last=look.last))
        state = self._desk.rooms.state(look)
        if state != self._state:
            self._state = state
            self._say(render.state_frame(state))

    def typing(self, name: str) -> None:
        """Show that an agent writes."""
        if self.received and self._needed is None:
            self._say(render.frame("typing", name=name))

    def tick(self) -> None:
        """End what has taken too long, and ask for what has expired."""
        now = self._desk.clock.now()
        if self._room is None and now >= self._since + HELLO_WITHIN:
            self._close(NO_HELLO, "No hello came.")
        elif self._needed is not None and now >= self._needed:
            self._close(IDENTITY_ENDED, "The identity token has expired.")
        elif self._needed is None and self._has_expired(now):
            self._ask_who()

    def leave(self) -> None:
        """Be at no address any more."""
        if self._room is not None:
            self._desk.rooms.leave(self, self._room)
        self._room, self.received, self._state = None, False, b""

    # --- what the visitor sends

    async def receive(self, raw: bytes) -> None:
        """Do what one frame asks for; whatever is wrong with it is said in a frame."""
        if self._too_fast():
            self._mistake("too_many_requests", "Too many frames; try again later.")
            return
        try:
            frame = parse.read(raw)
        except DomainError as error:
            message_id = parse.id_of(raw)
            if message_id:
                self._refuse(error, id=message_id)
            self._mistake(error.code, error.message)
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
            self._refused_now(
                "unavailable", "The message cannot be stored at the moment.", retry_after=AGAIN, **named
            )
        except Conflict as error:
            self._refuse(error, **named)
        except DomainError as error:
            self._refuse(error, **named)
            if not named and not isinstance(error, TooManyRequests):
                self._mistakes += 1
        except Exception as error:  # a mistake of ours must not end the conversation
            log.exception("chat_frame_broke", frame=type(frame).__name__, error=type(error).__name__)
            self._refused_now("internal", BotError.public_message, retry_after=AGAIN, **named)
        self._end_if_pointless()

    async def _do(self, frame: parse.Frame) -> None:
        if isinstance(frame, parse.Ping):
            self._say(_PONG)
        elif isinstance(frame, parse.Hello):
            await self._hello(frame)
        elif isinstance(frame, parse.Identify) and self._room is not None:
            await self._identify(frame)
        elif not self.received or self._room is None:
            self._mistake("no_hello", "Say hello first.")
        elif self._needed is not None or self._has_expired(self._desk.clock.now()):
            raise OtherCustomer
        else:
            await _WORK[type(frame)](self, self._room, frame)

    # --- being received

    async def _hello(self, frame: parse.Hello) -> None:
        self.leave()
        parse.check_hello(frame)
        claim, expires = self._claimed(frame.identity)
        now = self._desk.clock.now()
        session = self._desk.sessions.read(frame.session, now=now) if frame.session else None
        self._claim, self._expires, self._needed = claim, expires, None
        self._language, self._page = frame.language, frame.page
        stale = Fresh.EXPIRED if frame.session and session is None else None
        await self._arrive(session, after=frame.after, stale=stale)

    async def _identify(self, frame: parse.Identify) -> None:
        """Go on as the one whom a new token names; usually nothing else changes."""
        claim, expires = self._claimed(frame.identity)
        session = self._desk.sessions.read(self._session, now=self._desk.clock.now())
        after = self.seq
        self.leave()
        self._claim, self._expires, self._needed = claim, expires, None
        await self._arrive(session, after=after)

    def _claimed(self, token: str) -> tuple[IdentityClaim | None, datetime | None]:
        if not token:
            return None, None
        secret, now = self._desk.identity_secret, self._desk.clock.now()
        try:
            return tokens.read(token, secret=secret, now=now)
        except NotPermitted as error:  # there is no key to check it with
            raise IdentityRefused(error.message, reason="not_accepted") from None
        except InvalidInput as error:
            raise IdentityRefused(error.message, reason="malformed") from None

    async def _arrive(self, session: Session | None, *, after: int, stale: Fresh | None = None) -> None:
        """Find out where the guest is received, and show it; again if it changes meanwhile."""
        for _ in range(_ARRIVALS):
            ticket = self._desk.sessions.ticket(session, self._ref) if session else None
            visit = await self._desk.visits.arrive(ticket, self._claim)
            kept = session if session and session.address == visit.address else None
            if await self._settle(visit, kept, after=after if kept else 0, stale=stale):
                return
        raise StoreError("The visit changes all the time.")

    async def _settle(
        self, visit: Visit, session: Session | None, *, after: int, stale: Fresh | None = None
    ) -> bool:
        """Be at the address of a visit; false if that is somebody else's by now."""
        self.leave()
        rooms = self._desk.rooms
        room = self._room = rooms.enter(self, visit.address, visit.conversation_id)
        if len(room.present) > self._desk.door.limits.tabs:
            self._close(TOO_MANY, "This conversation is open too often.")
            return True
        hints = room.hints
        try:
            look = await self._desk.visits.look(visit.address, after=after)
            await rooms.places(look)
        except BaseException:
            self.leave()
            raise
        if self._room is not room:  # the connection has ended
            return True
        if not self._may_see(look.customer_ref):
            return False
        if rooms.bind(room, look.conversation_id) or room.hints != hints:
            rooms.look(room)
        rooms.note(room, look)
        self._ready(visit, look, self._token(visit.address, session), visit.fresh or stale)
        return True

    def _ready(self, visit: Visit, look: Look, token: str, fresh: Fresh | None) -> None:
        rooms, now = self._desk.rooms, self._desk.clock.now()
        self._session, self._conversation = token, look.conversation_id
        self._read, self.seq = look.standing.read, look.last
        self._state, self.received = rooms.state(look), True
        until = None
        if self._expires is not None:
            until = max(0, int((self._expires - now).total_seconds()))
        self._say(
            render.ready(
                session=token,
                fresh=fresh,
                name=visit.name,
                signed_in=self._claim is not None,
                messages=render.entries(look.messages, rooms.url),
                reset=look.reset,
                more=look.more,
                last=look.last,
                state=self._state,
                limits=self._desk.limits,
                identity_until=until,
            )
        )

    def _token(self, address: str, session: Session | None) -> str:
        """Return the session to come back with: the same for a day, so that tabs do not chase it."""
        now = self._desk.clock.now()
        fit = session is not None and now < session.issued + RENEWED_AFTER
        if (
            session is not None
            and fit
            and self._desk.sessions.ticket(session, self._ref).made_for
            is (MadeFor.THEM if self._ref else MadeFor.NOBODY)
        ):
            return self._desk.sessions.sign(address, now=session.issued, ref=self._ref)
        return self._desk.sessions.sign(address, now=now, ref=self._ref)

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
            self._desk.rooms.look(room)
            return
        visit = Visit(address=room.address, name=self._claim.name if self._claim else "")
        self._ready(visit, replace(look, reset=True), self._session, Fresh.ERASED if gone else None)

    # --- what may be done

    async def _message(self, room: Room, frame: parse.Say) -> None:
        parse.check_say(frame)
        wait = await self._desk.door.message(room.address, self._ip)
        if wait > 0:
            raise TooManyRequests(retry_after=round(wait, 1))
        inbound = parse.inbound(
            frame,
            address=room.address,
            now=self._desk.clock.now(),
            identity=self._claim,
            attachments=await self._files(frame.files, room.address),
            language=self._language,
            page=self._page,
        )
        # A page that is left in this moment must not undo what is half done.
        accepted = await _surely(self._desk.intake.accept(inbound))
        if accepted.conversation_id and self._desk.rooms.bind(room, accepted.conversation_id):
            self._desk.rooms.look(room)
        self._say(render.frame("ack", id=frame.id, seq=accepted.message_seq, answering=not accepted.done))

    async def _files(self, ids: list[str], address: str) -> tuple[Attachment, ...]:
        if not ids:
            return ()
        return await self._desk.media.claim(ids, owner=address)

    async def _typing(self, room: Room, frame: parse.Typing) -> None:
        now = self._desk.clock.now()
        if room.conversation_id and (self._typed is None or now >= self._typed + TYPING_EVERY):
            self._typed = now
            await self._desk.visits.typing(room.conversation_id)

    async def _seen(self, room: Room, frame: parse.Read) -> None:
        seq = min(frame.seq, self.seq)
        if seq > self._read:
            self._read = seq
            await self._desk.visits.read(room.address, seq=seq)

    async def _history(self, room: Room, frame: parse.History) -> None:
        found, more = await self._desk.visits.history(
            room.address, self._ref, before=frame.before, limit=frame.limit
        )
        messages = render.entries(found, self._desk.rooms.url)
        self._say(render.frame("history", messages=messages, more=more))

    async def _rate(self, room: Room, frame: parse.Rate) -> None:
        parse.check_rate(frame)
        await self._desk.visits.rate(room.address, self._ref, score=frame.score, comment=frame.comment)
        self._say(render.frame("rated"))

    async def _new(self, room: Room, frame: parse.New) -> None:
        await self._desk.door.check("change", self._ip, self._desk.door.limits.changes)
        await self._settle(self._desk.visits.elsewhere(Fresh.NEW, self._claim), None, after=0)

    async def _erase(self, room: Room, frame: parse.Erase) -> None:
        await self._desk.door.check("change", self._ip, self._desk.door.limits.changes)
        self.received = False  # that it goes is no news to who asked for it
        try:
            await _surely(self._desk.visits.erase(room.address, self._ref))
        except BaseException:
            self.received = True
            raise
        await self._settle(self._desk.visits.elsewhere(Fresh.ERASED, self._claim), None, after=0)

    # --- who it is

    @property
    def _ref(self) -> str:
        return self._claim.directory_ref if self._claim else ""

    def _has_expired(self, now: datetime) -> bool:
        return self._expires is not None and now >= self._expires + tokens.LEEWAY

    def _may_see(self, customer_ref: str) -> bool:
        return not customer_ref or (
            customer_ref == self._ref and not self._has_expired(self._desk.clock.now())
        )

    def _ask_who(self) -> None:
        """Show nothing more until the widget has said who is there."""
        if self._needed is None:
            self._needed = self._desk.clock.now() + IDENTIFY_WITHIN
            self._say(render.frame("identity_needed", within=int(IDENTIFY_WITHIN.total_seconds())))

    async def _identity_refused(self, error: DomainError) -> None:
        """A token that cannot be believed makes nobody a stranger: it is refused, and counted."""
        self._refused += 1
        self._since = self._desk.clock.now()  # there is time for another greeting
        reason = error.fields.get("reason", "not_accepted")
        self._refused_now("identity_refused", error.message, reason=reason)
        limits = self._desk.door.limits
        wait = await self._desk.door.wait_for("identity", self._ip, limits.identities)
        if self._refused >= IDENTITIES or wait > 0:
            self._close(TOO_MANY if wait > 0 else POLICY, "Too many tokens that are not valid.")

    # --- what is wrong

    def _refuse(self, error: BotError, **named: str) -> None:
        fields = {key: error.fields[key] for key in ("retry_after", "reason") if key in error.fields}
        self._refused_now(error.code, error.message, **named, **fields)

    def _refused_now(self, code: str, message: str, **fields: Any) -> None:
        self._say(render.frame("refused", code=code, message=message, **fields))

    def _mistake(self, code: str, message: str) -> None:
        self._mistakes += 1
        self._say(render.frame("error", code=code, message=message))
        self._end_if_pointless()

    def _end_if_pointless(self) -> None:
        if self._mistakes >= MISTAKES:
            self._close(POLICY, "Too many frames that make no sense.")

    def _too_fast(self) -> bool:
        now = self._desk.clock.now()
        if now - self._frames_since >= FRAMES_WINDOW:
            self._frames, self._frames_since = 0, now
        self._frames += 1
        return self._frames > FRAMES


async def _surely(work: Coroutine[Any, Any, Any]) -> Any:
    """Finish `work` even if the connection ends meanwhile."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


_under_way: set[asyncio.Future[Any]] = set()
"""Held here, because the loop holds tasks only weakly."""
_WORK: dict[type, Callable[[Guest, Room, Any], Coroutine[Any, Any, None]]] = {
    parse.Say: Guest._message,
    parse.Typing: Guest._typing,
    parse.Read: Guest._seen,
    parse.History: Guest._history,
    parse.Rate: Guest._rate,
    parse.New: Guest._new,
    parse.Erase: Guest._erase,
}
