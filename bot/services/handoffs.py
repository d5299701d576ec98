"""Moves conversations from the bot to people and back: the one place that opens and closes handoffs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.agents import Availability
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.handoff import PRIORITY, Handoff, HandoffSignal, Outcome
from bot.domain.hours import OpeningHours
from bot.domain.ids import new_id
from bot.domain.message import Author
from bot.domain.waits import Minutes, expected
from bot.domain.work import Timer, TimerKind
from bot.ports import Bus, Clock, Tx
from bot.services.record import Record

QUEUE_UPDATE_EVERY = timedelta(seconds=60)
PRIORITY_AGAIN = 40
"""Above every reason's own: these have waited, and were answered, before."""
TOLD = "customer_was_told"
"""Evidence of a handoff that the customer does not know of: for the agent, and for the server."""
LOOKED_AT = 50
QUEUE_PLACE = "utter_system_queue_place"
QUEUE_SHOWN = "utter_system_queue_shown"
"""Said where the channel shows the place itself."""
WAITS_OF = timedelta(days=7)
"""How far back waits say something of today's."""
WAITS_COUNTED = 50
QUEUE_COUNTED = 200
"""Places are counted up to here; further back the customer is told "more than" this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Who could answer at the moment; read from the bus before a transaction begins."""

    online: int
    open: bool
    opening_hours: str
    limit: int = 0
    """Waiting conversations for each agent online beyond which the queue is full; 0 for no bound."""
    present: frozenset[str] | None = None
    """Ids of those who are there, busy or not; None when that cannot be known at the moment."""

    def sentence(self, place: int) -> str:
        """Return the response that tells a customer who waits at `place` what to expect."""
        if not self.open:
            return "utter_system_out_of_hours"
        if not self.online:
            return "utter_system_nobody_online"
        full = self.limit and place > self.limit * self.online
        return "utter_system_queue_full" if full else QUEUE_PLACE


class Handoffs:
    """Opens, places and closes handoffs inside the caller's transaction."""

    def __init__(
        self,
        *,
        record: Record,
        bus: Bus,
        clock: Clock,
        hours: Callable[[], OpeningHours],
        queue_limit: int = 0,
    ) -> None:
        """Share the record with the caller so that one numbering is used.

        `hours` is asked each time: supervisors change them while the server runs.
        `queue_limit` is how many may wait for each agent online until the queue is full; 0 for any.
        """
        self._record = record
        self._bus = bus
        self._clock = clock
        self._hours = hours
        self._limit = queue_limit

    @property
    def hours(self) -> OpeningHours:
        """Return when people answer."""
        return self._hours()

    async def desk(self) -> Desk:
        """Return whether somebody could answer now."""
        presence = await self._bus.presence()
        online = sum(1 for state in presence.values() if state == Availability.ONLINE.value)
        now = self._clock.now()
        offline = Availability.OFFLINE.value
        there = frozenset(agent for agent, state in presence.items() if state != offline)
        hours = self.hours
        return Desk(
            online=online,
            open=hours.is_open(now),
            opening_hours=hours.describe(),
            limit=self._limit,
            present=there if self._bus.healthy else None,
        )

    async def request(
        self,
        tx: Tx,
        conversation: Conversation,
        signal: HandoffSignal,
        *,
        desk: Desk,
        now: datetime,
        slots: dict[str, Any] | None = None,
        reply_to: str = "",
        by: str = "",
    ) -> Conversation:
        """Put the conversation into the queue and tell the customer why and where they stand."""
        if signal.quiet:
            return await self.open_quietly(tx, conversation, signal, now=now, slots=slots, by=by)
        sentence = f"utter_system_handoff_{signal.reason.value}"
        conversation = await self.open(tx, conversation, signal, now=now, slots=slots, by=by)
        conversation, _ = await self._record.system(tx, conversation, sentence, now, reply_to=reply_to)
        return await self.tell_place(tx, conversation, desk=desk, now=now, reply_to=reply_to)

    async def open(
        self,
        tx: Tx,
        conversation: Conversation,
        signal: HandoffSignal,
        *,
        now: datetime,
        slots: dict[str, Any] | None = None,
        event: OwnerEvent = OwnerEvent.HANDOFF_REQUESTED,
        by: str = "",
    ) -> Conversation:
        """Move to the queue without a word to the customer; `by` as for `Record.move`."""
        moved = await self._record.move(tx, conversation, event, now=now, by=by, team=signal.team)
        moved = await self.begin(tx, moved, signal, now=now, slots=slots)
        await tx.clear_timer(conversation.id, TimerKind.SESSION_EXPIRY)
        return await self._record.event(
            tx, moved, "handoff_requested", now, reason=signal.reason.value, handoff=moved.handoff_id
        )

    async def begin(
        self,
        tx: Tx,
        conversation: Conversation,
        signal: HandoffSignal,
        *,
        now: datetime,
        slots: dict[str, Any] | None = None,
    ) -> Conversation:
        """Note a handoff; whose the conversation is by that, the caller decides."""
        priority = PRIORITY[signal.reason] if signal.priority is None else signal.priority
        handoff = Handoff(
            id=new_id(now),
            conversation_id=conversation.id,
            reason=signal.reason,
            evidence=signal.evidence,
            priority=priority,
            team=signal.team,
            skills=signal.skills,
            language=conversation.language,
            requested_at=now,
            slots=slots or {},
        )
        await tx.put_handoff(handoff)
        await tx.clear_timer(conversation.id, TimerKind.OFFER)
        return replace(conversation, handoff_id=handoff.id, priority=priority)

    async def open_quietly(
        self,
        tx: Tx,
        conversation: Conversation,
        signal: HandoffSignal,
        *,
        now: datetime,
        slots: dict[str, Any] | None = None,
        event: OwnerEvent = OwnerEvent.HANDOFF_REQUESTED,
        by: str = "",
    ) -> Conversation:
        """Move to the queue without a word; see `untold` for how long that holds."""
        signal = quietly(signal)
        conversation = await self.open(tx, conversation, signal, now=now, slots=slots, event=event, by=by)
        await self.wait_quietly(tx, conversation, now)
        return conversation

    async def wait_quietly(self, tx: Tx, conversation: Conversation, now: datetime) -> None:
        """Look again in a while whether the customer is to be told of their place."""
        kind, due = TimerKind.QUEUE_UPDATE, now + QUEUE_UPDATE_EVERY
        timer = Timer(conversation_id=conversation.id, kind=kind, due_at=due, payload={"quiet": True})
        await tx.set_timer(timer)

    async def untold(self, tx: Tx, conversation: Conversation) -> bool:
        """Say whether the customer knows nothing of the open handoff: the server then says nothing of
        it by itself, neither of places nor of who comes and goes.

        It ends when the customer writes, or an agent to them.
        """
        handoff = await tx.handoff(conversation.handoff_id) if conversation.handoff_id else None
        if handoff is None or handoff.evidence.get(TOLD) is not False:
            return False
        last = await tx.last_messages(conversation.id, limit=LOOKED_AT)
        people = (Author.CUSTOMER, Author.AGENT)
        return not any(
            m.author in people and m.visible_to_customer and m.created_at > handoff.requested_at
            for m in last
        )

    async def place(self, tx: Tx, conversation: Conversation) -> int:
        """Return the place in the queue, 1 for the next; counts up to QUEUE_COUNTED.

        A conversation that this transaction has just moved is not stored yet and stands last of its
        priority.
        """
        waiting = await tx.conversations(owner=Owner.QUEUE, limit=QUEUE_COUNTED)
        for position, other in enumerate(waiting, start=1):
            if other.id == conversation.id:
                return position
        return 1 + sum(1 for other in waiting if other.priority >= conversation.priority)

    async def wait(self, tx: Tx, place: int, desk: Desk, now: datetime) -> Minutes | None:
        """Return the minutes that somebody at `place` most likely waits; None if that is not known."""
        if not desk.open or not desk.online:
            return None
        waits = await tx.recent_waits(since=now - WAITS_OF, limit=WAITS_COUNTED)
        return expected(waits, place=place, online=desk.online)

    async def tell_place(
        self,
        tx: Tx,
        conversation: Conversation,
        *,
        desk: Desk,
        now: datetime,
        reply_to: str = "",
        sentence: str = "",
        reminders: int = 0,
    ) -> Conversation:
        """Tell the customer how things stand, and arrange for the next word.

        `sentence` is said instead of the usual one; `reminders` counts those of this wait.
        """
        place = await self.place(tx, conversation)
        name, wait = desk.sentence(place), await self.wait(tx, place, desk, now)
        values: dict[str, Any] = {"place": place, "opening_hours": desk.opening_hours}
        if name == QUEUE_PLACE and not sentence:
            shown = self._record.shows_place(conversation)
            sentence = QUEUE_SHOWN if shown else name
            if wait is not None:
                sentence = f"{QUEUE_SHOWN}_wait" if shown else "utter_system_queue_wait"
                values = {"place": place, "low": wait[0], "high": wait[1]}
        conversation, said = await self._record.system(
            tx, conversation, sentence or name, now, reply_to=reply_to, **values
        )
        if said is None and sentence.startswith(QUEUE_SHOWN):
            # A model that was trained before there were these words still offers the choices with its own.
            conversation, _ = await self._record.system(
                tx, conversation, QUEUE_PLACE, now, reply_to=reply_to, place=place
            )
        await tx.set_timer(
            Timer(
                conversation_id=conversation.id,
                kind=TimerKind.QUEUE_UPDATE,
                due_at=now + QUEUE_UPDATE_EVERY,
                payload={"place": place, "said": name, "wait": wait, "reminders": reminders},
            )
        )
        return conversation

    async def accepted(self, tx: Tx, conversation: Conversation, agent_id: str, now: datetime) -> None:
        """Note who took the open handoff."""
        handoff = await tx.handoff(conversation.handoff_id) if conversation.handoff_id else None
        if handoff is not None:
            first = handoff.accepted_at or now
            await tx.put_handoff(replace(handoff, agent_id=agent_id, accepted_at=first))
        await tx.clear_timer(conversation.id, TimerKind.QUEUE_UPDATE)
        await tx.clear_timer(conversation.id, TimerKind.LEAVE_MESSAGE)

    async def close(
        self, tx: Tx, conversation: Conversation, outcome: Outcome, now: datetime
    ) -> Conversation:
        """End the open handoff, if there is one, and its timers."""
        handoff = await tx.handoff(conversation.handoff_id) if conversation.handoff_id else None
        if handoff is not None and handoff.closed_at is None:
            await tx.put_handoff(replace(handoff, closed_at=now, outcome=outcome))
        await tx.clear_timer(conversation.id, TimerKind.QUEUE_UPDATE)
        await tx.clear_timer(conversation.id, TimerKind.LEAVE_MESSAGE)
        return replace(conversation, handoff_id="", priority=0)


def quietly(signal: HandoffSignal) -> HandoffSignal:
    """Return a signal for a handoff that the customer is not told of."""
    return replace(signal, evidence={**signal.evidence, TOLD: False})


def next_in_line(conversation: Conversation) -> Conversation:
    """Return a conversation that waits for people a second time: it does not join at the end again."""
    return replace(conversation, priority=max(conversation.priority, PRIORITY_AGAIN))
