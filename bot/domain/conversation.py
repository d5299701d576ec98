"""Conversations and the one table of who may own them next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import InvalidTransition


class Owner(StrEnum):
    """Who has the right to answer."""

    BOT = "bot"
    QUEUE = "queue"
    AGENT = "agent"
    NOBODY = "nobody"


class OwnerEvent(StrEnum):
    """What can move a conversation from one owner to the next."""

    CUSTOMER_WROTE = "customer_wrote"
    CUSTOMER_WROTE_AGAIN = "customer_wrote_again"
    HANDOFF_REQUESTED = "handoff_requested"
    OFFERED = "offered"
    OFFER_EXPIRED = "offer_expired"
    CLAIMED = "claimed"
    TRANSFERRED_TO_AGENT = "transferred_to_agent"
    TRANSFERRED_TO_QUEUE = "transferred_to_queue"
    TAKEN_BY_SUPERVISOR = "taken_by_supervisor"
    AGENT_GONE = "agent_gone"
    RETURNED_TO_BOT = "returned_to_bot"
    CUSTOMER_LEFT_QUEUE = "customer_left_queue"
    RESOLVED = "resolved"
    SESSION_EXPIRED = "session_expired"
    REMINDED = "reminded"
    """A reminder came due after the conversation had ended: the bot may speak once more."""
    PROMISE_DUE = "promise_due"
    """An answer was promised until now and nobody gave it."""
    REOPENED_BY_AGENT = "reopened_by_agent"
    """An agent writes first, to a customer whose conversation had ended."""


_B, _Q, _A, _N = Owner.BOT, Owner.QUEUE, Owner.AGENT, Owner.NOBODY

TRANSITIONS: dict[OwnerEvent, tuple[frozenset[Owner], Owner]] = {
    OwnerEvent.CUSTOMER_WROTE: (frozenset({_N}), _B),
    OwnerEvent.CUSTOMER_WROTE_AGAIN: (frozenset({_N}), _Q),
    OwnerEvent.HANDOFF_REQUESTED: (frozenset({_B}), _Q),
    OwnerEvent.OFFERED: (frozenset({_Q}), _Q),
    OwnerEvent.OFFER_EXPIRED: (frozenset({_Q}), _Q),
    OwnerEvent.CLAIMED: (frozenset({_Q, _B}), _A),
    OwnerEvent.TRANSFERRED_TO_AGENT: (frozenset({_A}), _A),
    OwnerEvent.TRANSFERRED_TO_QUEUE: (frozenset({_A}), _Q),
    OwnerEvent.TAKEN_BY_SUPERVISOR: (frozenset({_A}), _A),
    OwnerEvent.AGENT_GONE: (frozenset({_A}), _Q),
    OwnerEvent.RETURNED_TO_BOT: (frozenset({_A}), _B),
    OwnerEvent.CUSTOMER_LEFT_QUEUE: (frozenset({_Q}), _B),
    OwnerEvent.RESOLVED: (frozenset({_A, _Q, _B}), _N),
    OwnerEvent.SESSION_EXPIRED: (frozenset({_B}), _N),
    OwnerEvent.REMINDED: (frozenset({_N}), _B),
    OwnerEvent.PROMISE_DUE: (frozenset({_B, _N}), _Q),
    OwnerEvent.REOPENED_BY_AGENT: (frozenset({_N}), _A),
}
"""Event -> (owners it may come from, the owner it leads to). Each step raises the owner version."""

_STANDS = {_B: "with the bot", _Q: "in the queue", _A: "with an agent", _N: "closed"}

BUILTIN_DESK = "builtin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A thread with one customer on one channel.

    `owner_version` grows with each change of owner; a turn that began under an older version is void.
    `seq` is the number of the newest message. `handoff_id` names the open handoff, if there is one.
    """

    id: str
    customer_id: str
    channel: str
    address: str
    created_at: datetime
    updated_at: datetime
    account: str = "default"
    owner: Owner = Owner.BOT
    owner_version: int = 1
    assignee: str = ""
    desk: str = ""
    team: str = ""
    language: str = "en"
    reply_until: datetime | None = None
    seq: int = 0
    handoff_id: str = ""
    priority: int = 0
    waiting_since: datetime | None = None
    reopens_to_queue: bool = False
    last_customer_at: datetime | None = None
    returned_at: datetime | None = None
    """When a person last gave it back to the bot and the bot has not yet been told."""

    def moved(
        self,
        event: OwnerEvent,
        *,
        now: datetime,
        assignee: str = "",
        desk: str = BUILTIN_DESK,
        team: str | None = None,
    ) -> Conversation:
        """Return the conversation after `event`.

        Raises:
            InvalidTransition: the present owner does not allow it.
        """
        sources, target = TRANSITIONS[event]
        if self.owner not in sources:
            raise InvalidTransition(
                f"The conversation is {_STANDS[self.owner]}: the step '{event.value}' is not possible now.",
                owner=self.owner.value,
                assignee=self.assignee,
                owner_version=self.owner_version,
            )
        waiting = target is Owner.QUEUE
        human = target in (Owner.QUEUE, Owner.AGENT)
        return replace(
            self,
            owner=target,
            owner_version=self.owner_version + 1,
            assignee=assignee if target is Owner.AGENT else "",
            desk=desk if human else "",
            team=(self.team if team is None else team) if human else "",
            waiting_since=(self.waiting_since or now) if waiting else None,
            updated_at=now,
        )
