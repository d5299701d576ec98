"""What came in: platform messages that were accepted, and the rows that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, literal_column, select, update

from bot.domain.customer import Trust
from bot.domain.work import InboxKind, InboxOutcome, InboxRow, InboxStatus
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert
from bot.store.values import from_micros, to_micros

_i, _r = tables.inbox.c, tables.remembered.c
_IS_PENDING = _i.status == literal_column(f"'{InboxStatus.PENDING.value}'")

REMEMBER = insert(tables.remembered, unless_there=True)
REMEMBERED = Statement(
    lambda _: select(_r.inbox_id).where(
        *(column == bindparam(column.name) for column in (_r.channel, _r.account, _r.address, _r.key))
    ),
    "channel",
    "account",
    "address",
    "key",
)
ADD_INBOX = insert(tables.inbox)
INBOX = Statement(lambda _: select(tables.inbox).where(_i.id == bindparam("id")), "id")
PENDING = Statement(
    lambda _: (
        select(tables.inbox)
        .where(_i.conversation_id == bindparam("conversation_id"), _IS_PENDING)
        .order_by(_i.message_seq)
    ),
    "conversation_id",
)
PENDING_CONVERSATIONS = Statement(
    lambda _: (
        select(_i.conversation_id)
        .where(_IS_PENDING, _i.due_at <= bindparam("now"))
        .group_by(_i.conversation_id)
        .order_by(func.min(_i.received_at), _i.conversation_id)
        .limit(bindparam("limit"))
    ),
    "now",
    "limit",
)
LAST_TRUST = Statement(
    lambda _: (
        select(_i.trust)
        .where(
            _i.conversation_id == bindparam("conversation_id"),
            _i.kind == literal_column(f"'{InboxKind.MESSAGE.value}'"),
        )
        .order_by(_i.message_seq.desc())
        .limit(1)
    ),
    "conversation_id",
)
FINISH = Statement(
    lambda _: (
        update(tables.inbox)
        .where(_i.id == bindparam("row"), _IS_PENDING)
        .values(status=literal_column(f"'{InboxStatus.DONE.value}'"), outcome=bindparam("outcome"))
    ),
    "row",
    "outcome",
)
COUNT_ATTEMPT = Statement(
    lambda _: update(tables.inbox).where(_i.id == bindparam("row")).values(attempts=_i.attempts + 1), "row"
)

_OUTCOME = {outcome.value: outcome for outcome in InboxOutcome}
_STATUS = {status.value: status for status in InboxStatus}
_KIND = {kind.value: kind for kind in InboxKind}
_TRUST = {trust.value: trust for trust in Trust}


def to_inbox(row: Row) -> InboxRow:
    """Read a row of `inbox`."""
    (
        id_, conversation_id, message_seq, received_at, due_at, text, payload, status, outcome, attempts,
        kind, trust,
    ) = row  # fmt: skip
    return InboxRow(
        id=id_,
        conversation_id=conversation_id,
        message_seq=message_seq,
        received_at=from_micros(received_at),
        due_at=from_micros(due_at),
        text=text,
        payload=payload,
        status=_STATUS[status],
        outcome=None if outcome is None else _OUTCOME[outcome],
        attempts=attempts,
        kind=_KIND[kind],
        trust=_TRUST[trust],
    )


class Inbox(Part):
    """The part of `Tx` about what came in."""

    __slots__ = ()

    async def remember(
        self, channel: str, account: str, address: str, key: str, inbox_id: str, at: datetime
    ) -> str | None:
        """Note that a platform's message was accepted; return None, or how it was first accepted."""
        place = (channel, account, address, key)
        if await self.db.run(REMEMBER, (*place, inbox_id, to_micros(at))):
            return None
        row = await self.db.one(REMEMBERED, place)
        return None if row is None else row[0]

    async def add_inbox(self, row: InboxRow) -> None:
        """Insert a row."""
        values = (
            row.id,
            row.conversation_id,
            row.message_seq,
            to_micros(row.received_at),
            to_micros(row.due_at),
            row.text,
            row.payload,
            row.status.value,
            None if row.outcome is None else row.outcome.value,
            row.attempts,
            row.kind.value,
            row.trust.value,
        )
        await self.db.run(ADD_INBOX, values)

    async def inbox(self, inbox_id: str) -> InboxRow | None:
        """Return a row."""
        row = await self.db.one(INBOX, (inbox_id,))
        return None if row is None else to_inbox(row)

    async def pending(self, conversation_id: str) -> list[InboxRow]:
        """Return the conversation's pending rows, oldest first."""
        return [to_inbox(row) for row in await self.db.all(PENDING, (conversation_id,))]

    async def last_trust(self, conversation_id: str) -> Trust:
        """Return what was vouched for with the customer's newest message."""
        row = await self.db.one(LAST_TRUST, (conversation_id,))
        return Trust.ANONYMOUS if row is None else _TRUST[row[0]]

    async def pending_conversations(self, now: datetime, *, limit: int = 500) -> list[str]:
        """Return ids of conversations with a pending row that is due, longest waiting first."""
        return [row[0] for row in await self.db.all(PENDING_CONVERSATIONS, (to_micros(now), limit))]

    async def finish_inbox(self, ids: Sequence[str], outcome: InboxOutcome) -> int:
        """Mark pending rows done; return how many were still pending."""
        finished = 0
        for inbox_id in ids:
            finished += await self.db.run(FINISH, (inbox_id, outcome.value))
        return finished

    async def count_attempt(self, inbox_ids: Sequence[str]) -> None:
        """Add one to `attempts` of these rows."""
        for inbox_id in inbox_ids:
            await self.db.run(COUNT_ATTEMPT, (inbox_id,))
