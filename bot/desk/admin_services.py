"""What the administration of the desk asks of the core; the caller comes first in every call.

Every method raises NotPermitted where the role does not allow it, InvalidInput with the field that is
wrong, NotFound and Conflict.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from bot.desk.services import View
from bot.domain.agents import Agent, AuditFilter, Role


class Teams(Protocol):
    """Teams by name."""

    async def all(self, agent: Agent) -> list[View]:
        """Return all teams."""
        ...

    async def add(self, agent: Agent, name: str) -> View:
        """Make a team."""
        ...

    async def remove(self, agent: Agent, name: str) -> None:
        """Remove a team that is not in use."""
        ...


class CannedReplies(Protocol):
    """Canned replies by id; `given` is a `CannedText`."""

    async def all(self, agent: Agent) -> list[View]:
        """Return all."""
        ...

    async def add(self, agent: Agent, given: Any) -> View:
        """Make one."""
        ...

    async def change(self, agent: Agent, reply_id: str, given: Any) -> View:
        """Replace one."""
        ...

    async def remove(self, agent: Agent, reply_id: str) -> None:
        """Remove one."""
        ...


class People(Protocol):
    """The people at the desk; `changes` is a `Changes`."""

    async def own(self, agent: Agent) -> View:
        """Return what only the agent sees of themselves: totp, may."""
        ...

    async def rename(self, agent: Agent, name: str) -> Agent:
        """Give the caller another name."""
        ...

    async def set_password(self, agent: Agent, password: str, *, keep: str) -> None:
        """Replace the caller's password and end their other sign-ins."""
        ...

    async def all(self, agent: Agent) -> list[View]:
        """Return everybody with what only supervisors and administrators see."""
        ...

    async def add(
        self, agent: Agent, *, email: str, name: str, role: Role, team: str = "", password: str = ""
    ) -> View:
        """Let somebody sign in."""
        ...

    async def change(self, agent: Agent, agent_id: str, changes: Any) -> View:
        """Change somebody."""
        ...


class SecondFactors(Protocol):
    """The caller's own one-time passwords."""

    async def begin(self, agent: Agent) -> View:
        """Make a secret."""
        ...

    async def confirm(self, agent: Agent, code: str) -> list[str]:
        """Turn them on; return the recovery codes."""
        ...

    async def off(self, agent: Agent) -> None:
        """Turn them off."""
        ...


class SignInList(Protocol):
    """Sign-ins by the digest of their token."""

    async def all(self, agent: Agent, *, of: str = "", current: str = "") -> list[View]:
        """Return the sign-ins of one or all."""
        ...

    async def revoke(self, agent: Agent, session_id: str) -> None:
        """End one."""
        ...


class Hours(Protocol):
    """When people answer."""

    async def view(self, agent: Agent) -> View:
        """Return them."""
        ...

    async def set(self, agent: Agent, text: str) -> View:
        """Set the desk's own."""
        ...


class AuditLog(Protocol):
    """What was done, newest first."""

    async def page(self, agent: Agent, wanted: AuditFilter, *, after: str, limit: int) -> list[View]:
        """Return a page."""
        ...

    async def export(self, agent: Agent, wanted: AuditFilter) -> AsyncIterator[str]:
        """Return all as CSV, a part at a time."""
        ...


@dataclass(frozen=True, kw_only=True)
class Administration:
    """The services behind the desk's administration."""

    teams: Teams
    canned: CannedReplies
    people: People
    factors: SecondFactors
    sign_ins: SignInList
    hours: Hours
    log: AuditLog
