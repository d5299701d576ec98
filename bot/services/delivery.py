"""Sends outbox rows on channels that push: in order, paced, repeated only where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import DeliveryFailed, StoreError
from bot.domain.message import Delivery, Message
from bot.domain.work import OutboxRow
from bot.ports import Bus, Channel, Clock, Hint, MetricsPort, Sent, Store, Tx

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
LOOK_EVERY = 2.0
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

    def wake(self) -> None:
        """Look at the outbox now."""
        self._new.set()

    async def recover(self) -> int:
        """Mark what this node was sending when it ended as unknown; return how many there were.

        The platform may have taken it. A second send could say it twice, so there is none; agents see
        the mark.
        """
        before = self._clock.now() - STALE_AFTER
        return await self._store.write(lambda tx: _recover(tx, self._node, before))

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._new.clear()
            try:
                taken = await self._take()
            except StoreError as error:
                log.warning("outbox_not_readable", error=str(error))
                taken = 0
            if not taken:
                try:
                    await asyncio.wait_for(self._new.wait(), LOOK_EVERY)
                except TimeoutError:
                    continue

    async def drain(self, timeout: float) -> None:
        """Let sends that are under way finish."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout)

    async def _take(self) -> int:
        if not any(channel.capabilities.pushes for channel in self._channels.values()):
            return 0
        rows = await self._store.write(lambda tx: tx.take_outbox(self._clock.now(), self._node))
        for row in rows:
            task = asyncio.get_running_loop().create_task(self._deliver(row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(rows)

    async def _deliver(self, row: OutboxRow) -> None:
        message = await self._store.write(lambda tx: _begin(tx, row))
        channel = self._channels.get(row.channel)
        if message is None or channel is None:
            await self._store.write(lambda tx: _end(tx, row, Delivery.FAILED))
            return
        try:
            sent = await channel.send(message, account=row.account, address=row.address)
        except DeliveryFailed as error:
            await self._failed(row, error)
        except Exception as error:  # an adapter's bug must not stop the others; it may have sent
            log.exception("channel_broke", channel=row.channel, error=type(error).__name__)
            await self._finish(row, Delivery.UNKNOWN)
        else:
            await self._finish(row, Delivery.SENT, sent)
        self._new.set()

    async def _failed(self, row: OutboxRow, error: DeliveryFailed) -> None:
        if error.outcome_unknown:
            await self._finish(row, Delivery.UNKNOWN)
        elif error.retryable and row.attempts + 1 < MAX_ATTEMPTS:
            backoff = min(FIRST_PAUSE * 2.0**row.attempts, LONGEST_PAUSE)
            pause = error.retry_after if error.retry_after is not None else backoff
            due = self._clock.now() + timedelta(seconds=pause)
            await self._store.write(lambda tx: _again(tx, row, due))
            self._metrics.count("deliveries", channel=row.channel, outcome="retry")
        else:
            await self._finish(row, Delivery.FAILED)

    async def _finish(self, row: OutboxRow, delivery: Delivery, sent: Sent | None = None) -> None:
        external_id = sent.external_id if sent else ""
        await self._store.write(lambda tx: _end(tx, row, delivery, external_id))
        self._metrics.count("deliveries", channel=row.channel, outcome=delivery.value)
        hint = Hint(conversation_id=row.conversation_id, seq=row.message_seq, kind="delivery")
        await self._bus.publish(hint)


async def _begin(tx: Tx, row: OutboxRow) -> Message | None:
    await tx.set_delivery(row.conversation_id, row.message_seq, Delivery.SENDING)
    return await tx.message(row.conversation_id, row.message_seq)


async def _again(tx: Tx, row: OutboxRow, due_at: datetime) -> None:
    await tx.set_delivery(row.conversation_id, row.message_seq, Delivery.PENDING)
    await tx.retry_outbox(row.id, due_at)


async def _end(tx: Tx, row: OutboxRow, delivery: Delivery, external_id: str = "") -> None:
    await tx.set_delivery(row.conversation_id, row.message_seq, delivery, external_id)
    await tx.drop_outbox(row.id)


async def _recover(tx: Tx, node: str, before: datetime) -> int:
    rows = await tx.stale_outbox(node=node, before=before)
    for row in rows:
        # Taken but not yet begun: the message still says pending, so nothing was sent.
        message = await tx.message(row.conversation_id, row.message_seq)
        if message is not None and message.delivery is Delivery.PENDING:
            await tx.retry_outbox(row.id, row.due_at)
        else:
            await _end(tx, row, Delivery.UNKNOWN)
    return len(rows)
