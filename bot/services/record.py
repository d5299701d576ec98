"""Adds messages to a conversation, and moves it to its next owner: what the record of it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from bot.domain.agents import BOT, CUSTOMER, SYSTEM, AuditEntry
from bot.domain.conversation import Conversation, OwnerEvent
from bot.domain.ids import new_id
from bot.domain.message import Author, Delivery, Draft, Kind, Message
from bot.domain.work import OutboxRow
from bot.ports import Capabilities, Sentences, Tx

log = structlog.get_logger(__name__)

_ACTIONS = {
    OwnerEvent.CLAIMED: "claim",
    OwnerEvent.TAKEN_BY_SUPERVISOR: "claim",
    OwnerEvent.REOPENED_BY_AGENT: "claim",
    OwnerEvent.RETURNED_TO_BOT: "release",
    OwnerEvent.TRANSFERRED_TO_AGENT: "transfer",
    OwnerEvent.TRANSFERRED_TO_QUEUE: "transfer",
    OwnerEvent.RESOLVED: "resolve",
}
"""What an agent does is named as at the desk; the rest by its event."""
_USUALLY_BY = {
    OwnerEvent.HANDOFF_REQUESTED: BOT,
    OwnerEvent.CUSTOMER_WROTE: CUSTOMER,
    OwnerEvent.CUSTOMER_WROTE_AGAIN: CUSTOMER,
    OwnerEvent.CUSTOMER_LEFT_QUEUE: CUSTOMER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """Who says something and in answer to what."""

    author: Author
    author_id: str = ""
    author_name: str = ""
    client_id: str = ""
    reply_to: str = ""
    external_id: str = ""


class Record:
    """The one way to add an entry to a conversation."""

    def __init__(self, *, sentences: Sentences, channels: Mapping[str, Capabilities]) -> None:
        """Use `sentences` for the system's words; `channels` tells which of them push."""
        self._sentences = sentences
        self._channels = channels

    def pushes(self, conversation: Conversation) -> bool:
        """Say whether messages to this customer are sent out rather than fetched."""
        capabilities = self._channels.get(conversation.channel)
        return capabilities is not None and capabilities.pushes

    def shows_place(self, conversation: Conversation) -> bool:
        """Say whether the channel itself shows customers their place in the queue."""
        capabilities = self._channels.get(conversation.channel)
        return capabilities is not None and capabilities.shows_place

    async def move(
        self,
        tx: Tx,
        conversation: Conversation,
        event: OwnerEvent,
        *,
        now: datetime,
        by: str = "",
        assignee: str = "",
        team: str | None = None,
    ) -> Conversation:
        """Return the conversation with its next owner, and say in the audit log who did it.

        The one way to change an owner: each owner version has exactly one audit entry. `by` is an
        agent's id, BOT, CUSTOMER or SYSTEM; empty, it is who usually does this. As with `append`, the
        caller stores the conversation.

        Raises:
            InvalidTransition: the present owner does not allow it.
        """
        moved = conversation.moved(event, now=now, assignee=assignee, team=team)
        detail = {
            "event": event.value,
            "from": conversation.owner.value,
            "to": moved.owner.value,
            "owner_version": moved.owner_version,
        }
        detail |= {"assignee": moved.assignee} if moved.assignee else {}
        await tx.add_audit(
            AuditEntry(
                id=new_id(now),
                at=now,
                actor=by or _USUALLY_BY.get(event, SYSTEM),
                action=f"conversation.{_ACTIONS.get(event, event.value)}",
                conversation_id=conversation.id,
                detail=detail,
            )
        )
        return moved

    async def append(
        self,
        tx: Tx,
        conversation: Conversation,
        say: Say,
        draft: Draft,
        now: datetime,
        *,
        already: Delivery | None = None,
    ) -> tuple[Conversation, Message]:
        """Add `draft` as the next message and queue it for sending where the channel pushes.

        What the customer has `already` is only noted. The conversation that is returned is not yet
        stored: the caller puts it once, at the end.
        """
        to_customer = say.author is not Author.CUSTOMER and draft.shape not in (Kind.NOTE, Kind.EVENT)
        sends = to_customer and already is None and self.pushes(conversation)
        message = Message(
            id=new_id(now),
            conversation_id=conversation.id,
            seq=conversation.seq + 1,
            author=say.author,
            author_id=say.author_id,
            author_name=say.author_name,
            kind=draft.shape,
            text=draft.text,
            choices=draft.choices,
            attachments=draft.attachments,
            custom=draft.custom,
            created_at=now,
            delivery=already or (Delivery.PENDING if sends else Delivery.STORED),
            client_id=say.client_id,
            external_id=say.external_id,
            reply_to=say.reply_to,
        )
        await tx.add_message(message)
        if sends:
            await tx.add_outbox(_outbox(conversation, message))
        return replace(conversation, seq=message.seq, updated_at=now), message

    async def system(
        self,
        tx: Tx,
        conversation: Conversation,
        name: str,
        now: datetime,
        *,
        reply_to: str = "",
        **values: Any,
    ) -> tuple[Conversation, Message | None]:
        """Say one of the trainers' system sentences.

        One that the domain does not have is left out and logged: a missing word must not keep a
        customer from a person.
        """
        try:
            draft = self._sentences.render(name, language=conversation.language, **values)
        except KeyError:
            log.warning("response_missing", response=name, conversation_id=conversation.id)
            return conversation, None
        say = Say(author=Author.SYSTEM, reply_to=reply_to)
        return await self.append(tx, conversation, say, draft, now)

    async def event(
        self, tx: Tx, conversation: Conversation, name: str, now: datetime, **facts: Any
    ) -> Conversation:
        """Note something that happened, for agents and the record, not for the customer."""
        draft = Draft(kind=Kind.EVENT, text=name, custom=facts or None)
        conversation, _ = await self.append(tx, conversation, Say(author=Author.SYSTEM), draft, now)
        return conversation


def _outbox(conversation: Conversation, message: Message) -> OutboxRow:
    return OutboxRow(
        id=message.id,
        conversation_id=conversation.id,
        message_seq=message.seq,
        channel=conversation.channel,
        account=conversation.account,
        address=conversation.address,
        due_at=message.created_at,
    )
