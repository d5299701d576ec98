"""Teams and canned replies."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select

from bot.domain.conversation import Owner
from bot.domain.office import CannedReply, Team, TeamUse
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert, upsert
from bot.store.values import from_micros, to_micros

_t, _r = tables.teams.c, tables.canned_replies.c
_a, _c, _k = tables.agents.c, tables.conversations.c, tables.tasks.c

TEAMS = Statement(lambda _: select(tables.teams))
ADD_TEAM = insert(tables.teams)
DROP_TEAM = Statement(lambda _: delete(tables.teams).where(_t.name == bindparam("name")), "name")
REPLIES = Statement(lambda _: select(tables.canned_replies))
REPLY = Statement(lambda _: select(tables.canned_replies).where(_r.id == bindparam("id")), "id")
PUT_REPLY = upsert(tables.canned_replies)
DROP_REPLY = Statement(lambda _: delete(tables.canned_replies).where(_r.id == bindparam("id")), "id")
OPEN = (Owner.QUEUE, Owner.AGENT)
"""Whose conversations keep a team from being removed."""


def _counted(column: Any, *where: Any) -> Statement:
    """Return a statement that counts the rows of each team."""
    return Statement(
        lambda _: select(column, func.count()).where(column != "", *where).group_by(column),
    )


AGENTS_OF = _counted(_a.team)
REPLIES_OF = _counted(_r.team)
TASKS_OF = _counted(_k.team, _k.closed_at.is_(None))
CONVERSATIONS_OF = Statement(
    lambda _: (
        select(_c.team, _c.owner, func.count())
        .where(_c.team != "", or_(*(_c.owner == owner.value for owner in OPEN)))
        .group_by(_c.team, _c.owner)
    )
)


def to_reply(row: Row) -> CannedReply:
    """Read a row of `canned_replies`."""
    id_, shortcut, title, text, team, language, updated_at, updated_by = row
    return CannedReply(
        id=id_,
        shortcut=shortcut,
        title=title,
        text=text,
        team=team,
        language=language,
        updated_at=from_micros(updated_at),
        updated_by=updated_by,
    )


class Office(Part):
    """What a desk is furnished with."""

    __slots__ = ()

    async def teams(self) -> list[Team]:
        """Return all teams by name."""
        found = [Team(name=name, created_at=from_micros(at)) for name, at in await self.db.all(TEAMS)]
        return sorted(found, key=lambda team: (team.name.casefold(), team.name))

    async def add_team(self, team: Team) -> None:
        """Insert. Raises Conflict if there is one of this name."""
        await self.db.run(ADD_TEAM, (team.name, to_micros(team.created_at)))

    async def drop_team(self, name: str) -> bool:
        """Delete; False if there is none."""
        return await self.db.run(DROP_TEAM, (name,)) == 1

    async def team_uses(self) -> dict[str, TeamUse]:
        """Return who and what is in each team, also in one that is not in the list."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for field, statement in (("agents", AGENTS_OF), ("replies", REPLIES_OF), ("tasks", TASKS_OF)):
            for name, count in await self.db.all(statement):
                found[name][field] = int(count)
        for name, owner, count in await self.db.all(CONVERSATIONS_OF):
            found[name]["conversations"] = found[name].get("conversations", 0) + int(count)
            if owner == Owner.QUEUE.value:
                found[name]["waiting"] = int(count)
        return {name: TeamUse(**counts) for name, counts in found.items()}

    async def canned_replies(self) -> list[CannedReply]:
        """Return all canned replies by shortcut."""
        found = [to_reply(row) for row in await self.db.all(REPLIES)]
        return sorted(found, key=lambda reply: (reply.shortcut, reply.team, reply.language, reply.id))

    async def canned_reply(self, reply_id: str) -> CannedReply | None:
        """Return a canned reply."""
        row = await self.db.one(REPLY, (reply_id,))
        return None if row is None else to_reply(row)

    async def put_canned_reply(self, reply: CannedReply) -> None:
        """Insert or replace by id. Raises Conflict for a shortcut that its team and language have."""
        values = (
            reply.id,
            reply.shortcut,
            reply.title,
            reply.text,
            reply.team,
            reply.language,
            to_micros(reply.updated_at),
            reply.updated_by,
        )
        await self.db.run(PUT_REPLY, values)

    async def drop_canned_reply(self, reply_id: str) -> bool:
        """Delete; False if there is none."""
        return await self.db.run(DROP_REPLY, (reply_id,)) == 1
