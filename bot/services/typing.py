"""Shows customers on push channels that an answer is being written, by the bot or by an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from bot.domain.conversation import Conversation
from bot.domain.message import Author
from bot.ports import Channel, Clock, Store, Tx

SHOW_AFTER = 0.7
"""Seconds; an answer that is there sooner needs no sign of it."""
AGAIN_EVERY = 4.0
"""Telegram shows it for 5 seconds, WhatsApp for 25."""
AT_ONCE = 16
"""Customers to whom it is shown at the same time: on a busy node signs give way to answers."""
LOOKED_AT = 20


class Typing:
    """Tells channels of it; nothing waits for them."""

    def __init__(self, *, store: Store, clock: Clock, channels: Mapping[str, Channel]) -> None:
        """Tell those `channels` that push."""
        self._store, self._clock, self._channels = store, clock, channels
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: dict[str, float] = {}

    @contextmanager
    def during(self, conversation: Conversation, message_id: str = "") -> Iterator[None]:
        """Show it until the block ends; `message_id` is what is being answered."""
        channel = self._channels.get(conversation.channel)
        if channel is None or len(self._tasks) >= AT_ONCE:
            yield
            return
        task = self._start(lambda: self._keep_showing(channel, conversation, message_id))
        try:
            yield
        finally:
            task.cancel()

    def by_agent(self, conversation_id: str) -> None:
        """Show it for an agent who types, at most every few seconds."""
        now = self._clock.now().timestamp()
        if not self._channels or now - self._told.get(conversation_id, 0.0) < AGAIN_EVERY:
            return
        if len(self._told) > 1_000:
            self._told = {one: at for one, at in self._told.items() if now - at < AGAIN_EVERY}
        self._told[conversation_id] = now
        self._start(lambda: self._once(conversation_id))

    def seen(self, conversation_id: str) -> None:
        """Show the customer that an agent has read their newest message."""
        if self._channels:
            self._start(lambda: self._seen(conversation_id))

    async def _keep_showing(self, channel: Channel, conversation: Conversation, message_id: str) -> None:
        await asyncio.sleep(SHOW_AFTER)
        while True:
            await channel.typing(
                account=conversation.account, address=conversation.address, message_id=message_id
            )
            await asyncio.sleep(AGAIN_EVERY)

    async def _once(self, conversation_id: str) -> None:
        conversation, message_id = await self._store.read(lambda tx: _newest(tx, conversation_id))
        channel = self._channels.get(conversation.channel) if conversation else None
        if conversation is not None and channel is not None:
            await channel.typing(
                account=conversation.account, address=conversation.address, message_id=message_id
            )

    async def _seen(self, conversation_id: str) -> None:
        conversation, message_id = await self._store.read(lambda tx: _newest(tx, conversation_id))
        channel = self._channels.get(conversation.channel) if conversation else None
        if conversation is not None and channel is not None and message_id:
            await channel.seen(
                account=conversation.account, address=conversation.address, message_id=message_id
            )

    def _start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _quietly(work: Callable[[], Awaitable[None]]) -> None:
    """Whether it is shown matters to no message."""
    with suppress(Exception):  # a store that is away, or a channel's fault
        await work()


async def _newest(tx: Tx, conversation_id: str) -> tuple[Conversation | None, str]:
    conversation = await tx.conversation(conversation_id)
    recent = await tx.last_messages(conversation_id, limit=LOOKED_AT) if conversation else []
    theirs = [m.external_id for m in recent if m.author is Author.CUSTOMER and m.external_id]
    return conversation, theirs[-1] if theirs else ""
