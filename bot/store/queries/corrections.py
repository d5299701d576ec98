"""What agents say that misread messages meant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, func, literal_column, select

from bot.domain.correction import Correction, CorrectionStatus
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Flavour, Statement, upsert
from bot.store.values import from_micros, from_micros_or_none, to_micros, to_micros_or_none

_c = tables.corrections.c
THOUSAND = 1_000
"""Confidences are kept in thousandths."""

PUT_CORRECTION = upsert(tables.corrections)
CORRECTION = Statement(
    lambda _: select(tables.corrections).where(_c.number == bindparam("number")), "number"
)
CORRECTIONS_OF = Statement(
    lambda _: (
        select(tables.corrections)
        .where(_c.conversation_id == bindparam("conversation_id"))
        .order_by(_c.message_seq)
    ),
    "conversation_id",
)
OPEN_CORRECTIONS = Statement(
    lambda _: (
        select(tables.corrections)
        .where(_c.status == literal_column(f"'{CorrectionStatus.OPEN.value}'"))
        .order_by(_c.at, _c.number)
        .limit(bindparam("limit"))
    ),
    "limit",
)
DECIDED_CORRECTIONS = Statement(
    lambda _: (
        select(tables.corrections)
        .where(_c.status == bindparam("status"))
        .order_by(_c.decided_at.desc(), _c.number.desc())
        .limit(bindparam("limit"))
    ),
    "status",
    "limit",
)
HIGHEST = Statement(lambda _: select(func.max(_c.number)))
LOCK_NUMBERS = Statement(
    lambda _: select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("what"), 2))), "what"
)
"""PostgreSQL only."""
DROP_CORRECTION = Statement(
    lambda _: delete(tables.corrections).where(_c.number == bindparam("number")), "number"
)


def to_correction(row: Row) -> Correction:
    """Read a row of `corrections`."""
    return Correction(
        id=row[0],
        number=row[1],
        conversation_id=row[2],
        message_seq=row[3],
        text=row[4],
        guessed=row[5],
        confidence=row[6] / THOUSAND,
        intent=row[7],
        note=row[8],
        agent_id=row[9],
        at=from_micros(row[10]),
        status=CorrectionStatus(row[11]),
        decided_by=row[12],
        decided_at=from_micros_or_none(row[13]),
        reason=row[14],
    )


def from_correction(found: Correction) -> tuple[Any, ...]:
    """Return a row of `corrections`."""
    return (
        found.id,
        found.number,
        found.conversation_id,
        found.message_seq,
        found.text,
        found.guessed,
        round(found.confidence * THOUSAND),
        found.intent,
        found.note,
        found.agent_id,
        to_micros(found.at),
        found.status.value,
        found.decided_by,
        to_micros_or_none(found.decided_at),
        found.reason,
    )


class Corrections(Part):
    """The part of `Tx` about corrections."""

    __slots__ = ()

    async def next_correction(self) -> int:
        """Return a number that no correction has; others wait for theirs until the transaction ends."""
        self.must_write()
        if self.db.flavour is Flavour.POSTGRES:
            await self.db.one(LOCK_NUMBERS, ("corrections",))
        row = await self.db.one(HIGHEST)
        return (row[0] or 0) + 1 if row else 1

    async def put_correction(self, correction: Correction) -> None:
        """Insert or replace by id."""
        await self.db.run(PUT_CORRECTION, from_correction(correction))

    async def correction(self, number: int) -> Correction | None:
        """Return a correction by its number."""
        row = await self.db.one(CORRECTION, (number,))
        return None if row is None else to_correction(row)

    async def corrections(self, status: CorrectionStatus, *, limit: int = 500) -> list[Correction]:
        """List the open ones, oldest first, or those of another status, latest decision first."""
        if status is CorrectionStatus.OPEN:
            rows = await self.db.all(OPEN_CORRECTIONS, (limit,))
        else:
            rows = await self.db.all(DECIDED_CORRECTIONS, (status.value, limit))
        return [to_correction(row) for row in rows]

    async def corrections_of(self, conversation_id: str) -> list[Correction]:
        """Return the corrections of a conversation, by message."""
        return [to_correction(row) for row in await self.db.all(CORRECTIONS_OF, (conversation_id,))]

    async def drop_correction(self, number: int) -> None:
        """Remove a correction, as if it had never been made."""
        await self.db.run(DROP_CORRECTION, (number,))
