"""Lets the other side wait: for the answers to one message, or for the next message of a talk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bot.domain.message import Message
from bot.domain.work import InboxStatus
from bot.ports import Bus, Store, Tx
from bot.services.intake import Accepted

LOOK_AGAIN = 1.0
"""Seconds between looks at the store while no hint comes (another node may have done the work)."""


class Replies:
    """Waits for the turn that answers an accepted message."""

    def __init__(self, *, store: Store) -> None:
        """Fall back on `store` for what happens on other nodes."""
        self._store = store
        self._waiting: dict[str, list[asyncio.Future[list[Message]]]] = defaultdict(list)

    def deliver(self, inbox_ids: Sequence[str], messages: Sequence[Message]) -> None:
        """Hand the committed replies to whoever waits; all but the last id of a group get none."""
        for inbox_id in inbox_ids:
            mine = list(messages) if inbox_id == inbox_ids[-1] else []
            for future in self._waiting.pop(inbox_id, ()):
                if not future.done():
                    future.set_result(mine)

    async def wait(self, accepted: Accepted, timeout: float) -> list[Message] | None:
        """Return what was said in answer; [] when a person has it; None when it is not done in time."""
        if accepted.done:
            return list(accepted.replies)
        future: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()
        self._waiting[accepted.inbox_id].append(future)
        try:
            return await self._wait(accepted, future, timeout)
        finally:
            waiting = self._waiting.get(accepted.inbox_id, [])
            if future in waiting:
                waiting.remove(future)
            if not waiting:
                self._waiting.pop(accepted.inbox_id, None)

    async def _wait(
        self, accepted: Accepted, future: asyncio.Future[list[Message]], timeout: float
    ) -> list[Message] | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        # A repeated request may have come just as the first one was answered: look at once.
        look_at = loop.time() + (0.0 if accepted.duplicate else LOOK_AGAIN)
        while True:
            left = min(look_at, deadline) - loop.time()
            done, _ = await asyncio.wait((future,), timeout=max(left, 0.0))
            if done:
                return future.result()
            stored = await self._store.read(lambda tx: _stored(tx, accepted))
            if stored is not None or loop.time() >= deadline:
                return stored
            look_at = loop.time() + LOOK_AGAIN


async def _stored(tx: Tx, accepted: Accepted) -> list[Message] | None:
    row = await tx.inbox(accepted.inbox_id)
    if row is None:
        return []
    if row.status is not InboxStatus.DONE:
        return None
    return await tx.replies_to(accepted.conversation_id, accepted.inbox_id)


class Watch:
    """Wakes those who wait for something new in a conversation; fed by the bus, true by the store."""

    def __init__(self, *, bus: Bus) -> None:
        """Subscribe to `bus` once `run` is started."""
        self._bus = bus
        self._events: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def run(self) -> None:
        """Pass hints on until cancelled."""
        async for hint in self._bus.subscribe():
            for event in self._events.get(hint.conversation_id, ()):
                event.set()

    @contextmanager
    def listening(self, conversation_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set by each hint about the conversation."""
        event = asyncio.Event()
        self._events[conversation_id].add(event)
        try:
            yield event
        finally:
            self._events[conversation_id].discard(event)
            if not self._events[conversation_id]:
                del self._events[conversation_id]


class Transcript:
    """Reads a conversation for the customer's side."""

    def __init__(self, *, store: Store, watch: Watch) -> None:
        """Read from `store`; `watch` shortens the wait."""
        self._store = store
        self._watch = watch

    async def owner(self, channel: str, account: str, address: str) -> str:
        """Return who owns the conversation of this address; "nobody" when there is none."""

        async def work(tx: Tx) -> str:
            identity = await tx.identity(channel, account, address)
            conversation = await tx.conversation(identity.conversation_id) if identity else None
            return conversation.owner.value if conversation else "nobody"

        return await self._store.read(work)

    async def by_address(
        self, channel: str, account: str, address: str, *, after: int, wait: float
    ) -> list[Message]:
        """Return what the customer may see after `after`; wait up to `wait` seconds for the first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        conversation_id = await self._store.read(lambda tx: _conversation_at(tx, channel, account, address))
        with self._watch.listening(conversation_id) as event:
            while True:
                event.clear()  # before the look, so that nothing falls between look and wait
                found = await self._read(conversation_id, after)
                seen = [m for m in found if m.visible_to_customer]
                left = deadline - loop.time()
                if seen or left <= 0:
                    return seen
                after = found[-1].seq if found else after
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, 2 * LOOK_AGAIN)):
                        await event.wait()
                if not conversation_id:
                    return await self.by_address(
                        channel, account, address, after=after, wait=max(deadline - loop.time(), 0.0)
                    )

    async def _read(self, conversation_id: str, after: int) -> list[Message]:
        return await self._store.read(lambda tx: tx.messages(conversation_id, after=after))


async def _conversation_at(tx: Tx, channel: str, account: str, address: str) -> str:
    identity = await tx.identity(channel, account, address)
    return identity.conversation_id if identity else ""
