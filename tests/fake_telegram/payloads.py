"""Updates and messages as the platform writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    def told(self) -> dict[str, Any]:
        """Write it as `from` and its kin."""
        content: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        more = {name: getattr(self, name) for name in ("last_name", "username", "language_code")}
        return content | {name: value for name, value in more.items() if value}

    def as_chat(self) -> dict[str, Any]:
        """Write the private chat with this person: it has the person's id."""
        told = self.told()
        names = {k: told[k] for k in ("id", "first_name", "last_name", "username") if k in told}
        return names | {"type": "private"}


def stamp(at: datetime) -> int:
    """Write a time: whole seconds since 1970."""
    return int(at.timestamp())


def message(
    message_id: int, chat: Mapping[str, Any], sender: User | None, at: datetime, content: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a message; channels' posts have no sender."""
    by = {"from": sender.told()} if sender else {}
    return {"message_id": message_id, **by, "chat": dict(chat), "date": stamp(at), **content}


def callback(
    query: str, user: User, message: Mapping[str, Any] | None, data: str, instance: str
) -> dict[str, Any]:
    """Write a press of a button. An old message is inaccessible: its date is 0 and it has no content."""
    content: dict[str, Any] = {"id": query, "from": user.told(), "chat_instance": instance, "data": data}
    return content | ({"message": dict(message)} if message else {})


def member(
    chat: Mapping[str, Any], by: User, bot: User, at: datetime, old: str, new: str
) -> dict[str, Any]:
    """Write that somebody has changed what the bot is in a chat: member, kicked, left."""

    def status(name: str) -> dict[str, Any]:
        until = {"until_date": 0} if name == "kicked" else {}
        return {"user": bot.told(), "status": name, **until}

    return {
        "chat": dict(chat),
        "from": by.told(),
        "date": stamp(at),
        "old_chat_member": status(old),
        "new_chat_member": status(new),
    }


def reaction(
    chat: Mapping[str, Any], user: User, message_id: int, at: datetime, old: str, new: str
) -> dict[str, Any]:
    """Write that somebody has changed a reaction; "" is none."""

    def emojis(emoji: str) -> list[dict[str, str]]:
        return [{"type": "emoji", "emoji": emoji}] if emoji else []

    return {
        "chat": dict(chat),
        "message_id": message_id,
        "user": user.told(),
        "date": stamp(at),
        "old_reaction": emojis(old),
        "new_reaction": emojis(new),
    }
