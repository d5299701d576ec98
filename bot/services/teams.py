"""Teams: where handoffs go and agents belong."""

from __future__ import annotations

from typing import Any

from bot.domain.agents import Agent, Permission
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.office import Team, TeamUse, is_line
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.audit_log import note
from bot.services.desk_views import require

MOST = 200
LONGEST = 60


class Teams:
    """Supervisors make and remove teams; everybody sees them."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        """Keep teams in `store`."""
        self._store, self._bus, self._clock = store, bus, clock

    async def all(self, agent: Agent) -> list[dict[str, Any]]:
        """Return all teams; also one that only a conversation or an agent names."""
        require(agent, Permission.READ)

        async def work(tx: Tx) -> list[dict[str, Any]]:
            uses = await tx.team_uses()
            names = {team.name for team in await tx.teams()} | set(uses)
            return [_view(name, uses.get(name, TeamUse())) for name in sorted(names, key=_by_letters)]

        return await self._store.read(work)

    async def add(self, agent: Agent, name: str) -> dict[str, Any]:
        """Make a team. Raises InvalidInput, Conflict."""
        require(agent, Permission.SUPERVISE)
        name, now = name.strip(), self._clock.now()
        if not is_line(name, LONGEST):
            raise InvalidInput(f"A team's name has 1 to {LONGEST} printable characters.", field="name")

        async def work(tx: Tx) -> TeamUse:
            known = [team.name.casefold() for team in await tx.teams()]
            if name.casefold() in known:
                raise Conflict(f"There is a team {name} already: choose another name.", field="name")
            if len(known) >= MOST:
                raise Conflict(f"There are {MOST} teams already: remove one first.", field="name")
            await tx.add_team(Team(name=name, created_at=now))
            await note(tx, now, agent, "team.added", team=name)
            return (await tx.team_uses()).get(name, TeamUse())

        use = await self._store.write(work)
        await self._tell()
        return _view(name, use)

    async def remove(self, agent: Agent, name: str) -> None:
        """Remove a team that nobody and nothing is in. Raises NotFound, Conflict."""
        require(agent, Permission.SUPERVISE)
        now = self._clock.now()

        async def work(tx: Tx) -> None:
            use = (await tx.team_uses()).get(name, TeamUse())
            if use.total:
                raise Conflict(
                    f"The team is in use ({_words(use)}): move them to another team first.",
                    **_counts(use),
                )
            if not await tx.drop_team(name):
                raise NotFound("There is no such team.")
            await note(tx, now, agent, "team.removed", team=name)

        await self._store.write(work)
        await self._tell()

    async def _tell(self) -> None:
        await self._bus.publish(Hint(conversation_id="", kind="desk", data={"what": "teams"}))


async def require_team(tx: Tx, name: str) -> None:
    """Raise InvalidInput unless there is such a team, or none is named."""
    if name and name not in {team.name for team in await tx.teams()}:
        raise InvalidInput(f"There is no team {name[:LONGEST]}: make it first.", field="team")


def _by_letters(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _view(name: str, use: TeamUse) -> dict[str, Any]:
    return {"name": name, "agents": use.agents, "waiting": use.waiting}


def _counts(use: TeamUse) -> dict[str, int]:
    return {
        "agents": use.agents,
        "conversations": use.conversations,
        "tasks": use.tasks,
        "replies": use.replies,
    }


def _words(use: TeamUse) -> str:
    return ", ".join(f"{name}: {count}" for name, count in _counts(use).items() if count)
