"""Writes a conversation down as plain text, for the customer to keep. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.domain.message import Author, Message

_NAMES = {
    Author.CUSTOMER: "You",
    Author.BOT: "Assistant",
    Author.SYSTEM: "Notice",
    Author.AGENT: "Agent",
}
_INDENT = "    "


def write(messages: Iterable[Message], *, now: datetime) -> str:
    """Return the whole text; files are named, not linked: their addresses do not last."""
    lines = [f"Conversation, as of {_at(now)}", ""]
    for message in messages:
        lines += [f"[{_at(message.created_at)}] {_who(message)}:", *_content(message), ""]
    return "\n".join(lines)


def _who(message: Message) -> str:
    return message.author_name or _NAMES[message.author]


def _content(message: Message) -> Iterator[str]:
    for line in message.text.splitlines():
        yield _INDENT + line
    for choice in message.choices:
        yield f"{_INDENT}[{choice.title}]"
    for attachment in message.attachments:
        yield f"{_INDENT}[{attachment.kind}: {attachment.name or attachment.mime or 'without a name'}]"


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
