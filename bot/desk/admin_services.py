"""What the administration of the desk asks of the core; the caller comes first in every call.

Every method raises NotPermitted where the role does not allow it, InvalidInput with the field that is
wrong, NotFound and Conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from bot.desk.services import View
from bot.domain.agents import Agent


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
    """The people at the desk."""

    async def own(self, agent: Agent) -> View:
        """Return what only the agent sees of themselves: totp, may."""
        ...

    async def rename(self, agent: Agent, name: str) -> Agent:
        """Give the caller another name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Administration:
    """The services behind the desk's administration."""

    teams: Teams
    canned: CannedReplies
    people: People
