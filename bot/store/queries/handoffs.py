"""Handoffs, and what turns changed or proved for a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from bot.domain.customer import Effect, Status
from bot.domain.handoff import Handoff, Outcome, Reason
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Flavour, Statement, insert, upsert
from bot.store.values import (
    from_json,
    from_micros,
    from_micros_or_none,
    to_json,
    to_micros,
    to_micros_or_none,
)

_h, _e, _g = tables.handoffs.c, tables.effects.c, tables.order_grants.c

HANDOFF = Statement(lambda _: select(tables.handoffs).where(_h.id == bindparam("id")), "id")
HANDOFFS = Statement(
    lambda _: (
        select(tables.handoffs)
        .where(_h.conversation_id == bindparam("conversation_id"))
        .order_by(_h.requested_at, _h.id)
    ),
    "conversation_id",
)
RECENT_WAITS = Statement(
    lambda _: (
        select(_h.requested_at, _h.accepted_at)
        .where(
            # Said as well although a comparison implies it, so that the partial index is used.
            _h.accepted_at.is_not(None),
            _h.accepted_at >= bindparam("since"),
            _h.reason != literal_column(f"'{Reason.AGENT_REQUESTED.value}'"),
        )
        .order_by(_h.accepted_at.desc())
        .limit(bindparam("limit"))
    ),
    "since",
    "limit",
)
PUT_HANDOFF = upsert(tables.handoffs)
EFFECT = Statement(lambda _: select(tables.effects).where(_e.key == bindparam("key")), "key")
EFFECTS = Statement(
    lambda _: (
        select(tables.effects)
        .where(_e.conversation_id == bindparam("conversation_id"))
        .order_by(_e.started_at, _e.key)
    ),
    "conversation_id",
)
EFFECTS_FOR = Statement(
    lambda _: (
        select(tables.effects)
        .where(
            _e.customer_ref == bindparam("customer_ref"),
            # Said once more as a constant, so that the partial index is used.
            _e.customer_ref != literal_column("''"),
            _e.method == bindparam("method"),
            _e.started_at >= bindparam("since"),
        )
        .order_by(_e.started_at, _e.key)
    ),
    "customer_ref",
    "method",
    "since",
)
LOCK_CUSTOMER = Statement(
    lambda _: select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("customer_ref"), 1))),
    "customer_ref",
)
"""PostgreSQL only."""
PUT_EFFECT = upsert(tables.effects)
GRANT_ORDER = insert(tables.order_grants, unless_there=True)
ORDER_GRANTS = Statement(
    lambda _: (
        select(_g.order_number)
        .where(_g.conversation_id == bindparam("conversation_id"))
        .order_by(_g.at, _g.order_number)
    ),
    "conversation_id",
)

_REASON = {reason.value: reason for reason in Reason}
_OUTCOME = {outcome.value: outcome for outcome in Outcome}
_STATUS = {status.value: status for status in Status}


def to_handoff(row: Row) -> Handoff:
    """Read a row of `handoffs`."""
    return Handoff(
        id=row[0],
        conversation_id=row[1],
        reason=_REASON[row[2]],
        requested_at=from_micros(row[3]),
        evidence=from_json(row[4]),
        priority=row[5],
        team=row[6],
        skills=tuple(from_json(row[7])),
        language=row[8],
        agent_id=row[9],
        offered_at=from_micros_or_none(row[10]),
        accepted_at=from_micros_or_none(row[11]),
        closed_at=from_micros_or_none(row[12]),
        outcome=None if row[13] is None else _OUTCOME[row[13]],
        slots=from_json(row[14]),
    )


def from_handoff(handoff: Handoff) -> tuple[Any, ...]:
    """Return a row of `handoffs`."""
    return (
        handoff.id,
        handoff.conversation_id,
        handoff.reason.value,
        to_micros(handoff.requested_at),
        to_json(handoff.evidence),
        handoff.priority,
        handoff.team,
        to_json(handoff.skills),
        handoff.language,
        handoff.agent_id,
        to_micros_or_none(handoff.offered_at),
        to_micros_or_none(handoff.accepted_at),
        to_micros_or_none(handoff.closed_at),
        None if handoff.outcome is None else handoff.outcome.value,
        to_json(handoff.slots),
    )


def to_effect(row: Row) -> Effect:
    """Read a row of `effects`."""
    key, conversation_id, inbox_id, action, method, arguments, started, finished, status, result = row[:10]
    return Effect(
        key=key,
        conversation_id=conversation_id,
        inbox_id=inbox_id,
        action=action,
        method=method,
        arguments=from_json(arguments),
        started_at=from_micros(started),
        finished_at=from_micros_or_none(finished),
        status=None if status is None else _STATUS[status],
        result=None if result is None else from_json(result),
        agent_id=row[10],
        customer_ref=row[11],
    )


class Handoffs(Part):
    """The part of `Tx` about handoffs, effects and proofs."""

    __slots__ = ()

    async def handoff(self, handoff_id: str) -> Handoff | None:
        """Return a handoff."""
        row = await self.db.one(HANDOFF, (handoff_id,))
        return None if row is None else to_handoff(row)

    async def put_handoff(self, handoff: Handoff) -> None:
        """Insert or replace by id."""
        await self.db.run(PUT_HANDOFF, from_handoff(handoff))

    async def handoffs(self, conversation_id: str) -> list[Handoff]:
        """Return all handoffs of a conversation, oldest first."""
        return [to_handoff(row) for row in await self.db.all(HANDOFFS, (conversation_id,))]

    async def recent_waits(self, *, since: datetime, limit: int) -> list[float]:
        """Return the seconds that handoffs accepted since then had waited, the newest first."""
        rows = await self.db.all(RECENT_WAITS, (to_micros(since), limit))
        return [(accepted - requested) / 1_000_000 for requested, accepted in rows]

    async def effect(self, key: str) -> Effect | None:
        """Return what was done under an idempotency key."""
        row = await self.db.one(EFFECT, (key,))
        return None if row is None else to_effect(row)

    async def put_effect(self, effect: Effect) -> None:
        """Insert or replace by key."""
        values = (
            effect.key,
            effect.conversation_id,
            effect.inbox_id,
            effect.action,
            effect.method,
            to_json(effect.arguments),
            to_micros(effect.started_at),
            to_micros_or_none(effect.finished_at),
            None if effect.status is None else effect.status.value,
            None if effect.result is None else to_json(effect.result),
            effect.agent_id,
            effect.customer_ref,
        )
        await self.db.run(PUT_EFFECT, values)

    async def effects(self, conversation_id: str) -> list[Effect]:
        """Return what was changed for a conversation, oldest first."""
        return [to_effect(row) for row in await self.db.all(EFFECTS, (conversation_id,))]

    async def effects_for(self, customer_ref: str, method: str, since: datetime) -> list[Effect]:
        """Return what was begun for a customer since then by one method, oldest first.

        In a transaction that writes, others that ask for the same customer wait until it has ended.
        """
        if self.db.flavour is Flavour.POSTGRES and not self.db.readonly:
            await self.db.one(LOCK_CUSTOMER, (customer_ref,))
        rows = await self.db.all(EFFECTS_FOR, (customer_ref, method, to_micros(since)))
        return [to_effect(row) for row in rows]

    async def grant_order(self, conversation_id: str, order_number: str, at: datetime) -> None:
        """Remember that the customer proved this order."""
        await self.db.run(GRANT_ORDER, (conversation_id, order_number, to_micros(at)))

    async def order_grants(self, conversation_id: str) -> tuple[str, ...]:
        """Return the proved orders, in the order in which they were proved."""
        return tuple(row[0] for row in await self.db.all(ORDER_GRANTS, (conversation_id,)))
