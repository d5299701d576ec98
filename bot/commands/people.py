"""`baton agents`: who may sign in at the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.clock import SystemClock
from bot.commands import audit, with_store
from bot.domain.agents import Agent, Role
from bot.domain.errors import Conflict, NotFound
from bot.domain.ids import new_id
from bot.ports import Store, Tx
from bot.services.passwords import hash_password
from bot.services.people import checked_email, checked_name
from bot.settings import Settings


async def add(settings: Settings, *, email: str, name: str, role: Role, password: str) -> Agent:
    """Make an agent. Raises InvalidInput or Conflict."""
    email, name = checked_email(email), checked_name(name)
    now = SystemClock().now()
    agent = Agent(
        id=new_id(now),
        email=email,
        name=name,
        role=role,
        created_at=now,
        password_hash=await asyncio.to_thread(hash_password, password),
    )

    async def work(tx: Tx) -> None:
        if await tx.agent_by_email(email) is not None:
            raise Conflict(f"There is an agent {email} already.")
        await tx.put_agent(agent)
        await audit(tx, "agent.added", agent=agent.id, role=role.value)

    await with_store(settings, lambda store: store.write(work))
    return agent


async def everybody(settings: Settings) -> list[tuple[Agent, bool]]:
    """Return all agents by name, each with whether they sign in with one-time passwords."""

    async def work(tx: Tx) -> list[tuple[Agent, bool]]:
        on = await tx.second_factors()
        return [(agent, agent.id in on) for agent in await tx.agents()]

    return await with_store(settings, lambda store: store.read(work))


async def totp_off(settings: Settings, *, email: str) -> bool:
    """Turn an agent's one-time passwords off; False if they were not on. Raises NotFound."""

    async def work(tx: Tx) -> bool:
        agent = await tx.agent_by_email(email.strip())
        if agent is None:
            raise NotFound(f"There is no agent {email}.")
        if not await tx.drop_second_factor(agent.id):
            return False
        await audit(tx, "totp.off", agent=agent.id)
        return True

    return await with_store(settings, lambda store: store.write(work))


async def set_password(settings: Settings, *, email: str, password: str) -> None:
    """Replace the password and end all sign-ins. Raises InvalidInput or NotFound."""
    known = await asyncio.to_thread(hash_password, password)
    await _change(settings, email, "agent.password_set", lambda agent: replace(agent, password_hash=known))


async def set_disabled(settings: Settings, *, email: str, disabled: bool) -> None:
    """Keep an agent from signing in, or let them again; ends all sign-ins. Raises NotFound."""
    action = "agent.disabled" if disabled else "agent.enabled"
    await _change(settings, email, action, lambda agent: replace(agent, disabled=disabled))


async def _change(settings: Settings, email: str, action: str, change: Callable[[Agent], Agent]) -> None:
    async def work(tx: Tx) -> None:
        agent = await tx.agent_by_email(email.strip())
        if agent is None:
            raise NotFound(f"There is no agent {email}.")
        await tx.put_agent(change(agent))
        await tx.drop_sessions(agent.id)
        await audit(tx, action, agent=agent.id)

    def write(store: Store) -> Awaitable[None]:
        return store.write(work)

    await with_store(settings, write)
