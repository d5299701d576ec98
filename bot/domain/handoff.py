"""Handoffs: why a person is needed, in which order they wait, and what the agent is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.message import IntentScore


class Reason(StrEnum):
    """Why the bot stopped."""

    ASKED_FOR_HUMAN = "asked_for_human"
    NOT_UNDERSTOOD = "not_understood"
    FRUSTRATED = "frustrated"
    BUSINESS_RULE = "business_rule"
    VIP = "vip"
    ENGINE_DOWN = "engine_down"
    AGENT_REQUESTED = "agent_requested"


class Outcome(StrEnum):
    """How a handoff ended."""

    RESOLVED = "resolved"
    RETURNED_TO_BOT = "returned_to_bot"
    CUSTOMER_LEFT = "customer_left"
    CALLBACK = "callback"
    MESSAGE_LEFT = "message_left"


OFFERED_FIRST = frozenset({Reason.NOT_UNDERSTOOD, Reason.FRUSTRATED, Reason.BUSINESS_RULE, Reason.VIP})
"""Reasons of the bot's own, which the customer may see differently."""

PRIORITY: dict[Reason, int] = {
    Reason.FRUSTRATED: 30,
    Reason.VIP: 30,
    Reason.ENGINE_DOWN: 20,
    Reason.BUSINESS_RULE: 20,
    Reason.ASKED_FOR_HUMAN: 10,
    Reason.NOT_UNDERSTOOD: 10,
    Reason.AGENT_REQUESTED: 10,
}
"""Higher waits less; within one priority the nearer deadline, then the longer wait, comes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HandoffSignal:
    """What an action says when it wants a person: a wish, carried out by the turn service.

    With `quiet` the customer is told nothing: they did not ask, and may not want to hear from us. With
    `offer` they are asked first whether they want a person at all.
    """

    reason: Reason
    evidence: dict[str, Any] = field(default_factory=dict)
    priority: int | None = None
    team: str = ""
    skills: tuple[str, ...] = ()
    quiet: bool = False
    offer: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoff:
    """One move of the right to answer from the bot to people, from request to outcome."""

    id: str
    conversation_id: str
    reason: Reason
    requested_at: datetime
    evidence: dict[str, Any] = field(default_factory=dict)
    priority: int = 10
    team: str = ""
    skills: tuple[str, ...] = ()
    language: str = "en"
    agent_id: str = ""
    offered_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    """The assistant's slots as they were at the request."""


def queue_key(
    *, priority: int, deadline: datetime | None, waiting_since: datetime
) -> tuple[int, float, float]:
    """Return the sort key of a waiting conversation: priority, then deadline, then age."""
    due = deadline.timestamp() if deadline is not None else float("inf")
    return (-priority, due, waiting_since.timestamp())


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketTurn:
    """One customer message in the packet: what was understood, how it sounds, and whether it failed.

    `signs` says in words by what one sees that it is an upset one; empty for all others.
    """

    seq: int
    text: str
    intents: tuple[IntentScore, ...] = ()
    entities: dict[str, str] = field(default_factory=dict)
    fallback: bool = False
    failed: bool = False
    mood: str = ""
    signs: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HandoffPacket:
    """What an agent sees in the first ten seconds, and what every external desk receives.

    `profile_age` is in seconds. `done` lists what was changed in the company's systems, whether or
    not the customer was told. `transcript` holds plain dictionaries in the API's message shape.
    """

    idempotency_key: str
    conversation_id: str
    reason: Reason
    reason_text: str
    evidence: dict[str, Any]
    priority: int
    requested_at: datetime
    summary: str
    turns: tuple[PacketTurn, ...]
    failed_turns: int
    slots: dict[str, Any]
    done: tuple[dict[str, Any], ...]
    still_open: tuple[str, ...]
    profile: dict[str, Any] | None
    profile_source: str
    profile_age: float | None
    trust: str
    orders: tuple[dict[str, Any], ...]
    other_conversations: tuple[dict[str, Any], ...]
    channel: str
    language: str
    reply_until: datetime | None
    sentiment: str
    team: str
    skills: tuple[str, ...]
    transcript: tuple[dict[str, Any], ...]
