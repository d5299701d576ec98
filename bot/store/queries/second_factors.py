"""One-time passwords and recovery codes; each is used up by one statement, so never twice."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, update

from bot.domain.agents import SecondFactor
from bot.store import tables
from bot.store.queries.base import Part
from bot.store.statements import Statement, insert, upsert
from bot.store.values import from_micros, from_micros_or_none, to_micros, to_micros_or_none

_f, _r = tables.second_factors.c, tables.recovery_codes.c

FACTOR = Statement(
    lambda _: select(tables.second_factors).where(_f.agent_id == bindparam("agent_id")), "agent_id"
)
CONFIRMED = Statement(lambda _: select(_f.agent_id).where(_f.confirmed_at.is_not(None)))
PUT_FACTOR = upsert(tables.second_factors)
USE_STEP = Statement(
    lambda _: (
        update(tables.second_factors)
        .where(_f.agent_id == bindparam("of"), _f.last_step < bindparam("before"))
        .values(last_step=bindparam("step"))
    ),
    "of",
    "before",
    "step",
)
DROP_FACTOR = Statement(
    lambda _: delete(tables.second_factors).where(_f.agent_id == bindparam("agent_id")), "agent_id"
)
ADD_CODE = insert(tables.recovery_codes, unless_there=True)
DROP_CODES = Statement(
    lambda _: delete(tables.recovery_codes).where(_r.agent_id == bindparam("agent_id")), "agent_id"
)
DROP_CODE = Statement(
    lambda _: delete(tables.recovery_codes).where(
        _r.agent_id == bindparam("agent_id"), _r.digest == bindparam("digest")
    ),
    "agent_id",
    "digest",
)


class SecondFactors(Part):
    """What an agent proves themselves with beside the password."""

    __slots__ = ()

    async def second_factor(self, agent_id: str) -> SecondFactor | None:
        """Return an agent's one-time passwords, confirmed or not."""
        row = await self.db.one(FACTOR, (agent_id,))
        if row is None:
            return None
        id_, sealed, made_at, confirmed_at, last_step = row
        return SecondFactor(
            agent_id=id_,
            sealed=sealed,
            made_at=from_micros(made_at),
            confirmed_at=from_micros_or_none(confirmed_at),
            last_step=last_step,
        )

    async def second_factors(self) -> frozenset[str]:
        """Return the ids of the agents whose one-time passwords are confirmed."""
        return frozenset(row[0] for row in await self.db.all(CONFIRMED))

    async def put_second_factor(self, factor: SecondFactor) -> None:
        """Insert or replace by agent."""
        values = (
            factor.agent_id,
            factor.sealed,
            to_micros(factor.made_at),
            to_micros_or_none(factor.confirmed_at),
            factor.last_step,
        )
        await self.db.run(PUT_FACTOR, values)

    async def use_step(self, agent_id: str, step: int) -> bool:
        """Use up a time step and those before it; False if that was done already."""
        return await self.db.run(USE_STEP, (agent_id, step, step)) == 1

    async def drop_second_factor(self, agent_id: str) -> bool:
        """Remove an agent's one-time passwords and recovery codes; False if there were none."""
        await self.db.run(DROP_CODES, (agent_id,))
        return await self.db.run(DROP_FACTOR, (agent_id,)) == 1

    async def put_recovery_codes(self, agent_id: str, digests: Sequence[str]) -> None:
        """Replace an agent's recovery codes."""
        await self.db.run(DROP_CODES, (agent_id,))
        for digest in digests:
            await self.db.run(ADD_CODE, (agent_id, digest))

    async def use_recovery_code(self, agent_id: str, digest: str) -> bool:
        """Use a recovery code up; False if there is no such one."""
        return await self.db.run(DROP_CODE, (agent_id, digest)) == 1
