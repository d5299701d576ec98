"""Who is at which address on this node, and how news reach them.

The bus only says "look". One look at the store serves everybody at an address, a few looks run at once,
and one that is asked for while it runs is done once more. As hints can be lost, every address is also
looked at now and then by its numbers alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import structlog

from bot.domain.conversation import Owner
from bot.domain.errors import StoreError
from bot.domain.message import Attachment
from bot.domain.visit import Look
from bot.http.hints import follow
from bot.ports import Bus, Clock, Hint
from connectors.channels.core import Desk, Visits
from connectors.channels.webchat import render

log = structlog.get_logger("baton.webchat")

_LOOKS_AT_ONCE = 8
_STORE_PAUSE = 1.0
_PLACES_EVERY = 3
_DESK_EVERY = 5
_LOOK_EVERY = 15
"""Seconds, and so ticks, between looks at places, at who is at the desk, and at an address's numbers."""
_LOOK_OFTEN = 3
"""The last one while hints from other nodes do not arrive."""
_PLACES_COUNTED = 200
_NOTHING = ("", 0, 0)


class Present(Protocol):
    """Somebody who is at an address."""

    seq: int

    def news(self, room: Room, look: Look) -> None:
        """Take in what there is now; nobody is waited for."""
        ...

    def typing(self, name: str) -> None:
        """Show that an agent writes."""
        ...

    def tick(self) -> None:
        """Look at the time; called every second."""
        ...


class Room:
    """One address with those who are there."""

    __slots__ = (
        "address", "assignee", "conversation_id", "due", "hints", "looking", "numbers", "owner",
        "present", "shift", "standing",
    )  # fmt: skip

    def __init__(self, address: str, shift: int) -> None:
        self.address = address
        self.conversation_id = ""
        self.present: set[Present] = set()
        self.hints = 0
        self.due = self.looking = False
        self.numbers = _NOTHING
        self.owner = Owner.NOBODY
        self.assignee = ""
        self.standing: Look | None = None
        self.shift = shift


class Rooms:
    """All addresses that somebody is at."""

    def __init__(self, *, visits: Visits, bus: Bus, clock: Clock, url: render.Url) -> None:
        """Look with `visits`; `url` gives the addresses of files."""
        self._visits, self._bus, self._clock = visits, bus, clock
        self._url = url
        self._rooms: dict[str, Room] = {}
        self._by_conversation: dict[str, Room] = {}
        self._present: set[Present] = set()
        self._due: asyncio.Queue[Room] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._desk: Desk | None = None
        self._desk_changed = False
        self._places: dict[str, int] = {}
        self._arrivals = 0

    @property
    def count(self) -> int:
        """Return how many addresses somebody is at."""
        return len(self._rooms)

    async def start(self) -> None:
        """Begin to read the bus."""
        self._desk = await self._visits.desk()
        loop = asyncio.get_running_loop()
        looks = (self._look_at_due() for _ in range(_LOOKS_AT_ONCE))
        works = [follow(self._bus, self._clock, self._take), self._tick(), *looks]
        self._tasks = [loop.create_task(work) for work in works]

    async def stop(self) -> None:
        """Stop reading; those who are here leave by themselves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- coming and going

    def enter(self, guest: Present, address: str, conversation_id: str) -> Room:
        """Put somebody at an address."""
        room = self._rooms.get(address)
        if room is None:
            self._arrivals += 1
            room = self._rooms[address] = Room(address, self._arrivals % _LOOK_EVERY)
        room.present.add(guest)
        if conversation_id:
            self.bind(room, conversation_id)
        return room

    def watch(self, guest: Present) -> None:
        """Look at the time for somebody, wherever they are."""
        self._present.add(guest)

    def forget(self, guest: Present) -> None:
        """Look at nothing more for somebody who is gone."""
        self._present.discard(guest)

    def leave(self, guest: Present, room: Room) -> None:
        """Take somebody away from an address."""
        room.present.discard(guest)
        if not room.present and self._rooms.get(room.address) is room:
            del self._rooms[room.address]
            self._unbind(room)

    def bind(self, room: Room, conversation_id: str) -> bool:
        """Note which conversation is held at an address; say whether that is news."""
        if room.conversation_id == conversation_id or self._rooms.get(room.address) is not room:
            return False
        self._unbind(room)
        room.conversation_id = conversation_id
        if conversation_id:
            self._by_conversation[conversation_id] = room
        return True

    def _unbind(self, room: Room) -> None:
        if self._by_conversation.get(room.conversation_id) is room:
            del self._by_conversation[room.conversation_id]

    # --- what is shown

    def state(self, look: Look) -> bytes:
        """Return how things stand, encoded."""
        desk = self._desk
        return render.state(
            look.standing,
            place=self._places.get(look.conversation_id, 0),
            open_now=desk.open if desk else True,
            online=desk is not None and desk.online > 0,
            hours=desk.opening_hours if desk else "",
        )

    def url(self, attachment: Attachment) -> str:
        """Return where a customer finds a file."""
        return self._url(attachment)

    # --- looking

    def look(self, room: Room) -> None:
        """Have an address looked at as soon as possible."""
        room.hints += 1
        if not room.due and not room.looking:
            room.due = True
            self._due.put_nowait(room)

    async def places(self, look: Look) -> None:
        """Know the place of somebody who waits before it is shown.

        In a queue that is longer than places are counted, many have none: it is not read for each.
        """
        missing = look.standing.owner is Owner.QUEUE and look.conversation_id not in self._places
        if missing and len(self._places) < _PLACES_COUNTED:
            self._places = await self._visits.places()

    async def _look_at_due(self) -> None:
        while True:
            room = await self._due.get()
            room.due = False
            if not room.present:
                continue
            room.looking, hints = True, room.hints
            try:
                await self._look_at(room)
            except StoreError as error:
                log.warning("chat_not_readable", error=str(error))
                asyncio.get_running_loop().call_later(_STORE_PAUSE, self.look, room)
            except Exception:
                log.exception("chat_look_broke")
            finally:
                room.looking = False
            if room.hints != hints:
                self.look(room)

    async def _look_at(self, room: Room) -> None:
        after = min((guest.seq for guest in room.present), default=0)
        look = await self._visits.look(room.address, after=after)
        await self.places(look)
        self.note(room, look)
        for guest in list(room.present):
            guest.news(room, look)

    def note(self, room: Room, look: Look) -> None:
        """Remember what was seen, so that the next one is told only what changed."""
        self.bind(room, look.conversation_id)
        room.owner, room.assignee = look.standing.owner, look.standing.assignee
        room.standing = replace(look, messages=())
        room.numbers = (look.conversation_id, look.last, look.version)

    # --- the bus

    def _take(self, hint: Hint) -> None:
        if hint.kind == "presence":
            self._desk_changed = True  # looked at with the next tick
            return
        room = self._by_conversation.get(hint.conversation_id)
        if room is None or hint.kind == "viewing":
            return
        if hint.kind != "typing":
            self.look(room)
            return
        # Only the agent whose the conversation is may seem to answer, and notes are no answer.
        theirs = room.owner is Owner.AGENT and hint.data.get("agent") == room.assignee
        if theirs and not hint.data.get("note"):
            name = str(hint.data.get("name", ""))
            for guest in room.present:
                guest.typing(name)

    # --- the time

    async def _tick(self) -> None:
        second = 0
        while True:
            await self._clock.sleep(1.0)
            second += 1
            for guest in list(self._present):
                guest.tick()
            try:
                await self._look_around(second)
            except StoreError as error:
                log.warning("chat_not_readable", error=str(error))
            except Exception:
                log.exception("chat_tick_broke")

    async def _look_around(self, second: int) -> None:
        if self._desk_changed or second % _DESK_EVERY == 0:
            await self._look_at_desk()
        if second % _PLACES_EVERY == 0:
            await self._look_at_places()
        every = _LOOK_EVERY if self._bus.healthy else _LOOK_OFTEN
        await self._compare(r for r in self._rooms.values() if r.shift % every == second % every)

    async def _look_at_desk(self) -> None:
        self._desk_changed = False
        before, self._desk = self._desk, await self._visits.desk()
        # How many are there is nothing that customers see.
        if before is None or (before.open, before.online > 0) != (self._desk.open, self._desk.online > 0):
            self._show(self._rooms.values())

    async def _look_at_places(self) -> None:
        waiting = [room for room in self._rooms.values() if room.owner is Owner.QUEUE]
        if not waiting:
            self._places = {}
            return
        self._places = await self._visits.places()
        self._show(waiting)

    def _show(self, rooms: Iterable[Room]) -> None:
        """Tell what changed around a conversation; the store need not be asked for that."""
        for room in list(rooms):
            if room.standing is not None:
                for guest in list(room.present):
                    guest.news(room, room.standing)

    async def _compare(self, rooms: Iterable[Room]) -> None:
        """Look at addresses whose numbers are not those that were seen last."""
        these = {room.address: room for room in rooms}
        if not these:
            return
        found = await self._visits.sequences(list(these))
        for address, room in these.items():
            if room.numbers != found.get(address, _NOTHING):
                self.look(room)
