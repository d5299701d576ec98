"""Does what is due: session ends, words to those who wait, silent agents, reminders, clean-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.errors import StoreError
from bot.domain.waits import differs
from bot.domain.work import Timer, TimerKind
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.attention import Attention
from bot.services.fetching import Fetching
from bot.services.handoffs import QUEUE_UPDATE_EVERY, Desk, Handoffs
from bot.services.record import Record
from bot.services.reminders import Reminders
from bot.services.tasks import Tasks
from bot.services.waiting import Waiting

log = structlog.get_logger(__name__)

STILL_WAITING = "utter_system_still_waiting"
LOOK_EVERY = 1.0
BROKEN_WAITS = timedelta(minutes=5)
"""Until a timer that raised an error is tried again."""
CLEAN_EVERY = timedelta(hours=1)
DEDUPE_KEPT = timedelta(days=7)
"""How long a platform's message id is remembered; the longest redelivery known is a day."""

_Handler = Callable[[Tx, Conversation, Timer, Desk, datetime], Awaitable[Conversation | None]]


class Timers:
    """Takes due timers one by one, each in a transaction with what it does."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        handoffs: Handoffs,
        expiry: timedelta,
        retention: timedelta,
        queue_bound: timedelta,
        sent: Callable[[], None],
        reminders: Reminders,
        tasks: Tasks,
        waiting: Waiting,
        attention: Attention,
        wake: Callable[[str], None],
        fetching: Fetching,
        clean_media: Callable[[], Awaitable[int]],
    ) -> None:
        """`expiry` ends silent talks with the bot; `retention` is how long ended talks are kept.

        `queue_bound` is how long a customer may wait for a person until more than a place is said.
        `wake` tells the dispatcher of reminders that are due, `fetching` brings customers' files over,
        `clean_media` forgets unsent ones.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._record = record
        self._handoffs = handoffs
        self._expiry = expiry
        self._retention = retention
        self._queue_bound = queue_bound
        self._sent = sent
        self._reminders = reminders
        self._waiting = waiting
        self._wake = wake
        self._fetching = fetching
        self._clean_media = clean_media
        self._cleaned: datetime | None = None
        self._handlers: dict[TimerKind, _Handler] = {
            TimerKind.SESSION_EXPIRY: self._session_expiry,
            TimerKind.QUEUE_UPDATE: self._queue_update,
            TimerKind.AGENT_SILENT: attention.agent_silent,
            TimerKind.AGENT_GONE: attention.agent_gone,
            TimerKind.CUSTOMER_SILENT: attention.customer_silent,
            TimerKind.REMINDER: self._reminder,
            TimerKind.NUDGE: self._reminder,
            TimerKind.LEAVE_MESSAGE: self._leave_message,
            TimerKind.TASK_DUE: tasks.overdue,
            TimerKind.FETCH_FILE: self._fetch_file,
        }

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                while await self.run_due():
                    pass
                await self.clean()
            except StoreError as error:
                log.warning("timers_not_stored", error=str(error))
            except Exception:  # a broken timer must not stop the others
                log.exception("timer_broke")
            await asyncio.sleep(LOOK_EVERY)

    async def run_due(self) -> bool:
        """Do the timer that is due longest; return whether there was one to do."""
        now = self._clock.now()
        next_at = await self._store.read(lambda tx: tx.next_timer_at())
        if next_at is None or next_at > now:
            return False
        desk = await self._handoffs.desk()
        taken: list[Timer] = []
        try:
            changed = await self._store.write(lambda tx: self._fire(tx, desk, now, taken))
        except StoreError:
            raise
        except Exception:
            # Its transaction is undone, so it is still the first in line: the others would wait for ever.
            log.exception("timer_broke", kind=taken[-1].kind.value if taken else "")
            later = [replace(timer, due_at=now + BROKEN_WAITS) for timer in taken[-1:]]
            await self._store.write(lambda tx: _set(tx, later))
            return bool(later)
        if taken and taken[-1].kind is TimerKind.FETCH_FILE:
            self._fetching.begin(taken[-1])
        if changed is not None:
            self._sent()
            await self._bus.publish(Hint(conversation_id=changed.id, seq=changed.seq, kind="owner"))
            if changed.owner is Owner.BOT:
                self._wake(changed.id)
        return bool(taken)  # none: another node is at it

    async def clean(self) -> int:
        """Delete what is older than the retention time, at most once an hour."""
        now = self._clock.now()
        if self._cleaned is not None and now - self._cleaned < CLEAN_EVERY:
            return 0
        self._cleaned = now
        gone = 0
        while batch := await self._store.write(
            lambda tx: tx.prune(conversations_before=now - self._retention, dedupe_before=now - DEDUPE_KEPT)
        ):
            gone += batch
        files = await self._clean_media()
        if gone or files:
            log.info("retention", conversations=gone, files=files)
        return gone

    async def _fire(self, tx: Tx, desk: Desk, now: datetime, taken: list[Timer]) -> Conversation | None:
        timer = await tx.take_timer(now)
        if timer is None:
            return None
        taken.append(timer)
        handler = self._handlers.get(timer.kind)
        conversation = await tx.conversation(timer.conversation_id, lock=True)
        if handler is None or conversation is None:
            return None
        changed = await handler(tx, conversation, timer, desk, now)
        if changed is not None:
            await tx.put_conversation(changed)
        return changed

    async def _session_expiry(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        if conversation.owner is not Owner.BOT:
            return None
        silent_since = conversation.last_customer_at or conversation.updated_at
        if silent_since + self._expiry > now or await tx.pending(conversation.id):
            due = max(silent_since + self._expiry, now + timedelta(seconds=30))
            await tx.set_timer(replace(timer, due_at=due))
            return None
        moved = await self._record.move(tx, conversation, OwnerEvent.SESSION_EXPIRED, now=now)
        return await self._record.event(tx, moved, "session_expired", now)

    async def _queue_update(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        """Say something when the place in the queue, or what can be expected, has changed.

        Who has waited for long hears once more that nothing is lost and that they may go back.
        """
        if conversation.owner is not Owner.QUEUE:
            return None
        quiet = timer.payload.get("quiet") and await self._handoffs.untold(tx, conversation)
        if quiet or await self._waiting.asked(tx, conversation):
            await tx.set_timer(replace(timer, due_at=now + QUEUE_UPDATE_EVERY))
            return None
        reminders, waited = timer.payload.get("reminders", 0), now - (conversation.waiting_since or now)
        if desk.open and waited >= self._bound(reminders):
            while waited >= self._bound(reminders):
                reminders += 1
            minutes = int(waited.total_seconds() // 60)
            conversation = await self._record.event(tx, conversation, "waits_long", now, minutes=minutes)
            return await self._handoffs.tell_place(
                tx, conversation, desk=desk, now=now, sentence=STILL_WAITING, reminders=reminders
            )
        if not await self._changed(tx, conversation, timer, desk, now):
            await tx.set_timer(replace(timer, due_at=now + QUEUE_UPDATE_EVERY))
            return None
        return await self._handoffs.tell_place(tx, conversation, desk=desk, now=now, reminders=reminders)

    async def _changed(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> bool:
        """Say whether place, prospects or the likely wait are others than the customer was told."""
        told, place = timer.payload, await self._handoffs.place(tx, conversation)
        moved = place != told.get("place") and not self._record.shows_place(conversation)
        if moved or desk.sentence(place) != told.get("said"):
            return True
        before, wait = told.get("wait"), await self._handoffs.wait(tx, place, desk, now)
        return differs(tuple(before) if before else None, wait)

    def _bound(self, reminders: int) -> timedelta:
        """Return the wait after which the next reminder is due: 1, 3, 7, 15 ... times the first."""
        return self._queue_bound * (2.0 ** (min(reminders, 20) + 1) - 1)

    async def _reminder(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        return await self._reminders.due(tx, conversation, timer, now)

    async def _fetch_file(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        await self._fetching.due(tx, timer, now)
        return None

    async def _leave_message(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        return await self._waiting.silent(tx, conversation, now)


async def _set(tx: Tx, timers: list[Timer]) -> None:
    for timer in timers:
        await tx.set_timer(timer)
