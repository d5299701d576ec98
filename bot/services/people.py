"""The people at the desk: who they are and what they may; each changes themselves, administrators all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.agents import RANK, Agent, Permission, Role, may, permissions
from bot.domain.conversation import Conversation
from bot.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted, NotSignedIn
from bot.domain.ids import new_id, new_secret
from bot.domain.office import is_line
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.attention import Attention
from bot.services.audit_log import changed, note
from bot.services.desk_views import person, require
from bot.services.directory_effects import plain
from bot.services.handoffs import Desk, Handoffs
from bot.services.passwords import hash_password
from bot.services.sign_in_list import tell_ended
from bot.services.teams import require_team

LONGEST_NAME = 100
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_SHOWN = ("name", "role", "team", "disabled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is to become of an agent; None leaves it as it is."""

    name: str | None = None
    role: Role | None = None
    team: str | None = None
    disabled: bool | None = None
    password: str | None = None
    totp_off: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    """What a change did: conversations that wait again, and whether the sign-ins ended."""

    after: Agent
    totp: bool
    given_back: list[Conversation]
    ended: bool


def checked_name(name: str) -> str:
    """Return an agent's name as it is kept. Raises InvalidInput."""
    name = name.strip()
    if not is_line(name, LONGEST_NAME):
        raise InvalidInput(f"A name has 1 to {LONGEST_NAME} printable characters.", field="name")
    return name


def checked_email(email: str) -> str:
    """Return an e-mail address as it is kept. Raises InvalidInput."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidInput(f"'{email[:100]}' is not an e-mail address.", field="email")
    return email


class People:
    """Lists, adds and changes agents."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        handoffs: Handoffs,
        attention: Attention,
        sent: Callable[[], None],
    ) -> None:
        """`attention` takes care of the customers of those who go; `sent` tells the delivery."""
        self._store, self._bus, self._clock = store, bus, clock
        self._handoffs, self._attention, self._sent = handoffs, attention, sent

    # --- oneself

    async def own(self, agent: Agent) -> dict[str, Any]:
        """Return what only the agent sees of themselves."""
        on = await self._store.read(lambda tx: tx.second_factors())
        return {"totp": agent.id in on, "may": permissions(agent.role)}

    async def rename(self, agent: Agent, name: str) -> Agent:
        """Give the caller another name. Raises InvalidInput."""
        name, now = checked_name(name), self._clock.now()

        async def work(tx: Tx) -> Agent:
            before = _found(await tx.agents(lock=True), agent.id, NotSignedIn)
            after = replace(before, name=name)
            await _put(tx, agent, before, after, now)
            return after

        after = await self._store.write(work)
        await self._tell()
        return after

    async def set_password(self, agent: Agent, password: str, *, keep: str) -> None:
        """Replace the caller's password and end their sign-ins, except the one of digest `keep`."""
        known, now = await _hashed(password, "new"), self._clock.now()

        async def work(tx: Tx) -> None:
            before = _found(await tx.agents(lock=True), agent.id, NotSignedIn)
            await tx.put_agent(replace(before, password_hash=known))
            await tx.drop_sessions(agent.id, but=keep)
            await note(tx, now, agent, "agent.password_set", agent=agent.id)

        await self._store.write(work)
        await tell_ended(self._bus, agent_id=agent.id, but=keep)

    # --- others

    async def all(self, agent: Agent) -> list[dict[str, Any]]:
        """Return everybody with what only supervisors and administrators see."""
        if not may(agent.role, Permission.ADMINISTER):
            require(agent, Permission.SUPERVISE)

        async def work(tx: Tx) -> list[dict[str, Any]]:
            on, seen = await tx.second_factors(), await tx.last_seen()
            return [_full(one, one.id in on, seen.get(one.id)) for one in await tx.agents()]

        found, presence = await self._store.read(work), await self._bus.presence()
        return [{**one, "state": presence.get(one["id"], "offline")} for one in found]

    async def add(
        self, agent: Agent, *, email: str, name: str, role: Role, team: str = "", password: str = ""
    ) -> dict[str, Any]:
        """Let somebody sign in; without a password one is made, and returned this once.

        Raises InvalidInput, Conflict, NotPermitted.
        """
        require(agent, Permission.ADMINISTER)
        _may_give(agent, role)
        made, now = "" if password else new_secret(12), self._clock.now()
        new = Agent(
            id=new_id(now),
            email=checked_email(email),
            name=checked_name(name),
            role=role,
            team=team,
            created_at=now,
            password_hash=await _hashed(password or made, "password"),
        )

        async def work(tx: Tx) -> None:
            await require_team(tx, team)
            if await tx.agent_by_email(new.email) is not None:
                raise Conflict(f"{new.email} is an agent already.", field="email")
            await tx.put_agent(new)
            await note(
                tx, now, agent, "agent.added", agent=new.id, email=new.email, name=new.name,
                role=role.value, team=team,
            )  # fmt: skip

        await self._store.write(work)
        await self._tell()
        return {"agent": {**_full(new, False, None), "state": "offline"}, "password": made}

    async def change(self, agent: Agent, agent_id: str, changes: Changes) -> dict[str, Any]:
        """Change somebody. Who can no longer answer, or must sign in anew, loses their conversations.

        Raises NotFound, InvalidInput, NotPermitted, Conflict.
        """
        require(agent, Permission.ADMINISTER)
        _check_own(agent, agent_id, changes)
        known = "" if changes.password is None else await _hashed(changes.password, "password")
        desk, now = await self._handoffs.desk(), self._clock.now()

        async def work(tx: Tx) -> _Done:
            everybody = await tx.agents(lock=True)
            before = _found(everybody, agent_id, NotFound)
            after = _changed(before, changes, known)
            _may_change(agent, before, after, everybody)
            if after.team != before.team:
                await require_team(tx, after.team)
            await _put(tx, agent, before, after, now)
            return await self._follow_up(tx, agent, before, after, changes, desk, now)

        done = await self._store.write(work)
        await self._announce(done)
        state = (await self._bus.presence()).get(agent_id, "offline")
        return {**_full(done.after, done.totp, None), "state": state}

    async def _follow_up(
        self, tx: Tx, actor: Agent, before: Agent, after: Agent, changes: Changes, desk: Desk, now: datetime
    ) -> _Done:
        """Do what a change means for the second factor, the sign-ins and the customers."""
        if changes.totp_off and await tx.drop_second_factor(after.id):
            await note(tx, now, actor, "totp.off", agent=after.id)
        if changes.password is not None:
            await note(tx, now, actor, "agent.password_set", agent=after.id)
        ended = after.disabled or changes.password is not None
        if ended:
            await tx.drop_sessions(after.id)
        gone = ended or not may(after.role, Permission.ANSWER)
        given = await self._attention.all_of(tx, after.id, desk, now, by=actor.id) if gone else []
        totp = after.id in await tx.second_factors()
        return _Done(after=after, totp=totp, given_back=given, ended=ended)

    async def _announce(self, done: _Done) -> None:
        if done.ended:
            await tell_ended(self._bus, agent_id=done.after.id)
        if done.given_back:
            self._sent()
        for conversation in done.given_back:
            await self._bus.publish(
                Hint(conversation_id=conversation.id, seq=conversation.seq, kind="owner")
            )
        await self._tell()

    async def _tell(self) -> None:
        await self._bus.publish(Hint(conversation_id="", kind="desk", data={"what": "people"}))


def _found(everybody: list[Agent], agent_id: str, otherwise: type[NotFound | NotSignedIn]) -> Agent:
    for one in everybody:
        if one.id == agent_id:
            return one
    raise otherwise("There is no such agent." if otherwise is NotFound else None)


async def _put(tx: Tx, actor: Agent, before: Agent, after: Agent, now: datetime) -> None:
    """Store an agent, and note what is different."""
    fields = changed(
        {name: getattr(before, name) for name in _SHOWN}, {n: getattr(after, n) for n in _SHOWN}
    )
    if after != before:
        await tx.put_agent(after)
    if fields:
        await note(tx, now, actor, "agent.changed", agent=after.id, **fields)


def _changed(before: Agent, changes: Changes, password_hash: str) -> Agent:
    return replace(
        before,
        name=before.name if changes.name is None else checked_name(changes.name),
        role=changes.role or before.role,
        team=before.team if changes.team is None else changes.team,
        disabled=before.disabled if changes.disabled is None else changes.disabled,
        password_hash=password_hash or before.password_hash,
    )


def _check_own(agent: Agent, agent_id: str, changes: Changes) -> None:
    """Refuse what nobody does to themselves by this way."""
    if agent_id != agent.id:
        return
    if changes.disabled:
        raise NotPermitted("You cannot disable yourself: ask another administrator.", field="disabled")
    if changes.password is not None:
        raise NotPermitted("Change your own password with PUT /api/v1/me/password.", field="password")
    if changes.totp_off:
        raise NotPermitted("Turn your own codes off with POST /api/v1/me/totp/off.", field="totp_off")


def _may_give(agent: Agent, role: Role) -> None:
    if RANK[role] > RANK[agent.role]:
        raise NotPermitted("You cannot give a higher role than your own.", field="role")


def _may_change(agent: Agent, before: Agent, after: Agent, everybody: list[Agent]) -> None:
    """Refuse to raise or touch those above the caller, and to lose the last administrator."""
    _may_give(agent, after.role)
    if RANK[before.role] > RANK[agent.role]:
        raise NotPermitted("You cannot change somebody of a higher role than your own.")
    was = before.role is Role.ADMIN and not before.disabled
    stays = after.role is Role.ADMIN and not after.disabled
    others = any(o.role is Role.ADMIN and not o.disabled and o.id != before.id for o in everybody)
    if was and not stays and not others:
        raise Conflict("This is the last administrator: make somebody else one first.", field="role")


async def _hashed(password: str, field: str) -> str:
    try:
        return await asyncio.to_thread(hash_password, password)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=field) from None


def _full(agent: Agent, totp: bool, seen: datetime | None) -> dict[str, Any]:
    return {**person(agent), "disabled": agent.disabled, "totp": totp, "last_seen_at": plain(seen)}
