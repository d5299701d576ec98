"""The people at the desk: who they are, and what they may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.agents import Agent, permissions
from bot.domain.errors import InvalidInput, NotSignedIn
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.audit_log import note

LONGEST_NAME = 100


def checked_name(name: str) -> str:
    """Return an agent's name as it is kept. Raises InvalidInput."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"A name has 1 to {LONGEST_NAME} printable characters.", field="name")
    return name


class People:
    """Each person changes themselves, administrators change the others."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        """Keep people in `store`."""
        self._store, self._bus, self._clock = store, bus, clock

    async def own(self, agent: Agent) -> dict[str, Any]:
        """Return what only the agent sees of themselves."""
        factor = await self._store.read(lambda tx: tx.second_factor(agent.id))
        totp = factor is not None and factor.confirmed_at is not None
        return {"totp": totp, "may": permissions(agent.role)}

    async def rename(self, agent: Agent, name: str) -> Agent:
        """Give the caller another name. Raises InvalidInput."""
        name, now = checked_name(name), self._clock.now()

        async def work(tx: Tx) -> Agent:
            before = next((one for one in await tx.agents(lock=True) if one.id == agent.id), None)
            if before is None:
                raise NotSignedIn
            after = replace(before, name=name)
            if after != before:
                await tx.put_agent(after)
                await note(tx, now, agent, "agent.changed", agent=agent.id,
                           name={"before": before.name, "after": name})  # fmt: skip
            return after

        after = await self._store.write(work)
        await self._tell()
        return after

    async def _tell(self) -> None:
        await self._bus.publish(Hint(conversation_id="", kind="desk", data={"what": "people"}))
