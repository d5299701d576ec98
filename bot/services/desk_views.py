"""What the desk's API shows: conversations with the essentials, people, and how they are looked up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bot.domain.agents import OUTSIDE, OUTSIDE_NAME, Agent, Permission, may
from bot.domain.conversation import Conversation
from bot.domain.errors import NotPermitted, UnknownConversation
from bot.domain.feedback import Rating
from bot.domain.message import Author
from bot.domain.overview import Overview
from bot.domain.task import Task
from bot.ports import Tx
from bot.services.directory_effects import plain
from bot.services.packet import as_json


def person(agent: Agent) -> dict[str, Any]:
    """Return what others may see of an agent."""
    return {
        "id": agent.id,
        "email": agent.email,
        "name": agent.name,
        "role": agent.role.value,
        "team": agent.team,
    }


def require(agent: Agent, permission: Permission) -> None:
    """Raise NotPermitted unless the agent's role allows it."""
    if not may(agent.role, permission):
        raise NotPermitted(f"The role {agent.role.value} does not allow this.", role=agent.role.value)


async def get_conversation(tx: Tx, conversation_id: str, *, lock: bool = False) -> Conversation:
    """Return a conversation. Raises UnknownConversation."""
    conversation = await tx.conversation(conversation_id, lock=lock)
    if conversation is None:
        raise UnknownConversation(conversation_id=conversation_id)
    return conversation


async def with_names(tx: Tx, conversation_id: str) -> dict[str, Any]:
    """Return one conversation with its customer. Raises UnknownConversation."""
    conversation = await get_conversation(tx, conversation_id)
    customer = await tx.customer(conversation.customer_id)
    shown = (await essentials(tx, [conversation]))[0]
    read = await marks(tx, conversation_id)
    ratings = await tx.ratings(conversation_id)
    return {
        **shown,
        "customer": plain(asdict(customer)) if customer else None,
        "customer_read": read.customer,
        "agent_read": read.agent,
        "rating": _rating(ratings[-1]) if ratings else None,
    }


def _rating(rating: Rating) -> dict[str, Any]:
    return {
        "score": rating.score,
        "comment": rating.comment,
        "at": plain(rating.at),
        "handoff_id": rating.handoff_id,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Up to which entry each side has read; 0 for nothing yet."""

    customer: int = 0
    agent: int = 0


async def marks(tx: Tx, conversation_id: str) -> Marks:
    """Return how far each side has read."""
    found = await tx.read_marks(conversation_id)
    customer, agent = found.get(Author.CUSTOMER), found.get(Author.AGENT)
    return Marks(customer=customer.seq if customer else 0, agent=agent.seq if agent else 0)


async def essentials(tx: Tx, found: list[Conversation]) -> list[dict[str, Any]]:
    """Return what a list shows of each conversation."""
    names = {OUTSIDE: OUTSIDE_NAME} | {agent.id: agent.name for agent in await tx.agents()}
    overviews = await tx.overviews([conversation.id for conversation in found])
    return [_essentials(one, overviews.get(one.id, Overview()), names) for one in found]


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "kind": task.kind.value,
        "text": task.text,
        "created_at": plain(task.created_at),
        "due_at": plain(task.due_at),
    }


def _essentials(conversation: Conversation, seen: Overview, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "channel": conversation.channel,
        "address": conversation.address,
        "owner": conversation.owner.value,
        "owner_version": conversation.owner_version,
        "assignee": conversation.assignee,
        "assignee_name": names.get(conversation.assignee, ""),
        "desk": conversation.desk,
        "team": conversation.team,
        "language": conversation.language,
        "seq": conversation.seq,
        "priority": conversation.priority,
        "reason": seen.reason,
        "waiting_since": plain(conversation.waiting_since),
        "reply_until": plain(conversation.reply_until),
        "created_at": plain(conversation.created_at),
        "updated_at": plain(conversation.updated_at),
        "last_customer_at": plain(conversation.last_customer_at),
        "customer_name": seen.customer_name,
        "last_message": as_json(seen.last_message) if seen.last_message else None,
        "unread": seen.unread,
        "failed": seen.failed,
        "task": _task(seen.task) if seen.task else None,
    }
