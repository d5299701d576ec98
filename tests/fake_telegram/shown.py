"""What a chat shows of the bot, and what a customer did."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fake_telegram import markup
from tests.fake_telegram.files import File
from tests.fake_telegram.updates import Update

_places = itertools.count(1)


@dataclass(kw_only=True, slots=True)
class Shown:
    """One message of the bot on the phones of a chat; edits change it."""

    id: int
    kind: str
    at: datetime
    text: str = ""
    """The words, or the caption, without marks."""
    entities: Sequence[Mapping[str, Any]] = ()
    markup: Mapping[str, Any] | None = None
    file: File | None = None
    location: Mapping[str, Any] | None = None
    quotes: int = 0
    """The message that it answers."""
    silent: bool = False
    deleted: bool = False
    edits: list[str] = field(default_factory=list)
    """What it said before each edit of its words."""
    place: int = field(default_factory=lambda: next(_places))
    """Its place in the chat among what both sides wrote."""

    @property
    def buttons(self) -> list[str]:
        """Return the inline buttons' titles, in order."""
        return [button["text"] for button in markup.inline(self.markup)]

    @property
    def keys(self) -> list[str]:
        """Return the titles of a reply keyboard, in order."""
        rows = (self.markup or {}).get("keyboard", ())
        return [key if isinstance(key, str) else key["text"] for row in rows for key in row]

    def data(self, button: int | str) -> str:
        """Return what pressing a button sends; `button` is its place from 1, or its title."""
        found = markup.inline(self.markup)
        if isinstance(button, int):
            return str(found[button - 1]["callback_data"])
        return str(next(b["callback_data"] for b in found if b["text"] == button))


@dataclass(kw_only=True, slots=True)
class Said:
    """Something that a customer did, and how it went to the bot."""

    id: int
    """The message's id; for what is no message, the one that it is about."""
    kind: str
    at: datetime
    text: str = ""
    update: Update | None = None
    """None when the platform does not tell the bot (it did not ask for such updates)."""
    query: str = ""
    """The id of a press."""
    place: int = field(default_factory=lambda: next(_places))

    @property
    def statuses(self) -> list[int]:
        """What the bot's webhook answered, attempt by attempt; 0 is no answer."""
        return self.update.statuses if self.update else []


@dataclass(kw_only=True, slots=True)
class Query:
    """A press that waits for its answer: until then the customer's button spins."""

    id: str
    at: datetime
    user: int
    answered: bool = False
    text: str = ""
    alert: bool = False
