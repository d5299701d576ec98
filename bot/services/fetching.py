"""Fetches customers' files from the platforms into our own store, after their message was taken in.

The work is a timer, so a crash repeats it. While one is fetched its timer stands for later: whoever
fetches it removes the timer, and if nobody is left to do that, it comes due again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.domain.conversation import Conversation
from bot.domain.errors import BotError, FetchFailed, StoreError, TooLarge, UnknownFile, UnsupportedFile
from bot.domain.media import media_id, remote_ref
from bot.domain.message import Attachment, Message
from bot.domain.work import Timer, TimerKind
from bot.ports import Bus, Channel, Clock, Hint, MetricsPort, Store, Tx
from bot.services.media import MediaStore
from bot.services.remote_files import place_of, with_file

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)
"""How long one try may take; after that another one begins."""
PAUSES = (5, 30, 120, 600, 3600)
"""Seconds before the second, third, ... try."""
GONE = "The file could not be fetched: the platform has it no more."
TRIED = "The file could not be fetched: ask the customer to send it again."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """One file on its way."""

    timer: Timer
    message: Message
    place: int

    @property
    def attachment(self) -> Attachment:
        return self.message.attachments[self.place]


class Fetching:
    """Brings files over, a few at a time."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        channels: Mapping[str, Channel],
        media: MediaStore,
        metrics: MetricsPort,
        at_once: int = 8,
    ) -> None:
        """Keep files in `media`; at most `at_once` come in at the same time."""
        self._store, self._bus, self._clock = store, bus, clock
        self._channels, self._media, self._metrics = channels, media, metrics
        self._limit = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    async def due(self, tx: Tx, timer: Timer, now: datetime) -> None:
        """Note inside the timer's transaction that a try begins; `begin` follows once it is stored."""
        tries = int(timer.payload.get("tries", 0)) + 1
        later = replace(timer, due_at=now + LEASE, payload={**timer.payload, "tries": tries})
        await tx.set_timer(later)

    def begin(self, timer: Timer) -> None:
        """Fetch a file in the background."""
        task = asyncio.get_running_loop().create_task(self._fetch(timer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Let go of what is on its way; it is fetched after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, timer: Timer) -> None:
        try:
            async with self._limit, asyncio.timeout(LEASE.total_seconds() * 0.9):
                await self._bring(timer)
        except (StoreError, TimeoutError) as error:
            log.warning(
                "file_not_fetched", channel=timer.payload.get("channel"), error=type(error).__name__
            )
        except Exception as error:  # the timer stands: it is tried again
            log.exception("file_fetch_broke", error=type(error).__name__)

    async def _bring(self, timer: Timer) -> None:
        wanted = await self._store.read(lambda tx: _wanted(tx, timer))
        if wanted is None:
            await self._done(timer)
            return
        attachment = wanted.attachment
        try:
            kept = await self._keep(timer, attachment)
        except (TooLarge, UnsupportedFile) as error:
            await self._put(wanted, replace(attachment, url="", note=f"Not taken: {error.message}"))
        except UnknownFile:
            await self._put(wanted, replace(attachment, url="", note=GONE))
        except BotError as error:
            await self._failed(wanted, error)
        else:
            await self._put(wanted, kept)

    async def _keep(self, timer: Timer, attachment: Attachment) -> Attachment:
        channel, account, address = (timer.payload[key] for key in ("channel", "account", "address"))
        source = self._channels.get(channel)
        if source is None:
            raise FetchFailed
        async with aclosing(source.fetch(attachment, account=account)) as stream:  # type: ignore[type-var]
            of = self._media.of(channel, account)
            return await of.keep(stream, name=attachment.name or attachment.kind, owner=address)

    async def _failed(self, wanted: _Wanted, error: BotError) -> None:
        """Try again later, or say that it cannot be had."""
        tries = int(wanted.timer.payload.get("tries", 0))
        self._metrics.count("files_not_fetched", channel=wanted.timer.payload["channel"])
        if tries >= len(PAUSES):
            await self._put(wanted, replace(wanted.attachment, url="", note=TRIED))
            return
        log.info("file_fetch_again", code=error.code, tries=tries + 1)
        due = self._clock.now() + timedelta(seconds=PAUSES[tries])
        again = replace(wanted.timer, due_at=due, payload={**wanted.timer.payload, "tries": tries + 1})
        await self._store.write(lambda tx: tx.set_timer(again))

    async def _put(self, wanted: _Wanted, new: Attachment) -> None:
        """Put what became of a file into its message."""
        conversation_id, seq = wanted.message.conversation_id, wanted.message.seq

        async def work(tx: Tx) -> Conversation | None:
            conversation = await tx.conversation(conversation_id, lock=True)
            message = await tx.message(conversation_id, seq)
            await tx.clear_timer(conversation_id, TimerKind.FETCH_FILE, wanted.timer.name)
            stored = media_id(new)
            if conversation is None or message is None or wanted.place >= len(message.attachments):
                return None
            if not remote_ref(message.attachments[wanted.place]):
                return None  # another node was faster; what we have is cleaned up as unsent
            if stored and not await tx.bind_media(stored, conversation_id, seq):
                return None
            files = with_file(message.attachments, wanted.place, new)
            await tx.set_attachments(conversation_id, seq, files)
            return conversation

        if await self._store.write(work) is not None:
            await self._bus.publish(Hint(conversation_id=conversation_id, seq=seq, kind="delivery"))

    async def _done(self, timer: Timer) -> None:
        await self._store.write(
            lambda tx: tx.clear_timer(timer.conversation_id, TimerKind.FETCH_FILE, timer.name)
        )


async def _wanted(tx: Tx, timer: Timer) -> _Wanted | None:
    seq, place = place_of(timer)
    message = await tx.message(timer.conversation_id, seq)
    if message is None or place >= len(message.attachments):
        return None
    wanted = _Wanted(timer=timer, message=message, place=place)
    return wanted if remote_ref(wanted.attachment) else None
