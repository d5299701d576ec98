"""What a guest can do: one function for each kind of frame."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from bot.domain.errors import TooManyRequests
from bot.domain.visit import Fresh
from connectors.channels.webchat import arrival, parse, render
from connectors.channels.webchat.guest import Guest, Work
from connectors.channels.webchat.rooms import Room

TYPING_EVERY = timedelta(seconds=3)
_PONG = render.frame("pong")


async def say(guest: Guest, frame: parse.Say) -> None:
    """Take a message in; it is acknowledged once it is stored for good."""
    room, reception = _room(guest), guest.reception
    parse.check_say(frame)
    wait = await reception.door.message(room.address, guest.ip)
    if wait > 0:
        raise TooManyRequests(retry_after=round(wait, 1))
    files = await reception.media.claim(frame.files, owner=room.address) if frame.files else ()
    inbound = parse.inbound(
        frame,
        address=room.address,
        now=guest.now,
        identity=guest.papers.claim,
        attachments=files,
        language=guest.language,
        page=guest.page,
    )
    # A page that is left in this moment must not undo what is half done.
    accepted = await _surely(reception.intake.accept(inbound))
    if accepted.conversation_id and reception.rooms.bind(room, accepted.conversation_id):
        reception.rooms.look(room)
    guest.say(render.frame("ack", id=frame.id, seq=accepted.message_seq, answering=not accepted.done))


async def typing(guest: Guest, frame: parse.Typing) -> None:
    """Let the desks see it, now and then."""
    room = _room(guest)
    if room.conversation_id and (guest.typed is None or guest.now >= guest.typed + TYPING_EVERY):
        guest.typed = guest.now
        await guest.reception.visits.typing(room.conversation_id)


async def read(guest: Guest, frame: parse.Read) -> None:
    """Note up to where the customer has read, of what was shown."""
    seq = min(frame.seq, guest.seq)
    if seq > guest.read_to:
        guest.read_to = seq
        await guest.reception.visits.read(_room(guest).address, seq=seq)


async def history(guest: Guest, frame: parse.History) -> None:
    """Show older messages."""
    reception = guest.reception
    found, more = await reception.visits.history(
        _room(guest).address, guest.papers.ref, before=frame.before, limit=frame.limit
    )
    guest.say(render.frame("history", messages=render.entries(found, reception.rooms.url), more=more))


async def rate(guest: Guest, frame: parse.Rate) -> None:
    """Keep how the customer found an agent's help."""
    parse.check_rate(frame)
    await guest.reception.visits.rate(
        _room(guest).address, guest.papers.ref, score=frame.score, comment=frame.comment
    )
    guest.say(render.frame("rated"))


async def new(guest: Guest, frame: parse.New) -> None:
    """Begin another conversation."""
    await _count_change(guest)
    await arrival.move(guest, Fresh.NEW)


async def erase(guest: Guest, frame: parse.Erase) -> None:
    """Delete what is stored of the customer, and begin anew."""
    await _count_change(guest)
    guest.received = False  # that it goes is no news to who asked for it
    try:
        await _surely(guest.reception.visits.erase(_room(guest).address, guest.papers.ref))
    except BaseException:
        guest.received = guest.room is not None
        raise
    await arrival.move(guest, Fresh.ERASED)


async def ping(guest: Guest, frame: parse.Ping) -> None:
    """Say that we are there."""
    guest.say(_PONG)


WORK: dict[type, Work] = {
    parse.Hello: arrival.hello,
    parse.Identify: arrival.identify,
    parse.Say: say,
    parse.Typing: typing,
    parse.Read: read,
    parse.History: history,
    parse.Rate: rate,
    parse.New: new,
    parse.Erase: erase,
    parse.Ping: ping,
}
"""What each kind of frame asks for."""


def _room(guest: Guest) -> Room:
    """Return where the guest is: these frames come from those who are received."""
    assert guest.room is not None  # noqa: S101
    return guest.room


async def _count_change(guest: Guest) -> None:
    door = guest.reception.door
    await door.check("change", guest.ip, door.limits.changes)


async def _surely(work: Coroutine[Any, Any, Any]) -> Any:
    """Finish `work` even if the connection ends meanwhile."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


_under_way: set[asyncio.Future[Any]] = set()
"""Held here, because the loop holds tasks only weakly."""
