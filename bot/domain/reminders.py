"""Reminders: what a turn wants to come back to later, without a word of the customer's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EXTERNAL = "EXTERNAL_"
"""How the names of intents begin that no customer has: they have no examples and are never understood."""

SILENCE = f"{EXTERNAL}silence"
"""The intent of the one reminder that the server sets by itself: a question was not answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """An intent for the bot at a time; in a conversation, one of the same `name` takes its place.

    `entities` are values by name. One that is `until_written` goes when the customer writes.
    """

    name: str
    intent: str
    due_at: datetime
    entities: dict[str, Any] = field(default_factory=dict)
    until_written: bool = True

    @property
    def payload(self) -> str:
        """Return what the engine is given, in the form of a choice's payload."""
        return payload_of(self.intent, self.entities)


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """Takes back the reminders that fit everything it names; naming nothing, all of them."""

    name: str = ""
    intent: str = ""
    entities: dict[str, Any] = field(default_factory=dict)

    def fits(self, name: str, payload: str) -> bool:
        """Say whether a reminder of this name, with this payload, is taken back."""
        intent, entities = read_payload(payload)
        return (
            self.name in ("", name)
            and self.intent in ("", intent)
            and (not self.entities or self.entities == entities)
        )


def payload_of(intent: str, entities: dict[str, Any]) -> str:
    """Return `/intent{"entity": "value"}`."""
    return f"/{intent}{json.dumps(entities, ensure_ascii=False) if entities else ''}"


def read_payload(payload: str) -> tuple[str, dict[str, Any]]:
    """Return the intent and the entities of what `payload_of` made."""
    intent, brace, rest = payload.removeprefix("/").partition("{")
    return intent, json.loads(brace + rest) if brace else {}


def in_words(payload: str) -> str:
    """Return what is due as an agent reads it, such as "follow up: case number C-1001"."""
    intent, entities = read_payload(payload)
    what = intent.removeprefix(EXTERNAL).replace("_", " ")
    about = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in entities.items())
    return f"{what}: {about}" if about else what
