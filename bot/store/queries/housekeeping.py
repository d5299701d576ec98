"""Keeping, handing out and deleting what is stored of customers, over every table that has it.

The tables are found by their columns: what has a `conversation_id` goes with the conversation, what
has a `customer_id` with the customer, and what has only an address with the customer's addresses. Files
go with their conversation, those that were never sent with the address, and their bytes by `media_id`.
The audit log of what agents did stays, without what it says of the customer.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    literal_column,
    select,
    update,
)

from bot.domain.agents import BOT, CUSTOMER, SYSTEM
from bot.domain.conversation import Owner
from bot.domain.work import InboxStatus
from bot.store import tables
from bot.store.queries.base import Row
from bot.store.queries.search import Search
from bot.store.statements import Statement
from bot.store.values import from_json, from_micros, to_micros

PRUNE_AT_ONCE = 100
"""Conversations that one `prune` deletes at most, so that nobody waits long for the writer."""

_c, _i, _o = tables.conversations.c, tables.inbox.c, tables.outbox.c
_all = tables.metadata.sorted_tables
_ADDRESS = ("channel", "account", "address")


def _having(column: str) -> list[Table]:
    return [table for table in _all if column in table.c]


def _by(table: Table, *columns: str) -> tuple[Any, ...]:
    return tuple(table.c[column] == bindparam(column) for column in columns)


def _reads(found: Sequence[Table], *columns: str) -> dict[str, tuple[Table, Statement]]:
    return {table.name: (table, _read(table, *columns)) for table in found}


def _read(table: Table, *columns: str) -> Statement:
    def build(_: object) -> Select[Any]:
        return select(table).where(*_by(table, *columns)).order_by(*table.primary_key)

    return Statement(build, *columns)


def _deletes(found: Sequence[Table], *columns: str) -> list[Statement]:
    return [_delete(table, *columns) for table in found]


def _delete(table: Table, *columns: str) -> Statement:
    return Statement(lambda _: delete(table).where(*_by(table, *columns)), *columns)


OF_CONVERSATION = [table for table in _having("conversation_id") if "customer_id" not in table.c]
OF_CUSTOMER = _having("customer_id")
OF_ADDRESS = [
    table for table in _having("address") if not {"conversation_id", "customer_id"} & {*table.c.keys()}
]

READ_CUSTOMER = _reads([tables.customers], "id")
READ_OF_CUSTOMER = _reads(OF_CUSTOMER, "customer_id")
READ_OF_CONVERSATION = _reads(OF_CONVERSATION, "conversation_id")
READ_OF_ADDRESS = _reads(OF_ADDRESS, *_ADDRESS)
DELETE_CUSTOMER = _deletes([tables.customers], "id")
DELETE_OF_CUSTOMER = _deletes(OF_CUSTOMER, "customer_id")
DELETE_OF_CONVERSATION = _deletes(
    [table for table in _having("conversation_id") if table is not tables.audit], "conversation_id"
)
DELETE_CONVERSATION = _deletes([tables.conversations], "id")
DELETE_OF_ADDRESS = _deletes(OF_ADDRESS, *_ADDRESS)
_f, _b = tables.media, tables.media_parts
_IN_CONVERSATION = (_f.c.conversation_id == bindparam("conversation_id"),)
_UNSENT_FROM = (*_by(_f, *_ADDRESS), _f.c.conversation_id == literal_column("''"))


def _bytes_of(*files: ColumnElement[bool]) -> ColumnElement[bool]:
    return _b.c.media_id.in_(select(_f.c.id).where(*files))


READ_BYTES = Statement(
    lambda _: select(_b).where(_bytes_of(*_IN_CONVERSATION)).order_by(*_b.primary_key), "conversation_id"
)
READ_UNSENT = Statement(lambda _: select(_f).where(*_UNSENT_FROM).order_by(_f.c.id), *_ADDRESS)
READ_UNSENT_BYTES = Statement(
    lambda _: select(_b).where(_bytes_of(*_UNSENT_FROM)).order_by(*_b.primary_key), *_ADDRESS
)
DELETE_BYTES = Statement(lambda _: delete(_b).where(_bytes_of(*_IN_CONVERSATION)), "conversation_id")
DELETE_UNSENT = (
    Statement(lambda _: delete(_b).where(_bytes_of(*_UNSENT_FROM)), *_ADDRESS),
    Statement(lambda _: delete(_f).where(*_UNSENT_FROM), *_ADDRESS),
)
READ_OF_CONVERSATION[_b.name] = (_b, READ_BYTES)
READ_OF_ADDRESS |= {_f.name: (_f, READ_UNSENT), _b.name: (_b, READ_UNSENT_BYTES)}
FORGET_MOVES = Statement(
    # What no agent did explains a conversation and nothing else; kept, it would grow with the traffic.
    lambda _: delete(tables.audit).where(
        tables.audit.c.conversation_id == bindparam("of_conversation"),
        tables.audit.c.actor.in_(literal_column(f"'{actor}'") for actor in (BOT, CUSTOMER, SYSTEM)),
    ),
    "of_conversation",
)
EMPTY_AUDIT = Statement(
    lambda _: (
        update(tables.audit)
        .where(tables.audit.c.conversation_id == bindparam("of_conversation"))
        .values(conversation_id=literal_column("''"), detail=literal_column("NULL"))
    ),
    "of_conversation",
)
CONVERSATIONS_OF = Statement(
    lambda _: (
        select(_c.id, _c.channel, _c.account, _c.address)
        .where(_c.customer_id == bindparam("customer_id"))
        .with_for_update()
    ),
    "customer_id",
)
ADDRESSES_OF = Statement(
    lambda _: select(*(tables.identities.c[name] for name in _ADDRESS)).where(
        tables.identities.c.customer_id == bindparam("customer_id")
    ),
    "customer_id",
)
OLD_CONVERSATIONS = Statement(
    # One with a message on its way is not over, whatever its age.
    lambda _: (
        select(_c.id, _c.customer_id)
        .where(_c.owner == literal_column(f"'{Owner.NOBODY.value}'"), _c.updated_at < bindparam("before"))
        .where(
            ~exists().where(
                _i.conversation_id == _c.id, _i.status == literal_column(f"'{InboxStatus.PENDING.value}'")
            )
        )
        .where(~exists().where(_o.conversation_id == _c.id))
        .order_by(_c.updated_at)
        .limit(PRUNE_AT_ONCE)
        .with_for_update(of=tables.conversations, skip_locked=True)
    ),
    "before",
)
CUSTOMER_IS_KNOWN = Statement(
    lambda _: (
        select(tables.customers.c.id)
        .where(tables.customers.c.id == bindparam("id"))
        .where(
            exists().where(_c.customer_id == tables.customers.c.id)
            | exists().where(tables.identities.c.customer_id == tables.customers.c.id)
        )
    ),
    "id",
)
FORGET_KEYS = Statement(
    lambda _: delete(tables.remembered).where(tables.remembered.c.at < bindparam("before")), "before"
)
DROP_LINKS = Statement(
    lambda _: delete(tables.links).where(tables.links.c.expires_at <= bindparam("now")), "now"
)
END_SESSIONS = Statement(
    lambda _: delete(tables.sessions).where(tables.sessions.c.expires_at <= bindparam("now")), "now"
)


def plain(table: Table, row: Row) -> dict[str, Any]:
    """Return a row as plain JSON values: times in ISO 8601, bytes in base 64."""
    return {column.name: _plain(column, value) for column, value in zip(table.columns, row, strict=True)}


def _plain(column: Column[Any], value: Any) -> Any:
    kind = column.info.get("as")
    if value is None or kind is None:
        return value
    if kind == "time":
        return from_micros(value).isoformat()
    if kind == "json":
        return from_json(value)
    if kind == "flag":
        return value == 1
    return base64.b64encode(value).decode()


class Housekeeping(Search):
    """The part of `Tx` about retention and about a customer's rights."""

    __slots__ = ()

    async def prune(self, *, conversations_before: datetime, dedupe_before: datetime) -> int:
        """Delete what is older; return how many conversations went.

        At most `PRUNE_AT_ONCE` of them go: call again until it returns 0.
        """
        await self.db.run(FORGET_KEYS, (to_micros(dedupe_before),))
        await self.db.run(END_SESSIONS, (to_micros(self.clock.now()),))
        await self.db.run(DROP_LINKS, (to_micros(self.clock.now()),))
        before = to_micros(conversations_before)
        rows = await self.db.all(OLD_CONVERSATIONS, (before,))
        for conversation_id, _ in rows:
            await self._delete_conversation(conversation_id)
        for customer_id in {row[1] for row in rows}:
            if await self.db.one(CUSTOMER_IS_KNOWN, (customer_id,)) is None:
                await self._delete_customer(customer_id)
        return len(rows)

    async def export_customer(self, customer_id: str) -> dict[str, Any]:
        """Return everything that is stored of a customer, as plain JSON values, by table."""
        result = await self._rows(READ_CUSTOMER, (customer_id,))
        result |= await self._rows(READ_OF_CUSTOMER, (customer_id,))
        for address in await self._addresses(customer_id, result):
            _extend(result, await self._rows(READ_OF_ADDRESS, address))
        for conversation in result["conversations"]:
            _extend(result, await self._rows(READ_OF_CONVERSATION, (conversation["id"],)))
        return result

    async def erase_customer(self, customer_id: str) -> int:
        """Delete everything that is stored of a customer; return how many conversations went."""
        conversations = await self.db.all(CONVERSATIONS_OF, (customer_id,))
        addresses = {tuple(row) for row in await self.db.all(ADDRESSES_OF, (customer_id,))}
        addresses |= {tuple(row)[1:] for row in conversations}
        for address in sorted(addresses):
            for statement in (*DELETE_OF_ADDRESS, *DELETE_UNSENT):
                await self.db.run(statement, address)
        for row in conversations:
            await self._delete_conversation(row[0])
        await self._delete_customer(customer_id)
        return len(conversations)

    async def _delete_conversation(self, conversation_id: str) -> None:
        # First what is found by something else: the words by the messages, the bytes by the files.
        await self.forget_conversation(conversation_id)
        audit = (FORGET_MOVES, EMPTY_AUDIT)
        for statement in (DELETE_BYTES, *DELETE_OF_CONVERSATION, *audit, *DELETE_CONVERSATION):
            await self.db.run(statement, (conversation_id,))

    async def _delete_customer(self, customer_id: str) -> None:
        await self.forget_customer(customer_id)
        for statement in (*DELETE_OF_CUSTOMER, *DELETE_CUSTOMER):
            await self.db.run(statement, (customer_id,))

    async def _rows(
        self, reads: dict[str, tuple[Table, Statement]], values: tuple[Any, ...]
    ) -> dict[str, list[dict[str, Any]]]:
        return {
            name: [plain(table, row) for row in await self.db.all(statement, values)]
            for name, (table, statement) in reads.items()
        }

    async def _addresses(
        self, customer_id: str, known: dict[str, list[dict[str, Any]]]
    ) -> list[tuple[Any, ...]]:
        places = known["identities"] + known["conversations"]
        return sorted({tuple(place[name] for name in _ADDRESS) for place in places})


def _extend(result: dict[str, list[dict[str, Any]]], more: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in more.items():
        result.setdefault(name, []).extend(rows)
