"""Sends outbox rows on channels that push: in order, paced, repeated only where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.domain.conversation import Conversation
from bot.domain.errors import DeliveryFailed, StoreError
from bot.domain.message import Delivery, Message
from bot.domain.work import OutboxRow
from bot.ports import Bus, Capabilities, Channel, Clock, Hint, MetricsPort, Sending, Sent, Store, Tx

R = TypeVar("R")
log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
LOOK_EVERY = 2.0
LOOK_BACK_EVERY = timedelta(minutes=1)
STORE_PAUSE = 1.0
CALLS_AT_ONCE = 24
"""Calls to platforms under way at once: many of them would hold up the taking in of messages."""
NO_CHANNEL = "This channel is not connected any more."
PART_MISSING = "This message, or a part of it, may not have arrived."
CUT_OFF = "The server stopped while it was sent: it may have arrived."
STALE_AFTER = timedelta(minutes=5)
"""A row that another node began to send this long ago was lost with that node."""


class Deliveries:
    """Carries messages from the outbox to the platforms."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        channels: Mapping[str, Channel],
        metrics: MetricsPort,
        node: str,
    ) -> None:
        """`node` marks the rows that this process has begun to send."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._channels = channels
        self._metrics = metrics
        self._node = node
        self._new = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)
        self._pushes = any(channel.capabilities.pushes for channel in channels.values())
        self._looked: datetime | None = None
        self._stopping = False

    def wake(self) -> None:
        """Look at the outbox now."""
        self._new.set()

    async def recover(self) -> int:
        """Mark what this node was sending when it ended as unknown; return how many there were.

        The platform may have taken it. A second send could say it twice, so there is none; agents see
        the mark. What was taken and not yet begun is sent.
        """
        return await self._take_over(self._node)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._new.clear()
            try:
                taken = await self._take()
                await self._look_for_lost_ones()
            except StoreError as error:
                log.warning("outbox_not_readable", error=str(error))
                taken = 0
            if not taken:
                with suppress(TimeoutError):
                    # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the event.
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._new.wait()

    async def drain(self, timeout: float) -> None:
        """Begin no more sends, and let those that are under way finish within `timeout` seconds.

        One that is cut off then has an unknown outcome at the next start.
        """
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self) -> int:
        if self._stopping or not self._pushes:
            return 0
        rows = await self._store.write(lambda tx: tx.take_outbox(self._clock.now(), self._node))
        for row in rows:
            self._under_way.add(row.id)
            task = asyncio.get_running_loop().create_task(self._deliver(row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(rows)

    async def _look_for_lost_ones(self) -> None:
        """Take over, now and then, what nodes that ended have left."""
        now = self._clock.now()
        if self._pushes and (self._looked is None or now - self._looked >= LOOK_BACK_EVERY):
            self._looked = now
            await self._take_over("")

    async def _take_over(self, node: str) -> int:
        before, mine = self._clock.now() - STALE_AFTER, frozenset(self._under_way)
        return await self._store.write(lambda tx: _recover(tx, node, before, mine))

    async def _deliver(self, row: OutboxRow) -> None:
        try:
            channel = self._channels.get(row.channel)
            if channel is None:
                await self._surely(lambda tx: _begin(tx, row))
                await self._finish(row, Delivery.FAILED, note=NO_CHANNEL)
                return
            # Before it is begun: who is cut off while waiting has certainly not sent.
            await channel.ready(account=row.account, address=row.address)
            begun = await self._surely(lambda tx: _begin(tx, row))
            if begun is not None:
                await self._send(channel, row, *begun)
        finally:
            self._under_way.discard(row.id)
            self._new.set()

    async def _send(
        self, channel: Channel, row: OutboxRow, message: Message, conversation: Conversation
    ) -> None:
        """Send the parts of a message that the platform does not have yet."""
        more, doubtful = True, False
        while more:
            sending = Sending(
                message=message,
                account=row.account,
                address=row.address,
                part=row.part,
                window_open=_window_open(channel.capabilities, conversation, self._clock.now()),
                language=conversation.language,
            )
            try:
                async with self._places:
                    sent = await channel.send(sending)
            except DeliveryFailed as error:
                if not (error.outcome_unknown and error.more):
                    await self._failed(row, error)
                    return
                # Never again this part, but the customer shall have the rest; agents see the doubt.
                sent, doubtful = Sent(more=True), True
            except Exception as error:  # an adapter's bug must not stop the others; it may have sent
                log.exception("channel_broke", channel=row.channel, error=type(error).__name__)
                await self._finish(row, Delivery.UNKNOWN, note="A fault on our side cut the sending off.")
                return
            more = sent.more
            if more:
                row = await self._go_on(row, sent, doubtful=doubtful)
                await channel.ready(account=row.account, address=row.address)
        await self._finish(row, Delivery.SENT, sent.external_id)

    async def _go_on(self, row: OutboxRow, sent: Sent, *, doubtful: bool) -> OutboxRow:
        """Note that a part has arrived; a later failure then repeats only what follows.

        A `doubtful` part makes the whole a failure in the end, which no receipt of another part lifts.
        """
        row = replace(row, part=row.part + 1, attempts=0)

        async def work(tx: Tx) -> None:
            await tx.continue_outbox(row.id, row.part)
            if doubtful:
                await tx.note_early(row.id, Delivery.FAILED.value)
            if sent.external_id:
                await tx.add_sent_part(
                    row.conversation_id, row.message_seq, row.channel, row.account, sent.external_id
                )

        await self._surely(work)
        return row

    async def _surely(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Write, however long the store is away: a row that is begun blocks the ones behind it."""
        while True:
            try:
                return await self._store.write(work)
            except StoreError as error:
                log.warning("outbox_not_written", error=str(error))
                await asyncio.sleep(STORE_PAUSE)

    async def _failed(self, row: OutboxRow, error: DeliveryFailed) -> None:
        if error.outcome_unknown and row.part:
            # Not "unknown": receipts of the parts before it would make that "delivered".
            await self._finish(row, Delivery.FAILED, note=f"{PART_MISSING} {error.message}")
        elif error.outcome_unknown:
            await self._finish(row, Delivery.UNKNOWN, note=error.message)
        elif error.retryable and row.attempts + 1 < MAX_ATTEMPTS:
            backoff = min(FIRST_PAUSE * 2.0**row.attempts, LONGEST_PAUSE)
            pause = error.retry_after if error.retry_after is not None else backoff
            due = self._clock.now() + timedelta(seconds=pause)
            await self._surely(lambda tx: _again(tx, row, due))
            self._metrics.count("deliveries", channel=row.channel, outcome="retry")
        else:
            log.warning("not_delivered", channel=row.channel, account=row.account, why=error.message)
            await self._finish(row, Delivery.FAILED, note=error.message)

    async def _finish(
        self, row: OutboxRow, delivery: Delivery, external_id: str = "", note: str = ""
    ) -> None:
        await self._surely(lambda tx: _end(tx, row, delivery, external_id, note))
        self._metrics.count("deliveries", channel=row.channel, outcome=delivery.value)
        hint = Hint(conversation_id=row.conversation_id, seq=row.message_seq, kind="delivery")
        await self._bus.publish(hint)


def _window_open(channel: Capabilities, conversation: Conversation, now: datetime) -> bool:
    if channel.keeps_customer_for is None:
        return True
    return conversation.reply_until is not None and now < conversation.reply_until


async def _begin(tx: Tx, row: OutboxRow) -> tuple[Message, Conversation] | None:
    """Mark a row's message as being sent and return it; None if that is not ours to do.

    A node that was asleep for long may find that another one has taken over and sends it now.
    """
    moved = await tx.set_delivery(row.conversation_id, row.message_seq, Delivery.SENDING)
    message = await tx.message(row.conversation_id, row.message_seq)
    conversation = await tx.conversation(row.conversation_id)
    if moved and message is not None and conversation is not None:
        return message, conversation
    if message is None or message.delivery is not Delivery.SENDING:
        await tx.drop_outbox(row.id)  # gone, or its fate is known
    return None


async def _again(tx: Tx, row: OutboxRow, due_at: datetime) -> None:
    await tx.set_delivery(row.conversation_id, row.message_seq, Delivery.PENDING)
    await tx.retry_outbox(row.id, due_at)


async def _end(tx: Tx, row: OutboxRow, delivery: Delivery, external_id: str = "", note: str = "") -> None:
    """Note how a sending ended, and then what the platform has told of it meanwhile."""
    now = await tx.outbox_of(row.conversation_id, row.message_seq)
    await tx.set_delivery(row.conversation_id, row.message_seq, delivery, external_id, note)
    if now is not None and now.early and delivery is not Delivery.FAILED:
        early = Delivery(now.early)
        why = PART_MISSING if early is Delivery.FAILED else ""
        await tx.set_delivery(row.conversation_id, row.message_seq, early, note=why)
    await tx.drop_outbox(row.id)


async def _recover(tx: Tx, node: str, before: datetime, mine: frozenset[str]) -> int:
    unknown = 0
    for row in await tx.stale_outbox(node=node, before=before):
        if row.id in mine:
            continue
        # Taken but not yet begun: the message still says pending, so nothing was sent.
        message = await tx.message(row.conversation_id, row.message_seq)
        if message is not None and message.delivery is Delivery.PENDING:
            await tx.retry_outbox(row.id, row.due_at)
        else:
            await _end(tx, row, Delivery.UNKNOWN, note=CUT_OFF)
            unknown += 1
    return unknown
