"""Reminders: kept with the turn that sets them; when they are due, the bot's turn or people's to know.

Whoever owns the conversation when a reminder comes due hears of it: an event in the transcript names
what was due. The bot gets a turn for it, through the inbox like a customer's message. A conversation
that had ended goes back to the bot for that (`OwnerEvent.REMINDED`), as a fresh start. In the queue and
with an agent the event is all: the bot stays silent, and the person decides what to make of it.

A reminder's turn is for whom the turn that set it was for, but not as signed in (`InboxRow.trust`): it
may look at what it is about and at how they want to hear of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.agents import SYSTEM
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.customer import TRUST_RANK, Trust
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.ids import new_id
from bot.domain.reminders import SILENCE, Reminder, in_words, payload_of
from bot.domain.turn import TurnResult
from bot.domain.work import InboxKind, InboxRow, Timer, TimerKind
from bot.ports import Tx
from bot.services.handoffs import Handoffs
from bot.services.record import Record

log = structlog.get_logger(__name__)

MAX_REMINDERS = 20
"""Of one conversation, at a time."""
FURTHEST = timedelta(days=366)
LONGEST_NAME, LONGEST_PAYLOAD = 200, 2_000
SHORTEST_AGAIN = timedelta(minutes=1)
"""A reminder that a reminder sets is not due before this, so that none can keep an engine busy."""
PUT_OFF_FOR = timedelta(minutes=5)
MAX_TRIES = 3
"""A reminder whose turn failed this often goes to a person."""


class Reminders:
    """Sets, takes back and brings up reminders inside the caller's transaction."""

    def __init__(
        self, *, record: Record, handoffs: Handoffs, expiry: timedelta, silence: timedelta
    ) -> None:
        """`silence` is how long a question waits for its answer until the bot says a word; 0 for ever.

        `expiry` ends a conversation that a reminder has opened again.
        """
        self._record = record
        self._handoffs = handoffs
        self._expiry = expiry
        self._silence = silence

    async def keep(
        self, tx: Tx, conversation: Conversation, row: InboxRow, result: TurnResult, now: datetime
    ) -> None:
        """Do with the timers what a turn asks; `row` is what it answered."""
        if not result.withdrawn and not result.reminders:
            return
        kind, there = TimerKind.REMINDER, set()
        for timer in await tx.timers(conversation.id, kind):
            if any(wish.fits(timer.name, timer.payload["payload"]) for wish in result.withdrawn):
                await tx.clear_timer(conversation.id, kind, timer.name)
            else:
                there.add(timer.name)
        earliest = now if row.kind is InboxKind.MESSAGE else now + SHORTEST_AGAIN
        for reminder in result.reminders:
            if why := _refusal(reminder, there, now):
                log.warning(
                    "reminder_refused", conversation_id=conversation.id, intent=reminder.intent, why=why
                )
                continue
            there.add(reminder.name)
            timer = Timer(
                conversation_id=conversation.id,
                kind=kind,
                name=reminder.name,
                due_at=max(reminder.due_at, earliest),
                payload={"payload": reminder.payload, "trust": _unattended(row.trust)},
                until_written=reminder.until_written,
            )
            await tx.set_timer(timer)

    async def await_answer(self, tx: Tx, conversation: Conversation, row: InboxRow, now: datetime) -> None:
        """Arrange for one word of the bot's if the question that it has just asked is not answered.

        `row` is what it asked in answer to. On every channel: where nothing is pushed, the word is
        among the messages that can be fetched, and is no reply to anything.
        """
        if not self._silence:
            return
        payload = {
            "payload": payload_of(SILENCE, {}),
            # Another owner since then, be it for a moment only: nobody waits for that answer any more.
            "owner_version": conversation.owner_version,
            "trust": _unattended(row.trust),
        }
        timer = Timer(
            conversation_id=conversation.id,
            kind=TimerKind.NUDGE,
            due_at=now + self._silence,
            payload=payload,
            until_written=True,
        )
        await tx.set_timer(timer)

    async def due(
        self, tx: Tx, conversation: Conversation, timer: Timer, now: datetime
    ) -> Conversation | None:
        """Bring up what is due; the caller stores the conversation that is returned."""
        payload = timer.payload["payload"]
        if timer.kind is TimerKind.NUDGE:
            if await _pointless(tx, conversation, timer):
                return None
        elif conversation.owner is Owner.NOBODY:
            conversation = await self._reopen(tx, conversation, now)
        about = in_words(payload)
        conversation = await self._record.event(tx, conversation, "reminder_due", now, due=about)
        if conversation.owner is not Owner.BOT:
            return conversation
        if conversation.reopens_to_queue or not may_write(conversation, now):
            signal = HandoffSignal(reason=Reason.BUSINESS_RULE, evidence={"due": about}, quiet=True)
            conversation = replace(conversation, reopens_to_queue=False)
            return await self._handoffs.open_quietly(tx, conversation, signal, now=now, by=SYSTEM)
        row = InboxRow(
            id=new_id(now),
            conversation_id=conversation.id,
            message_seq=conversation.seq,
            received_at=now,
            due_at=now,
            text=timer.name,
            payload=payload,
            attempts=timer.payload.get("tries", 0),
            kind=InboxKind.NUDGE if timer.until_written else InboxKind.REMINDER,
            trust=Trust(timer.payload.get("trust", Trust.ANONYMOUS)),
        )
        await tx.add_inbox(row)
        return conversation

    async def _reopen(self, tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
        kind, due = TimerKind.SESSION_EXPIRY, now + self._expiry
        await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=due))
        # A fresh start, as when the customer writes: what was half asked is not continued.
        conversation = await self._record.move(tx, conversation, OwnerEvent.REMINDED, now=now)
        return replace(conversation, returned_at=now)

    async def put_off(self, tx: Tx, row: InboxRow, now: datetime) -> bool:
        """Try a reminder whose turn failed again, later; false when that was done often enough.

        A word about silence is not worth it, and neither is a reminder that has been set anew.
        """
        tries, kind = row.attempts + 1, TimerKind.REMINDER
        if row.payload == payload_of(SILENCE, {}):
            return True
        if tries >= MAX_TRIES:
            return False
        if row.text not in {timer.name for timer in await tx.timers(row.conversation_id, kind)}:
            timer = Timer(
                conversation_id=row.conversation_id,
                kind=kind,
                name=row.text,
                due_at=now + PUT_OFF_FOR,
                payload={"payload": row.payload, "tries": tries, "trust": _unattended(row.trust)},
                until_written=row.kind is InboxKind.NUDGE,
            )
            await tx.set_timer(timer)
        return True


def may_write(conversation: Conversation, now: datetime) -> bool:
    """Say whether the channel lets us write without having been written to.

    This is the place for a channel's reply window and for what it allows outside of it (templates).
    So far: once the window has closed, a person decides how to reach the customer.
    """
    return conversation.reply_until is None or now < conversation.reply_until


def overtaken(rows: Collection[InboxRow]) -> list[str]:
    """Return the ids of the nudges among pending rows that a customer's message made pointless."""
    if not any(row.kind is InboxKind.MESSAGE for row in rows):
        return []
    return [row.id for row in rows if row.kind is InboxKind.NUDGE]


def _unattended(trust: Trust) -> str:
    """Return the trust that is left of a turn's once its customer is not there any more."""
    return min(trust, Trust.CHANNEL, key=lambda one: TRUST_RANK[one]).value


async def _pointless(tx: Tx, conversation: Conversation, timer: Timer) -> bool:
    same = conversation.owner_version == timer.payload["owner_version"]
    return not same or conversation.owner is not Owner.BOT or bool(await tx.pending(conversation.id))


def _refusal(reminder: Reminder, there: Collection[str], now: datetime) -> str:
    """Say why a reminder cannot be kept; empty if it can."""
    if reminder.due_at > now + FURTHEST:
        return "too far ahead"
    if len(reminder.name) > LONGEST_NAME or len(reminder.payload) > LONGEST_PAYLOAD:
        return "too long"
    if reminder.name not in there and len(there) >= MAX_REMINDERS:
        return "too many"
    return ""
