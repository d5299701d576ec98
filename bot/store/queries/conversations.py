"""Conversations and the dialogue state; their lists are in `lists.py`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, select

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

OWNERS = {owner.value: owner for owner in Owner}
"""Owners by what a row holds."""


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
        owner=OWNERS[row[7]],
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

    async def count_by_owner(self) -> dict[Owner, int]:
        """Count conversations by owner; every owner is there."""
        rows = await self.db.all(COUNT_BY_OWNER)
        return dict.fromkeys(Owner, 0) | {OWNERS[row[0]]: row[1] for row in rows}

    async def state(self, conversation_id: str) -> bytes | None:
        """Return the committed dialogue state."""
        row = await self.db.one(STATE, (conversation_id,))
        return None if row is None else row[0]

    async def put_state(self, conversation_id: str, state: bytes, model: str) -> None:
        """Replace the dialogue state."""
        await self.db.run(PUT_STATE, (conversation_id, state, model))
