"""What must go out on push channels, one message of a conversation at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, exists, literal_column, or_, select, update

from bot.domain.work import OutboxRow
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert
from bot.store.values import from_micros, from_micros_or_none, to_micros, to_micros_or_none

_o = tables.outbox.c
_earlier = tables.outbox.alias("earlier")
_e = _earlier.c

_BLOCKED = exists().where(
    _e.conversation_id == _o.conversation_id,
    or_(
        _e.started_at.is_not(None),
        _e.message_seq < _o.message_seq,
        and_(_e.message_seq == _o.message_seq, _e.id < _o.id),
    ),
)
"""Another message of the conversation is under way or comes first, even if it is not due yet."""

ADD_OUTBOX = insert(tables.outbox)
READY = Statement(
    lambda _: (
        select(tables.outbox)
        .where(_o.started_at.is_(None), _o.due_at <= bindparam("now"), ~_BLOCKED)
        .order_by(_o.due_at, _o.id)
        .limit(bindparam("limit"))
        .with_for_update(of=tables.outbox, skip_locked=True)
    ),
    "now",
    "limit",
)
BEGIN = Statement(
    lambda _: (
        update(tables.outbox)
        .where(_o.id == bindparam("row"))
        .values(node=bindparam("by"), started_at=bindparam("now"))
    ),
    "row",
    "by",
    "now",
)
RETRY = Statement(
    lambda _: (
        update(tables.outbox)
        .where(_o.id == bindparam("row"), _o.started_at.is_not(None))
        .values(due_at=bindparam("due"), attempts=_o.attempts + 1, node="", started_at=None)
    ),
    "row",
    "due",
)
CONTINUE = Statement(
    lambda _: (
        update(tables.outbox)
        .where(_o.id == bindparam("row"), _o.started_at.is_not(None))
        .values(part=bindparam("parts"), attempts=literal_column("0"))
    ),
    "row",
    "parts",
)
OUTBOX_OF = Statement(
    lambda _: select(tables.outbox).where(
        _o.conversation_id == bindparam("conversation_id"), _o.message_seq == bindparam("seq")
    ),
    "conversation_id",
    "seq",
)
NOTE_EARLY = Statement(
    lambda _: update(tables.outbox).where(_o.id == bindparam("row")).values(early=bindparam("status")),
    "row",
    "status",
)
DROP = Statement(lambda _: delete(tables.outbox).where(_o.id == bindparam("row")), "row")
STALE = Statement(
    lambda _: (
        select(tables.outbox)
        .where(_o.started_at.is_not(None))
        .where(or_(_o.node == bindparam("of_node"), _o.started_at < bindparam("before")))
        .order_by(_o.started_at, _o.id)
    ),
    "of_node",
    "before",
)


def to_outbox(row: Row) -> OutboxRow:
    """Read a row of `outbox`."""
    (
        id_, conversation_id, message_seq, channel, account, address, due_at, attempts, node, started_at,
        part, early,
    ) = row  # fmt: skip
    return OutboxRow(
        id=id_,
        conversation_id=conversation_id,
        message_seq=message_seq,
        channel=channel,
        account=account,
        address=address,
        due_at=from_micros(due_at),
        attempts=attempts,
        node=node,
        started_at=from_micros_or_none(started_at),
        part=part,
        early=early,
    )


class Outbox(Part):
    """The part of `Tx` about what must go out."""

    __slots__ = ()

    async def add_outbox(self, row: OutboxRow) -> None:
        """Insert a row."""
        values = (
            row.id,
            row.conversation_id,
            row.message_seq,
            row.channel,
            row.account,
            row.address,
            to_micros(row.due_at),
            row.attempts,
            row.node,
            to_micros_or_none(row.started_at),
            row.part,
            row.early,
        )
        await self.db.run(ADD_OUTBOX, values)

    async def take_outbox(self, now: datetime, node: str, *, limit: int = 50) -> list[OutboxRow]:
        """Take rows that are due, at most the oldest of each conversation, and mark them started."""
        self.must_write()
        at = to_micros(now)
        rows = [to_outbox(row) for row in await self.db.all(READY, (at, limit))]
        for row in rows:
            await self.db.run(BEGIN, (row.id, node, at))
        return [replace(row, node=node, started_at=from_micros(at)) for row in rows]

    async def retry_outbox(self, outbox_id: str, due_at: datetime) -> None:
        """Give a started row back, to be taken again at `due_at`; adds one to its attempts."""
        await self.db.run(RETRY, (outbox_id, to_micros(due_at)))

    async def continue_outbox(self, outbox_id: str, part: int) -> None:
        """Note that the platform has the first `part` parts."""
        await self.db.run(CONTINUE, (outbox_id, part))

    async def outbox_of(self, conversation_id: str, seq: int) -> OutboxRow | None:
        """Return the row of a message whose sending is not over."""
        row = await self.db.one(OUTBOX_OF, (conversation_id, seq))
        return None if row is None else to_outbox(row)

    async def note_early(self, outbox_id: str, status: str) -> None:
        """Keep what the platform told of a message before its sending was over."""
        await self.db.run(NOTE_EARLY, (outbox_id, status))

    async def drop_outbox(self, outbox_id: str) -> None:
        """Remove a row whose message has its final or its sent status."""
        await self.db.run(DROP, (outbox_id,))

    async def stale_outbox(self, *, node: str, before: datetime) -> list[OutboxRow]:
        """Return started rows of this node, or of any node if started before `before`."""
        return [to_outbox(row) for row in await self.db.all(STALE, (node, to_micros(before)))]
