"""Messages: what was said, in order, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, select, update

from bot.domain.message import (
    DELIVERY_STEPS,
    Attachment,
    Author,
    Choice,
    Delivery,
    Kind,
    Message,
    Nlu,
)
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert
from bot.store.values import from_json, from_micros, to_json, to_micros

_m, _c, _i, _s = tables.messages.c, tables.conversations.c, tables.inbox.c, tables.sent_parts.c
_EMPTY: ColumnElement[str] = literal_column("''")
_HERE = _m.conversation_id == bindparam("conversation_id")

ADD_MESSAGE = insert(tables.messages)
MESSAGE = Statement(
    lambda _: select(tables.messages).where(_HERE, _m.seq == bindparam("seq")), "conversation_id", "seq"
)
MESSAGES_AFTER = Statement(
    lambda _: (
        select(tables.messages)
        .where(_HERE, _m.seq > bindparam("after"))
        .order_by(_m.seq)
        .limit(bindparam("limit"))
    ),
    "conversation_id",
    "after",
    "limit",
)
LAST_MESSAGES = Statement(
    lambda _: select(tables.messages).where(_HERE).order_by(_m.seq.desc()).limit(bindparam("limit")),
    "conversation_id",
    "limit",
)
BY_CLIENT_ID = Statement(
    # The partial index serves only a query that repeats its condition word for word.
    lambda _: select(tables.messages).where(
        _HERE, _m.client_id == bindparam("client_id"), _m.client_id != _EMPTY
    ),
    "conversation_id",
    "client_id",
)
BY_EXTERNAL_ID = Statement(
    lambda _: (
        select(tables.messages)
        .join(tables.conversations, _c.id == _m.conversation_id)
        .where(_m.external_id == bindparam("external_id"), _m.external_id != _EMPTY)
        .where(_c.channel == bindparam("channel"), _c.account == bindparam("account"))
        .where(_m.author != literal_column(f"'{Author.CUSTOMER.value}'"))
        .order_by(_m.created_at.desc())
        .limit(1)
    ),
    "channel",
    "account",
    "external_id",
)
BY_PART = Statement(
    lambda _: (
        select(tables.messages)
        .join(tables.sent_parts, and_(_s.conversation_id == _m.conversation_id, _s.message_seq == _m.seq))
        .where(_s.external_id == bindparam("external_id"))
        .where(_s.channel == bindparam("channel"), _s.account == bindparam("account"))
        .limit(1)
    ),
    "channel",
    "account",
    "external_id",
)
ADD_PART = insert(tables.sent_parts, unless_there=True)
FROM_CUSTOMER = Statement(
    lambda _: (
        select(tables.messages)
        .where(_m.external_id == bindparam("external_id"), _m.external_id != _EMPTY, _HERE)
        .where(_m.author == literal_column(f"'{Author.CUSTOMER.value}'"))
        .order_by(_m.seq.desc())
        .limit(1)
    ),
    "conversation_id",
    "external_id",
)
SET_ATTACHMENTS = Statement(
    lambda _: (
        update(tables.messages)
        .where(_m.conversation_id == bindparam("in_conversation"), _m.seq == bindparam("at_seq"))
        .values(attachments=bindparam("files"))
    ),
    "in_conversation",
    "at_seq",
    "files",
)
_ANSWERED_SEQ = select(_i.message_seq).where(_i.id == bindparam("inbox_id")).scalar_subquery()
REPLIES_TO = Statement(
    # Answers come after what they answer, so the primary key leads there without an index of its own.
    lambda _: (
        select(tables.messages)
        .where(_HERE, _m.seq > func.coalesce(_ANSWERED_SEQ, 0), _m.reply_to == bindparam("inbox_id"))
        .order_by(_m.seq)
    ),
    "conversation_id",
    "inbox_id",
)
ANNOTATE = Statement(
    lambda _: (
        update(tables.messages)
        .where(_m.conversation_id == bindparam("in_conversation"), _m.seq == bindparam("at_seq"))
        .values(nlu=bindparam("nlu"), failed=bindparam("failed"))
    ),
    "in_conversation",
    "at_seq",
    "nlu",
    "failed",
)


def _step(target: Delivery) -> Statement:
    sources = [source.value for source, targets in DELIVERY_STEPS.items() if target in targets]
    allowed: ColumnElement[str] = literal_column("(" + ", ".join(f"'{source}'" for source in sources) + ")")
    return Statement(
        lambda _: (
            update(tables.messages)
            .where(_m.conversation_id == bindparam("in_conversation"), _m.seq == bindparam("at_seq"))
            .where(_m.delivery.op("IN")(allowed))
            .values(
                delivery=literal_column(f"'{target.value}'"),
                external_id=func.coalesce(func.nullif(bindparam("external"), _EMPTY), _m.external_id),
                delivery_note=func.coalesce(func.nullif(bindparam("note"), _EMPTY), _m.delivery_note),
            )
        ),
        "in_conversation",
        "at_seq",
        "external",
        "note",
    )


DELIVERY_TO = {
    target: _step(target)
    for target in Delivery
    if any(target in steps for steps in DELIVERY_STEPS.values())
}
"""Status -> the change to it from where `DELIVERY_STEPS` allows it; no way leads to STORED."""

_AUTHOR = {author.value: author for author in Author}
_KIND = {kind.value: kind for kind in Kind}
_DELIVERY = {delivery.value: delivery for delivery in Delivery}
_read_choices = msgspec.json.Decoder(tuple[Choice, ...]).decode
_read_attachments = msgspec.json.Decoder(tuple[Attachment, ...]).decode
_read_nlu = msgspec.json.Decoder(Nlu).decode


def to_message(row: Row) -> Message:
    """Read a row of `messages`."""
    return Message(
        conversation_id=row[0],
        seq=row[1],
        id=row[2],
        author=_AUTHOR[row[3]],
        kind=_KIND[row[4]],
        created_at=from_micros(row[5]),
        text=row[6],
        author_id=row[7],
        author_name=row[8],
        choices=() if row[9] is None else _read_choices(row[9]),
        attachments=() if row[10] is None else _read_attachments(row[10]),
        custom=None if row[11] is None else from_json(row[11]),
        delivery=_DELIVERY[row[12]],
        external_id=row[13],
        client_id=row[14],
        reply_to=row[15],
        nlu=None if row[16] is None else _read_nlu(row[16]),
        failed=row[17] == 1,
        delivery_note=row[18],
    )


def from_message(message: Message) -> tuple[Any, ...]:
    """Return a row of `messages`."""
    return (
        message.conversation_id,
        message.seq,
        message.id,
        message.author.value,
        message.kind.value,
        to_micros(message.created_at),
        message.text,
        message.author_id,
        message.author_name,
        to_json(message.choices) if message.choices else None,
        to_json(message.attachments) if message.attachments else None,
        None if message.custom is None else to_json(message.custom),
        message.delivery.value,
        message.external_id,
        message.client_id,
        message.reply_to,
        None if message.nlu is None else to_json(message.nlu),
        int(message.failed),
        message.delivery_note,
    )


class Messages(Part):
    """The part of `Tx` about messages."""

    __slots__ = ()

    async def add_message(self, message: Message) -> None:
        """Insert. Raises Conflict if the sequence number or a non-empty client id is taken there."""
        await self.db.run(ADD_MESSAGE, from_message(message))

    async def message(self, conversation_id: str, seq: int) -> Message | None:
        """Return one message."""
        row = await self.db.one(MESSAGE, (conversation_id, seq))
        return None if row is None else to_message(row)

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 200) -> list[Message]:
        """Return messages with a greater sequence number, in order."""
        rows = await self.db.all(MESSAGES_AFTER, (conversation_id, after, limit))
        return [to_message(row) for row in rows]

    async def last_messages(self, conversation_id: str, *, limit: int = 50) -> list[Message]:
        """Return the newest messages, in order."""
        rows = await self.db.all(LAST_MESSAGES, (conversation_id, limit))
        return [to_message(row) for row in reversed(rows)]

    async def message_by_client_id(self, conversation_id: str, client_id: str) -> Message | None:
        """Return the message that was stored under the sender's own id."""
        row = await self.db.one(BY_CLIENT_ID, (conversation_id, client_id))
        return None if row is None else to_message(row)

    async def message_by_external_id(self, channel: str, account: str, external_id: str) -> Message | None:
        """Return the outgoing message that the platform knows by this id, or a part of it."""
        row = await self.db.one(BY_EXTERNAL_ID, (channel, account, external_id))
        row = row or await self.db.one(BY_PART, (channel, account, external_id))
        return None if row is None else to_message(row)

    async def replies_to(self, conversation_id: str, inbox_id: str) -> list[Message]:
        """Return what was said in answer to an inbox row, in order."""
        return [to_message(row) for row in await self.db.all(REPLIES_TO, (conversation_id, inbox_id))]

    async def annotate(self, conversation_id: str, seq: int, nlu: Nlu | None, failed: bool) -> None:
        """Keep what was understood of a customer message."""
        await self.db.run(
            ANNOTATE, (conversation_id, seq, None if nlu is None else to_json(nlu), int(failed))
        )

    async def set_delivery(
        self, conversation_id: str, seq: int, delivery: Delivery, external_id: str = "", note: str = ""
    ) -> bool:
        """Move a message's delivery status if `DELIVERY_STEPS` allows it; say whether it moved."""
        statement = DELIVERY_TO.get(delivery)
        if statement is None:
            return False
        return await self.db.run(statement, (conversation_id, seq, external_id, note)) > 0

    async def set_attachments(
        self, conversation_id: str, seq: int, attachments: Sequence[Attachment]
    ) -> None:
        """Replace the files of a message."""
        await self.db.run(SET_ATTACHMENTS, (conversation_id, seq, to_json(tuple(attachments))))

    async def add_sent_part(
        self, conversation_id: str, seq: int, channel: str, account: str, external_id: str
    ) -> None:
        """Note the platform's id of one of several parts of a message."""
        await self.db.run(ADD_PART, (external_id, conversation_id, seq, channel, account))

    async def message_from_customer(self, conversation_id: str, external_id: str) -> Message | None:
        """Return the customer's message that the platform knows by this id."""
        row = await self.db.one(FROM_CUSTOMER, (conversation_id, external_id))
        return None if row is None else to_message(row)
