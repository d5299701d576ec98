"""What the desk's API shows: conversations with the essentials, people, and how they are looked up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.domain.agents import Agent
from bot.domain.conversation import Conversation
from bot.domain.errors import UnknownConversation
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
    return {
        **shown,
        "customer": plain(asdict(customer)) if customer else None,
    }


async def essentials(tx: Tx, found: list[Conversation]) -> list[dict[str, Any]]:
    """Return what a list shows of each conversation."""
    names = {agent.id: agent.name for agent in await tx.agents()}
    shown = []
    for conversation in found:
        last = await tx.last_messages(conversation.id, limit=1)
        handoff = await tx.handoff(conversation.handoff_id) if conversation.handoff_id else None
        customer = await tx.customer(conversation.customer_id)
        profile = await tx.profile(conversation.customer_id)
        name = (customer.name if customer else "") or str(profile[0].get("name", "") if profile else "")
        shown.append(
            {
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
                "reason": handoff.reason.value if handoff else None,
                "waiting_since": plain(conversation.waiting_since),
                "reply_until": plain(conversation.reply_until),
                "created_at": plain(conversation.created_at),
                "updated_at": plain(conversation.updated_at),
                "customer_name": name,
                "last_message": as_json(last[0]) if last else None,
            }
        )
    return shown
