"""What a customer chose: pressed buttons, looked up in the conversation that they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.conversation import Conversation
from bot.domain.message import Author, Choice, Message, choice_token, parse_choice_token
from bot.ports import Tx

SYSTEM = "/system_"
"""What the payloads of choices begin with that the server carries out itself."""
LEAVE_QUEUE = "/system_leave_queue"
LEAVE_MESSAGE = "/system_leave_message"
AS_IT_IS = "/system_message_as_it_is"
KEEP_WAITING = "/system_keep_waiting"
WAITING = frozenset({LEAVE_QUEUE, LEAVE_MESSAGE, AS_IT_IS, KEEP_WAITING})
"""What somebody may choose who waits in the queue."""
ACCEPT, DECLINE = "/system_get_person", "/system_no_person"
CONTEXTUAL = ("/affirm", "/deny", "/inform", "/stop")
"""Payloads that mean something only as an answer to the question they were shown with."""
_NUMBER = re.compile(r"([1-9][0-9]?)[.)]?", re.ASCII)
DOUBLE_CLICK = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """A button press after its token was looked up."""

    title: str = ""
    payload: str = ""
    expired: bool = False
    repeated: bool = False
    """The same choice was taken a moment ago: a double click, not a second wish."""


async def pressed(tx: Tx, conversation: Conversation, token: str, now: datetime) -> Pressed:
    """Look a token up in this conversation; a token of another one means nothing here."""
    place = parse_choice_token(token)
    message = await tx.message(conversation.id, place[0]) if place else None
    choice = _choice(message, place[1]) if message and place else None
    if choice is None:
        return Pressed(expired=True)
    if choice.payload.startswith(CONTEXTUAL):
        later = await tx.messages(conversation.id, after=message.seq if message else 0, limit=200)
        taken = next((m for m in later if m.author is Author.CUSTOMER), None)
        if taken is not None:
            again = taken.text == choice.title and now - taken.created_at <= DOUBLE_CLICK
            return Pressed(title=choice.title, expired=not again, repeated=again)
    return Pressed(title=choice.title, payload=choice.payload)


async def typed(tx: Tx, conversation: Conversation, text: str) -> str:
    """Return the payload of the system's choice that a customer typed the title of, if any."""
    said = " ".join(text.split()).casefold()
    recent = await tx.last_messages(conversation.id, limit=20) if said else []
    offered = {c.title.casefold(): c.payload for m in recent for c in m.choices}
    payload = offered.get(said, "")
    return payload if payload.startswith(SYSTEM) else ""


async def numbered(tx: Tx, conversation: Conversation, text: str) -> str:
    """Return the token of the choice whose number was typed ("2", "2."), or nothing.

    Only of the newest message to the customer, and not where a choice is itself called that.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return ""
    recent = await tx.last_messages(conversation.id, limit=20)
    said = [m for m in recent if m.author is not Author.CUSTOMER and m.visible_to_customer][-1:]
    for message in said:
        named = any(choice.title.strip() == text.strip() for choice in message.choices)
        index = int(found[1]) - 1
        if not named and 0 <= index < len(message.choices):
            return choice_token(message.seq, index)
    return ""


def _choice(message: Message, index: int) -> Choice | None:
    return message.choices[index] if 0 <= index < len(message.choices) else None
