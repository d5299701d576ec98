"""Agents, their sign-ins, and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, tuple_, update

from bot.domain.agents import Agent, AuditEntry, AuditFilter, Role, Session
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, insert, upsert
from bot.store.values import (
    from_json,
    from_micros,
    from_micros_or_none,
    to_json,
    to_micros,
    to_micros_or_none,
)

_a, _s, _l = tables.agents.c, tables.sessions.c, tables.audit.c

AGENT = Statement(lambda _: select(tables.agents).where(_a.id == bindparam("id")), "id")
AGENT_BY_EMAIL = Statement(
    lambda _: select(tables.agents).where(_a.email_key == bindparam("email")), "email"
)
AGENTS = Statement(lambda _: select(tables.agents))
LOCK_AGENTS = Statement(lambda _: select(tables.agents).order_by(_a.id).with_for_update())
PUT_AGENT = upsert(tables.agents)
SESSION = Statement(lambda _: select(tables.sessions).where(_s.digest == bindparam("digest")), "digest")
PUT_SESSION = upsert(tables.sessions)
DROP_SESSION = Statement(
    lambda _: delete(tables.sessions).where(_s.digest == bindparam("digest")), "digest"
)
SESSIONS = Statement(
    lambda _: (
        select(tables.sessions)
        .where(_s.agent_id == bindparam("agent_id"), _s.expires_at > bindparam("now"))
        .order_by(_s.created_at.desc(), _s.digest)
    ),
    "agent_id",
    "now",
)
ALL_SESSIONS = Statement(
    lambda _: (
        select(tables.sessions)
        .where(_s.expires_at > bindparam("now"))
        .order_by(_s.created_at.desc(), _s.digest)
    ),
    "now",
)
TOUCH_SESSION = Statement(
    lambda _: (
        update(tables.sessions).where(_s.digest == bindparam("of")).values(seen_at=bindparam("seen_at"))
    ),
    "of",
    "seen_at",
)
DROP_SESSIONS_BUT = Statement(
    lambda _: delete(tables.sessions).where(
        _s.agent_id == bindparam("agent_id"), _s.digest != bindparam("kept")
    ),
    "agent_id",
    "kept",
)
DROP_SESSIONS = Statement(
    lambda _: delete(tables.sessions).where(_s.agent_id == bindparam("agent_id")), "agent_id"
)
ADD_AUDIT = insert(tables.audit)

_ESCAPE = "!"
"""Before what is meant as it is in a pattern. Not a backslash: the two databases differ about it."""
_ROLE = {role.value: role for role in Role}


LAST_SEEN = Statement(lambda _: select(_s.agent_id, func.max(_s.seen_at)).group_by(_s.agent_id))


def _like(column: Any, name: str) -> Any:
    """Return that a column, in small letters, has the pattern `name`."""
    return func.lower(column).like(bindparam(name), escape=_ESCAPE)


_MATCHES: dict[str, Callable[[], Any]] = {
    "actor": lambda: _l.actor == bindparam("actor"),
    "conversation_id": lambda: _l.conversation_id == bindparam("conversation_id"),
    "action": lambda: _like(_l.action, "action"),
    "since": lambda: _l.at >= bindparam("since"),
    "until": lambda: _l.at < bindparam("until"),
    "q": lambda: or_(
        *(_like(column, "q") for column in (_l.action, _l.actor, _l.conversation_id, _l.detail)),
        _l.actor.in_(select(_a.id).where(or_(_like(_a.name, "q"), _like(_a.email, "q")))),
    ),
}


@cache
def audit_listing(filters: tuple[str, ...], after: bool) -> Statement:
    """Return the statement that lists audit entries by these of `_MATCHES`, newest first."""

    def build(_: object) -> Any:
        statement = select(tables.audit).where(*(_MATCHES[name]() for name in filters))
        if after:
            seen = select(_l.at, _l.id).where(_l.id == bindparam("after")).correlate(None).subquery()
            statement = statement.where(tuple_(_l.at, _l.id) < select(*seen.c).scalar_subquery())
        return statement.order_by(_l.at.desc(), _l.id.desc()).limit(bindparam("limit"))

    return Statement(build, *filters, *(("after",) if after else ()), "limit")


def _pattern(text: str, *, inside: bool) -> str:
    """Return a LIKE pattern for what begins with a text, or has it `inside`."""
    quoted = "".join(
        f"{_ESCAPE}{letter}" if letter in f"%_{_ESCAPE}" else letter for letter in text.lower()
    )
    return f"%{quoted}%" if inside else f"{quoted}%"


def audit_values(wanted: AuditFilter) -> dict[str, Any]:
    """Return what is asked for, as parameters of `audit_listing`."""
    given: dict[str, Any] = {"actor": wanted.actor, "conversation_id": wanted.conversation_id}
    if wanted.action:
        given["action"] = _pattern(wanted.action, inside=False)
    given["since"], given["until"] = to_micros_or_none(wanted.since), to_micros_or_none(wanted.until)
    if wanted.q:
        given["q"] = _pattern(wanted.q, inside=True)
    return {name: value for name, value in given.items() if value not in ("", None)}


def to_agent(row: Row) -> Agent:
    """Read a row of `agents`."""
    id_, email, _, name, role, created_at, password_hash, team, disabled = row
    return Agent(
        id=id_,
        email=email,
        name=name,
        role=_ROLE[role],
        created_at=from_micros(created_at),
        password_hash=password_hash,
        team=team,
        disabled=disabled == 1,
    )


def to_session(row: Row) -> Session:
    """Read a row of `sessions`."""
    digest, agent_id, created_at, expires_at, csrf, label, address, client, seen_at = row
    return Session(
        digest=digest,
        agent_id=agent_id,
        created_at=from_micros(created_at),
        expires_at=from_micros(expires_at),
        csrf=csrf,
        label=label,
        address=address,
        client=client,
        seen_at=from_micros_or_none(seen_at),
    )


def to_audit(row: Row) -> AuditEntry:
    """Read a row of `audit`."""
    id_, at, actor, action, conversation_id, detail = row
    return AuditEntry(
        id=id_,
        at=from_micros(at),
        actor=actor,
        action=action,
        conversation_id=conversation_id,
        detail=None if detail is None else from_json(detail),
    )


class Agents(Part):
    """The part of `Tx` about the people at the desk."""

    __slots__ = ()

    async def agent(self, agent_id: str) -> Agent | None:
        """Return an agent."""
        row = await self.db.one(AGENT, (agent_id,))
        return None if row is None else to_agent(row)

    async def agent_by_email(self, email: str) -> Agent | None:
        """Return an agent; e-mail addresses are compared in lower case."""
        row = await self.db.one(AGENT_BY_EMAIL, (email.lower(),))
        return None if row is None else to_agent(row)

    async def put_agent(self, agent: Agent) -> None:
        """Insert or replace by id. Raises Conflict if another agent has the e-mail address."""
        values = (
            agent.id,
            agent.email,
            agent.email.lower(),
            agent.name,
            agent.role.value,
            to_micros(agent.created_at),
            agent.password_hash,
            agent.team,
            int(agent.disabled),
        )
        await self.db.run(PUT_AGENT, values)

    async def agents(self, *, lock: bool = False) -> list[Agent]:
        """Return all agents by name; with `lock`, nobody else changes one until the end."""
        if lock:
            self.must_write()
        # Sorted here: two databases would not agree on the order of letters.
        found = [to_agent(row) for row in await self.db.all(LOCK_AGENTS if lock else AGENTS)]
        return sorted(found, key=lambda agent: (agent.name.casefold(), agent.id))

    async def session(self, digest: str) -> Session | None:
        """Return a sign-in."""
        row = await self.db.one(SESSION, (digest,))
        return None if row is None else to_session(row)

    async def put_session(self, session: Session) -> None:
        """Insert or replace by digest."""
        values = (
            session.digest,
            session.agent_id,
            to_micros(session.created_at),
            to_micros(session.expires_at),
            session.csrf,
            session.label,
            session.address,
            session.client,
            to_micros_or_none(session.seen_at),
        )
        await self.db.run(PUT_SESSION, values)

    async def drop_session(self, digest: str) -> None:
        """End a sign-in."""
        await self.db.run(DROP_SESSION, (digest,))

    async def drop_sessions(self, agent_id: str, *, but: str = "") -> None:
        """End all sign-ins of an agent, except the one whose digest is `but`."""
        if but:
            await self.db.run(DROP_SESSIONS_BUT, (agent_id, but))
        else:
            await self.db.run(DROP_SESSIONS, (agent_id,))

    async def sessions(self, agent_id: str = "") -> list[Session]:
        """Return the sign-ins that have not ended, newest first; of everybody if no agent is named."""
        now = to_micros(self.clock.now())
        if agent_id:
            rows = await self.db.all(SESSIONS, (agent_id, now))
        else:
            rows = await self.db.all(ALL_SESSIONS, (now,))
        return [to_session(row) for row in rows]

    async def touch_session(self, digest: str, at: datetime) -> None:
        """Note when a sign-in was used; one that has ended stays ended."""
        await self.db.run(TOUCH_SESSION, (digest, to_micros(at)))

    async def add_audit(self, entry: AuditEntry) -> None:
        """Append to the audit log."""
        detail = None if entry.detail is None else to_json(entry.detail)
        values = (entry.id, to_micros(entry.at), entry.actor, entry.action, entry.conversation_id, detail)
        await self.db.run(ADD_AUDIT, values)

    async def audit(
        self, *, actor: str = "", conversation_id: str = "", after: str = "", limit: int = 100
    ) -> list[AuditEntry]:
        """Return entries, newest first; `after` is the id of the last one already seen."""
        wanted = AuditFilter(actor=actor, conversation_id=conversation_id)
        return await self.search_audit(wanted, after=after, limit=limit)

    async def search_audit(
        self, wanted: AuditFilter, *, after: str = "", limit: int = 100
    ) -> list[AuditEntry]:
        """Return the entries that are asked for, newest first; `after` is the last one already seen."""
        filters = audit_values(wanted)
        values = (*filters.values(), after, limit) if after else (*filters.values(), limit)
        statement = audit_listing(tuple(filters), bool(after))
        return [to_audit(row) for row in await self.db.all(statement, values)]

    async def last_seen(self) -> dict[str, datetime]:
        """Return when each agent's sign-ins were last used, as far as they are kept."""
        rows = await self.db.all(LAST_SEEN)
        return {agent_id: from_micros(at) for agent_id, at in rows if at is not None}
