"""Reads stored files for channels that send them on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.domain.errors import UnknownFile
from bot.domain.media import Media, media_id
from bot.domain.message import Attachment
from bot.ports import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A stored file with its content; `size` in bytes."""

    name: str
    mime: str
    kind: str
    size: int
    stream: AsyncIterator[bytes]


class StoredFiles:
    """The files of all conversations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, attachment: Attachment) -> File:
        """Return a file that is ours. Raises UnknownFile if it is not there."""
        found_id = media_id(attachment)
        media = await self._store.read(lambda tx: tx.media(found_id)) if found_id else None
        if media is None or not media.ready:
            raise UnknownFile
        return File(
            name=media.name, mime=media.mime, kind=media.kind, size=media.size, stream=self._read(media)
        )

    async def _read(self, media: Media) -> AsyncIterator[bytes]:
        for number in range(media.parts):
            part = await self._store.read(lambda tx, number=number: tx.media_part(media.id, number))  # type: ignore[misc]
            if part is None:
                raise UnknownFile
            yield part
