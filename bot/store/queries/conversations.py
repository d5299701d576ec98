"""Conversations, their lists, and the dialogue state."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, tuple_

from bot.domain.conversation import Conversation, Owner
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, upsert
from bot.store.values import from_micros, from_micros_or_none, to_micros, to_micros_or_none

_c, _s = tables.conversations.c, tables.dialogue_states.c

CONVERSATION = Statement(lambda _: select(tables.conversations).where(_c.id == bindparam("id")), "id")
CONVERSATION_LOCKED = Statement(
    lambda _: select(tables.conversations).where(_c.id == bindparam("id")).with_for_update(), "id"
)
PUT_CONVERSATION = upsert(tables.conversations)
COUNT_BY_OWNER = Statement(lambda _: select(_c.owner, func.count()).group_by(_c.owner))
STATE = Statement(lambda _: select(_s.state).where(_s.conversation_id == bindparam("id")), "id")
PUT_STATE = upsert(tables.dialogue_states)

_EMPTY: ColumnElement[str] = literal_column("''")
_NEVER: ColumnElement[int] = literal_column(str(2**62))
_QUEUE_ORDER = (
    -_c.priority,
    func.coalesce(_c.reply_until, _NEVER),
    func.coalesce(_c.waiting_since, literal_column("0")),
    _c.id,
)
"""`bot.domain.handoff.queue_key` in SQL, with the reply window as the deadline."""

_OWNER = {owner.value: owner for owner in Owner}


@cache
def listing(queue: bool, filters: tuple[str, ...], after: bool) -> Statement:
    """Return the statement that lists by these columns, in queue order or by time of change."""

    def build(_: object) -> Any:
        order = _QUEUE_ORDER if queue else (_c.updated_at, _c.id)
        statement = select(tables.conversations).where(*(_c[name] == bindparam(name) for name in filters))
        if "assignee" in filters:
            # The partial index serves only a query that repeats its condition word for word.
            statement = statement.where(_c.assignee != _EMPTY)
        if after:
            # The place in the list is looked up by id: a conversation that left it still has one.
            seen = select(*order).where(_c.id == bindparam("after")).correlate(None).subquery()
            place = select(*seen.c).scalar_subquery()
            here = tuple_(*order)
            statement = statement.where(here > place if queue else here < place)
        wanted = order if queue else tuple(column.desc() for column in order)
        return statement.order_by(*wanted).limit(bindparam("limit"))

    return Statement(build, *filters, *(("after",) if after else ()), "limit")


def to_conversation(row: Row) -> Conversation:
    """Read a row of `conversations`."""
    return Conversation(
        id=row[0],
        customer_id=row[1],
        channel=row[2],
        address=row[3],
        created_at=from_micros(row[4]),
        updated_at=from_micros(row[5]),
        account=row[6],
        owner=_OWNER[row[7]],
        owner_version=row[8],
        assignee=row[9],
        desk=row[10],
        team=row[11],
        language=row[12],
        reply_until=from_micros_or_none(row[13]),
        seq=row[14],
        handoff_id=row[15],
        priority=row[16],
        waiting_since=from_micros_or_none(row[17]),
        reopens_to_queue=row[18] == 1,
        last_customer_at=from_micros_or_none(row[19]),
        returned_at=from_micros_or_none(row[20]),
    )


def from_conversation(conversation: Conversation) -> tuple[Any, ...]:
    """Return a row of `conversations`."""
    return (
        conversation.id,
        conversation.customer_id,
        conversation.channel,
        conversation.address,
        to_micros(conversation.created_at),
        to_micros(conversation.updated_at),
        conversation.account,
        conversation.owner.value,
        conversation.owner_version,
        conversation.assignee,
        conversation.desk,
        conversation.team,
        conversation.language,
        to_micros_or_none(conversation.reply_until),
        conversation.seq,
        conversation.handoff_id,
        conversation.priority,
        to_micros_or_none(conversation.waiting_since),
        int(conversation.reopens_to_queue),
        to_micros_or_none(conversation.last_customer_at),
        to_micros_or_none(conversation.returned_at),
    )


class Conversations(Part):
    """The part of `Tx` about conversations."""

    __slots__ = ()

    async def conversation(self, conversation_id: str, *, lock: bool = False) -> Conversation | None:
        """Return a conversation; with `lock`, nobody else changes it before this transaction ends."""
        if lock:
            self.must_write()
        row = await self.db.one(CONVERSATION_LOCKED if lock else CONVERSATION, (conversation_id,))
        return None if row is None else to_conversation(row)

    async def put_conversation(self, conversation: Conversation) -> None:
        """Insert or replace by id."""
        await self.db.run(PUT_CONVERSATION, from_conversation(conversation))

    async def conversations(
        self,
        *,
        owner: Owner | None = None,
        assignee: str = "",
        customer_id: str = "",
        after: str = "",
        limit: int = 50,
    ) -> list[Conversation]:
        """List conversations: the queue in its order, otherwise the most recently changed first.

        `after` is the id of the last one already seen; one that is unknown ends the list.
        """
        given = {"assignee": assignee, "customer_id": customer_id}
        filters = {name: value for name, value in given.items() if value}
        if owner is None and not filters:
            return await self._of_all_owners(after, limit)
        if owner is not None:
            filters["owner"] = owner.value
        return await self._page(filters, after, limit, queue=owner is Owner.QUEUE)

    async def _of_all_owners(self, after: str, limit: int) -> list[Conversation]:
        # One short walk on the index for each owner, instead of an index more to write for everyone.
        found: list[Conversation] = []
        for owner in Owner:
            found += await self._page({"owner": owner.value}, after, limit, queue=False)
        found.sort(key=_recency, reverse=True)
        return found[:limit]

    async def _page(
        self, filters: dict[str, str], after: str, limit: int, *, queue: bool
    ) -> list[Conversation]:
        statement = listing(queue, tuple(filters), bool(after))
        values = (*filters.values(), after, limit) if after else (*filters.values(), limit)
        return [to_conversation(row) for row in await self.db.all(statement, values)]

    async def count_by_owner(self) -> dict[Owner, int]:
        """Count conversations by owner; every owner is there."""
        rows = await self.db.all(COUNT_BY_OWNER)
        return dict.fromkeys(Owner, 0) | {_OWNER[row[0]]: row[1] for row in rows}

    async def state(self, conversation_id: str) -> bytes | None:
        """Return the committed dialogue state."""
        row = await self.db.one(STATE, (conversation_id,))
        return None if row is None else row[0]

    async def put_state(self, conversation_id: str, state: bytes, model: str) -> None:
        """Replace the dialogue state."""
        await self.db.run(PUT_STATE, (conversation_id, state, model))


def _recency(conversation: Conversation) -> tuple[datetime, str]:
    return conversation.updated_at, conversation.id
