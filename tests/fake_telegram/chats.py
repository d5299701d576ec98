"""The chats of one bot: who is in them, what was written, and whether the bot may write there."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fake_telegram import payloads
from tests.fake_telegram.errors import Refused, bad
from tests.fake_telegram.files import in_message
from tests.fake_telegram.payloads import User
from tests.fake_telegram.shown import Said, Shown

TYPING_LASTS = timedelta(seconds=5)
"""A chat action is shown for 5 seconds, or until the bot's next message."""


@dataclass(kw_only=True, slots=True)
class Chat:
    """One chat of one bot."""

    id: int
    kind: str = "private"
    title: str = ""
    person: User | None = None
    """Whose private chat it is."""
    started: bool = False
    """Whether the person has ever written; a bot cannot begin."""
    blocked: bool = False
    deactivated: bool = False
    standing: str = "member"
    """What the bot is in a group: member, left or kicked."""
    moved_to: int = 0
    """A group that became a supergroup has another id."""
    shown: list[Shown] = field(default_factory=list)
    """Every message of the bot that reached the chat, in order."""
    said: list[Said] = field(default_factory=list)
    actions: list[tuple[datetime, str]] = field(default_factory=list)
    """Chat actions such as "typing", and when they came."""
    reactions: dict[int, str] = field(default_factory=dict)
    numbers: itertools.count[int] | None = None
    """Where the ids of its messages come from, if not from the bot's own count."""

    @property
    def private(self) -> bool:
        return self.kind == "private"

    def told(self) -> dict[str, Any]:
        """Write it as `chat`."""
        if self.person:
            return self.person.as_chat()
        return {"id": self.id, "title": self.title, "type": self.kind}

    def typing(self, now: datetime) -> bool:
        """Say whether people see that the bot is typing."""
        if not self.actions or now - self.actions[-1][0] >= TYPING_LASTS:
            return False
        return not (self.shown and self.shown[-1].at >= self.actions[-1][0])

    def check_writable(self) -> None:
        """Refuse when the bot may not write here."""
        if self.moved_to:
            # The new id comes along, and has to be kept.
            details = "group chat was upgraded to a supergroup chat"
            raise Refused(400, details, {"migrate_to_chat_id": self.moved_to})
        if self.deactivated:
            raise Refused(403, "user is deactivated")
        if self.blocked:
            raise Refused(403, "bot was blocked by the user")
        if self.private and not self.started:
            raise Refused(403, "bot can't initiate conversation with a user")
        if self.standing == "kicked":
            raise Refused(403, f"bot was kicked from the {self.kind} chat")
        if self.standing == "left":
            raise Refused(403, f"bot is not a member of the {self.kind} chat")

    def find(self, message_id: int) -> Shown | None:
        """Return a message of the bot that is still there."""
        return next((s for s in self.shown if s.id == message_id and not s.deleted), None)

    def has(self, message_id: int) -> bool:
        """Say whether there is such a message, of anybody."""
        return self.find(message_id) is not None or any(s.id == message_id for s in self.said)

    def to_edit(self, message_id: int) -> Shown:
        """Return a message of the bot, or refuse."""
        found = self.find(message_id)
        if found is None:
            if any(said.id == message_id for said in self.said):
                raise bad("message can't be edited")
            raise bad("message to edit not found", ours=False)
        return found

    def message(self, shown: Shown, bot: User) -> dict[str, Any]:
        """Write a message of the bot as the platform gives it back."""
        content: dict[str, Any] = dict(in_message(shown.file)) if shown.file else {}
        if shown.location:
            content["location"] = dict(shown.location)
        words, marks = ("caption", "caption_entities") if shown.file else ("text", "entities")
        if shown.text:
            content[words] = shown.text
        if shown.entities:
            content[marks] = list(shown.entities)
        if shown.markup and "inline_keyboard" in shown.markup:
            content["reply_markup"] = dict(shown.markup)
        if shown.edits:
            content["edit_date"] = payloads.stamp(shown.at)
        return payloads.message(shown.id, self.told(), bot, shown.at, content)

    @property
    def both(self) -> list[Shown | Said]:
        """Return what both sides wrote, in order."""
        every: list[Shown | Said] = [*self.shown, *self.said]
        return sorted(every, key=lambda one: one.place)
