"""Files: what is known of each, and their bytes in parts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal_column, select, update

from bot.domain.media import Media
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert
from bot.store.values import from_micros, to_micros

DROP_AT_ONCE = 50
"""Unsent files that one `drop_unsent_media` deletes at most, so that nobody waits long for the writer."""

_m, _p = tables.media.c, tables.media_parts.c
# Written out, since a partial index serves only a query that repeats its condition word for word.
_UNSENT = literal_column("message_seq") == literal_column("0")

ADD_MEDIA = insert(tables.media)
ADD_PART = insert(tables.media_parts)
MEDIA = Statement(lambda _: select(tables.media).where(_m.id == bindparam("id")), "id")
PART = Statement(
    lambda _: select(_p.data).where(_p.media_id == bindparam("media_id"), _p.number == bindparam("number")),
    "media_id",
    "number",
)
FINISH = Statement(
    lambda _: update(tables.media).where(_m.id == bindparam("media")).values(ready=literal_column("1")),
    "media",
)
BIND = Statement(
    lambda _: (
        update(tables.media)
        .where(_m.id == bindparam("media"), _m.ready == literal_column("1"), _UNSENT)
        .values(conversation_id=bindparam("conversation"), message_seq=bindparam("seq"))
    ),
    "media",
    "conversation",
    "seq",
)
COUNT_UNSENT = Statement(
    lambda _: (
        select(func.count())
        .select_from(tables.media)
        .where(_m.channel == bindparam("channel"), _m.account == bindparam("account"))
        .where(_m.address == bindparam("address"), _UNSENT)
    ),
    "channel",
    "account",
    "address",
)
OLD_UNSENT = Statement(
    lambda _: (
        select(_m.id)
        .where(_m.created_at < bindparam("before"), _UNSENT)
        .order_by(_m.created_at)
        .limit(DROP_AT_ONCE)
        .with_for_update(skip_locked=True)
    ),
    "before",
)
DROP_PARTS = Statement(
    lambda _: delete(tables.media_parts).where(_p.media_id == bindparam("media_id")), "media_id"
)
DROP_MEDIA = Statement(lambda _: delete(tables.media).where(_m.id == bindparam("id")), "id")


def to_media(row: Row) -> Media:
    """Read a row of `media`."""
    return Media(
        id=row[0],
        conversation_id=row[1],
        message_seq=row[2],
        channel=row[3],
        account=row[4],
        address=row[5],
        agent_id=row[6],
        created_at=from_micros(row[7]),
        kind=row[8],
        mime=row[9],
        name=row[10],
        size=row[11],
        ready=row[12] == 1,
    )


class MediaFiles(Part):
    """The part of `Tx` about files."""

    __slots__ = ()

    async def add_media(self, media: Media) -> None:
        """Insert; its parts follow."""
        values = (
            media.id,
            media.conversation_id,
            media.message_seq,
            media.channel,
            media.account,
            media.address,
            media.agent_id,
            to_micros(media.created_at),
            media.kind,
            media.mime,
            media.name,
            media.size,
            int(media.ready),
        )
        await self.db.run(ADD_MEDIA, values)

    async def add_media_part(self, media_id: str, number: int, data: bytes) -> None:
        """Insert one part; parts are numbered from 0."""
        await self.db.run(ADD_PART, (media_id, number, data))

    async def finish_media(self, media_id: str) -> bool:
        """Note that all parts are there; false if the file was deleted meanwhile."""
        return await self.db.run(FINISH, (media_id,)) > 0

    async def media(self, media_id: str) -> Media | None:
        """Return what is known of a file."""
        row = await self.db.one(MEDIA, (media_id,))
        return None if row is None else to_media(row)

    async def media_part(self, media_id: str, number: int) -> bytes | None:
        """Return the bytes of one part."""
        row = await self.db.one(PART, (media_id, number))
        return None if row is None else row[0]

    async def bind_media(self, media_id: str, conversation_id: str, seq: int) -> bool:
        """Make a whole file part of a message; false if it is in one already, or not whole."""
        return await self.db.run(BIND, (media_id, conversation_id, seq)) > 0

    async def count_unsent_media(self, channel: str, account: str, address: str) -> int:
        """Count the files that were uploaded from this address and are in no message."""
        row = await self.db.one(COUNT_UNSENT, (channel, account, address))
        return 0 if row is None else int(row[0])

    async def drop_media(self, media_id: str) -> None:
        """Delete a file."""
        await self.db.run(DROP_PARTS, (media_id,))
        await self.db.run(DROP_MEDIA, (media_id,))

    async def drop_unsent_media(self, before: datetime) -> int:
        """Delete files that were uploaded before and are in no message; return how many.

        At most `DROP_AT_ONCE` of them go: call again until it returns 0.
        """
        rows = await self.db.all(OLD_UNSENT, (to_micros(before),))
        for row in rows:
            await self.drop_media(row[0])
        return len(rows)
