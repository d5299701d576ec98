"""Keeps the files that customers and agents send, hands them out, and forgets what was never sent."""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO

from bot.domain.errors import TooLarge, TooManyRequests, UnknownFile, UnsupportedFile
from bot.domain.file_types import Data, Recognised, recognise
from bot.domain.ids import new_id
from bot.domain.media import (
    MAX_FILES,
    MAX_UNSENT,
    PART_SIZE,
    UNSENT_KEPT,
    Media,
    clean_name,
    is_program,
    media_id,
)
from bot.domain.message import Attachment
from bot.ports import Clock, MetricsPort, Store, Tx
from bot.services.attachments import claimed
from bot.services.media_links import MediaLinks

AT_ONCE = 32
"""Uploads that one node takes at the same time."""
PARTS_AT_ONCE = 2
"""Parts that are written in one transaction, so that nobody waits long for the writer."""


@dataclass(frozen=True, slots=True)
class _Uploader:
    """Who sends a file: a customer's address, or an agent in a conversation."""

    channel: str = ""
    account: str = ""
    address: str = ""
    agent_id: str = ""
    conversation_id: str = ""


class MediaStore:
    """All files of an installation."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        metrics: MetricsPort,
        secret: str,
        max_bytes: int,
        spool: Path | None = None,
    ) -> None:
        """Take files of up to `max_bytes`; `secret` is the key that the addresses' own follows from.

        While a file comes in it lies in `spool` without a name, or in the system's own folder.
        """
        self._store, self._clock, self._metrics = store, clock, metrics
        self.links = MediaLinks(secret=secret, clock=clock)
        self._spool = spool
        self._under_way = 0
        self._one_at_a_time = asyncio.Semaphore()
        self.max_bytes = max_bytes

    def of(self, channel: str, account: str = "default") -> ChannelMedia:
        """Return a channel's own view."""
        return ChannelMedia(self, channel, account)

    # --- taking

    async def keep_for_agent(
        self, stream: AsyncIterator[bytes], *, name: str, agent_id: str, conversation_id: str
    ) -> Attachment:
        """Keep a file that an agent wants to send in a conversation; raises as `ChannelMedia.keep`."""
        return await self.keep(stream, name, _Uploader(agent_id=agent_id, conversation_id=conversation_id))

    async def keep(self, stream: AsyncIterator[bytes], name: str, of: _Uploader) -> Attachment:
        """Take a file in, look what it is, and store it; see `ChannelMedia.keep`."""
        if is_program(name):
            raise UnsupportedFile("Programs and web pages are not accepted.", reason="kind")
        if self._under_way >= AT_ONCE:
            raise TooManyRequests("Too many files are on their way; try again in a moment.", retry_after=5)
        self._under_way += 1
        try:
            folder = self._spool if self._spool and self._spool.is_dir() else None
            with tempfile.TemporaryFile(dir=folder) as file:
                await self._receive(stream, file)
                async with self._one_at_a_time:
                    found = await asyncio.to_thread(_look, file)
                with _mapped(file) as data:
                    media = await self._store_file(found, data, name, of)
        finally:
            self._under_way -= 1
        self._metrics.count("files_in", kind=media.kind, by="agent" if of.agent_id else "customer")
        return media.attachment

    async def _receive(self, stream: AsyncIterator[bytes], file: IO[bytes]) -> None:
        size, part = 0, bytearray()
        async for chunk in stream:
            size += len(chunk)
            if size > self.max_bytes:
                raise too_large(self.max_bytes)
            part += chunk
            if len(part) >= PART_SIZE:
                await asyncio.to_thread(file.write, bytes(part))
                part.clear()
        file.write(part)
        file.flush()

    async def _store_file(self, found: Recognised, data: Data, name: str, of: _Uploader) -> Media:
        now = self._clock.now()
        media = Media(
            id=new_id(now),
            created_at=now,
            kind=found.type.kind,
            mime=found.type.mime,
            name=clean_name(name, found.type.endings),
            size=_size(found, data),
            channel=of.channel,
            account=of.account,
            address=of.address,
            agent_id=of.agent_id,
            conversation_id=of.conversation_id,
        )
        parts = enumerate(_parts(found, data))
        await self._store.write(lambda tx: _begin(tx, media))
        while batch := list(islice(parts, PARTS_AT_ONCE)):
            # What waits is committed together: many files at once would hold up everybody's messages.
            async with self._one_at_a_time:
                await self._store.write(lambda tx, batch=batch: _add(tx, media, batch))  # type: ignore[misc]
        if not await self._store.write(lambda tx: tx.finish_media(media.id)):
            raise UnknownFile
        return replace(media, ready=True)

    # --- handing out

    async def find(self, found_id: str) -> Media | None:
        """Return what is known of a file that is stored as a whole."""
        media = await self._store.read(lambda tx: tx.media(found_id))
        return media if media is not None and media.ready else None

    async def read(self, media: Media, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `stop`. Raises UnknownFile if it is deleted meanwhile."""
        stop = media.size if stop is None else stop
        for number in range(start // PART_SIZE, -(-stop // PART_SIZE)):
            part = await self._store.read(lambda tx, number=number: tx.media_part(media.id, number))  # type: ignore[misc]
            if part is None:
                raise UnknownFile
            first = number * PART_SIZE
            yield part[max(start - first, 0) : stop - first]

    def url(self, attachment: Attachment) -> str:
        """Return where a customer finds a file: a path on this server, good for a day or two.

        What is not ours keeps its address.
        """
        found_id = media_id(attachment)
        return self.links.path(found_id, attachment.name) if found_id else attachment.url

    # --- forgetting

    async def clean(self) -> int:
        """Delete files that were uploaded a day ago and never sent; return how many."""
        before, gone = self._clock.now() - UNSENT_KEPT, 0
        while batch := await self._store.write(lambda tx: tx.drop_unsent_media(before)):
            gone += batch
        return gone


class ChannelMedia:
    """What a channel asks of the files; an `owner` is a customer's address on it."""

    def __init__(self, media: MediaStore, channel: str, account: str) -> None:
        self._media, self._channel, self._account = media, channel, account

    @property
    def max_bytes(self) -> int:
        """Return how large a file may be."""
        return self._media.max_bytes

    async def keep(self, stream: AsyncIterator[bytes], *, name: str, owner: str) -> Attachment:
        """Take a file in for `owner`, to be sent with a message within a day.

        Raises:
            TooLarge: it is larger than `max_bytes` (field: limit).
            UnsupportedFile: it is of a kind that is not taken, or damaged (field: reason).
            TooManyRequests: the owner has MAX_UNSENT files that are not sent, or the node is busy.
        """
        return await self._media.keep(stream, name, _Uploader(self._channel, self._account, owner))

    async def claim(self, ids: Sequence[str], *, owner: str) -> tuple[Attachment, ...]:
        """Return the attachments of a message that `owner` writes.

        Files that have been sent are among them: intake knows a repeated message from a new one.

        Raises:
            InvalidInput: more than MAX_FILES.
            UnknownFile: one is not there, or not this owner's.
        """
        wanted = list(dict.fromkeys(ids))
        if len(wanted) > MAX_FILES:
            raise TooLarge(f"A message may have at most {MAX_FILES} files.", field="files", limit=MAX_FILES)
        here = (self._channel, self._account, owner)

        async def work(tx: Tx) -> tuple[Attachment, ...]:
            found = [await tx.media(one) for one in wanted]
            return tuple(
                claimed(media, lambda m: (m.channel, m.account, m.address) == here) for media in found
            )

        return await self._media._store.read(work)

    def url(self, attachment: Attachment) -> str:
        """Return where the customer finds an attachment; see `MediaStore.url`."""
        return self._media.url(attachment)


def too_large(limit: int) -> TooLarge:
    """Return the refusal of a file that is too large."""
    return TooLarge(f"A file may have at most {limit // 1_000_000} MB.", field="file", limit=limit)


async def _begin(tx: Tx, media: Media) -> None:
    if not media.agent_id:
        unsent = await tx.count_unsent_media(media.channel, media.account, media.address)
        if unsent >= MAX_UNSENT:
            raise TooManyRequests("Send the files that are uploaded first.", retry_after=60)
    await tx.add_media(media)


async def _add(tx: Tx, media: Media, parts: Sequence[tuple[int, bytes]]) -> None:
    for number, data in parts:
        await tx.add_media_part(media.id, number, data)


def _look(file: IO[bytes]) -> Recognised:
    """Say what a file is; it has a mapping of its own, since who waits for this may go away."""
    with _mapped(file) as data:
        return recognise(data)


@contextmanager
def _mapped(file: IO[bytes]) -> Iterator[Data]:
    """Give a file's content without reading it all; an empty one cannot be mapped."""
    if file.tell() == 0:
        yield b""
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _size(found: Recognised, data: Data) -> int:
    if not found.pieces:
        return len(data)
    return sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in found.pieces)


def _parts(found: Recognised, data: Data) -> Iterator[bytes]:
    """Yield what is kept of a file in parts of equal size."""
    part = bytearray()
    for piece in found.pieces or ((0, len(data)),):
        at, end = (0, len(piece)) if isinstance(piece, bytes) else piece
        source = piece if isinstance(piece, bytes) else data
        while at < end:
            taken = source[at : min(end, at + PART_SIZE - len(part))]
            part += taken
            at += len(taken)
            if len(part) == PART_SIZE:
                yield bytes(part)
                part.clear()
    if part:
        yield bytes(part)
