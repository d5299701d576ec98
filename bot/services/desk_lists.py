"""The desk's lists: which conversations are in one, and how many are in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.domain.agents import Agent
from bot.domain.conversation import Owner
from bot.domain.errors import InvalidInput
from bot.ports import Tx
from bot.services.desk_views import essentials
from bot.services.directory_effects import plain

LISTS = ("queue", "mine", "agent", "bot", "nobody", "all", "work")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A page of a list: `owner` names the list, the others leave in it what agrees with them."""

    owner: str
    after: str = ""
    limit: int = 50
    team: str = ""
    channel: str = ""
    reason: str = ""
    unread: bool = False

    def __post_init__(self) -> None:
        """Refuse a list that there is not."""
        if self.owner not in LISTS:
            raise InvalidInput(f"owner must be one of {', '.join(LISTS)}.", field="owner")


async def page(tx: Tx, agent: Agent, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the conversations of one page with the essentials."""
    owner = {"mine": Owner.AGENT.value, "all": "", "work": ""}.get(wanted.owner, wanted.owner)
    found = await tx.conversations(
        owner=Owner(owner) if owner else None,
        assignee=agent.id if wanted.owner == "mine" else "",
        team=wanted.team,
        channel=wanted.channel,
        reason=wanted.reason,
        unread=wanted.unread,
        work=wanted.owner == "work",
        after=wanted.after,
        limit=wanted.limit,
    )
    return await essentials(tx, found)


async def counts(tx: Tx, agent: Agent) -> dict[str, Any]:
    """Return how many conversations are in each list of this agent, and how long the queue waits."""
    found = await tx.desk_counts(agent.id)
    return {
        **{owner.value: count for owner, count in found.owners.items()},
        "mine": found.mine,
        "all": sum(found.owners.values()),
        "work": found.work,
        "unread_mine": found.unread_mine,
        "unread_queue": found.unread_queue,
        "oldest_waiting_since": plain(found.oldest_waiting_since),
    }
