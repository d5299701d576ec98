"""Where a guest is received: with the greeting, with new papers, and when they begin anew."""

from __future__ import annotations

from bot.domain.errors import StoreError
from bot.domain.visit import Fresh, MadeFor, Visit
from connectors.channels.webchat import papers, parse
from connectors.channels.webchat.guest import TOO_MANY, Guest
from connectors.channels.webchat.verify import RENEWED_AFTER, Session

_TRIES = 3


async def hello(guest: Guest, frame: parse.Hello) -> None:
    """Receive a guest, who is nobody before this."""
    guest.leave()
    parse.check_hello(frame)
    shown = _check(guest, frame.identity or "")
    session = guest.reception.sessions.read(frame.session, now=guest.now) if frame.session else None
    guest.take_papers(shown)
    guest.language, guest.page = frame.language or "", frame.page or ""
    stale = Fresh.EXPIRED if frame.session and session is None else None
    await _arrive(guest, session, after=frame.after, stale=stale)


async def identify(guest: Guest, frame: parse.Identify) -> None:
    """Go on as the one whom a new token names; usually nothing else changes."""
    if guest.room is None:
        guest.mistake("no_hello", "Say hello first.")
        return
    shown = _check(guest, frame.identity)
    session = guest.reception.sessions.read(guest.session, now=guest.now)
    guest.leave()
    guest.take_papers(shown)
    await _arrive(guest, session, after=guest.seq)


async def move(guest: Guest, fresh: Fresh) -> None:
    """Receive a guest at an address that nobody has used."""
    await _settle(guest, guest.reception.visits.elsewhere(fresh, guest.papers.claim), None, after=0)


async def _arrive(guest: Guest, session: Session | None, *, after: int, stale: Fresh | None = None) -> None:
    """Find out where a guest is received, and show it; again if it changes meanwhile."""
    reception = guest.reception
    for _ in range(_TRIES):
        ticket = reception.sessions.ticket(session, guest.papers.ref) if session else None
        visit = await reception.visits.arrive(ticket, guest.papers.claim)
        kept = session if session and session.address == visit.address else None
        if await _settle(guest, visit, kept, after=after if kept else 0, stale=stale):
            return
    raise StoreError("The visit changes all the time.")


async def _settle(
    guest: Guest, visit: Visit, session: Session | None, *, after: int, stale: Fresh | None = None
) -> bool:
    """Be at the address of a visit; false if that is somebody else's by now."""
    guest.leave()
    reception, rooms = guest.reception, guest.reception.rooms
    room = guest.room = rooms.enter(guest, visit.address, visit.conversation_id)
    if len(room.present) > reception.door.limits.tabs:
        guest.close(TOO_MANY, "This conversation is open too often.")
        return True
    hints = room.hints
    try:
        look = await reception.visits.look(visit.address, after=after)
        await rooms.places(look)
    except BaseException:
        guest.leave()
        raise
    if guest.room is not room:  # the connection has ended
        return True
    if not guest.may_see(look):
        return False
    if rooms.bind(room, look.conversation_id) or room.hints != hints:
        rooms.look(room)
    rooms.note(room, look)
    guest.session = _token(guest, visit.address, session)
    guest.show(visit, look, visit.fresh or stale)
    return True


def _check(guest: Guest, token: str) -> papers.Papers:
    return papers.check(token, secret=guest.reception.identity_secret, now=guest.now)


def _token(guest: Guest, address: str, session: Session | None) -> str:
    """Return the session to come back with: the same for a day, so that tabs do not chase it."""
    sessions, ref, issued = guest.reception.sessions, guest.papers.ref, guest.now
    if session is not None and guest.now < session.issued + RENEWED_AFTER:
        theirs = MadeFor.THEM if ref else MadeFor.NOBODY
        if sessions.ticket(session, ref).made_for is theirs:
            issued = session.issued
    return sessions.sign(address, now=issued, ref=ref)
