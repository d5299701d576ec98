"""What a customer sees of the business, and what a customer said."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tests.fake_whatsapp.courier import Webhook
from tests.fake_whatsapp.media import File

_numbers = itertools.count(1)
_places = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A button or a row of a list."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One message of the business on a customer's phone."""

    id: str
    type: str
    content: Mapping[str, Any]
    """The part of the request that is named like its type."""
    at: datetime
    text: str = ""
    """The words: of a text, of choices, of a caption, of a filled template."""
    options: tuple[Option, ...] = ()
    file: File | None = None
    ref: str = ""
    quotes: str = ""
    author: Literal["api", "app"] = "api"
    """"app" is a person who wrote in the Business app."""
    place: int = field(default_factory=lambda: next(_places))
    """Its place in the chat among what both sides wrote."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Something that a customer did."""

    id: str
    type: str
    content: Any
    at: datetime
    webhook: Webhook | None
    """None while changes are being gathered into one body."""
    place: int = field(default_factory=lambda: next(_places))

    @property
    def text(self) -> str:
        """Return what the customer's own phone shows: words, a caption, the title that was pressed."""
        if self.type == "interactive":
            reply = self.content.get(self.content["type"], {})
            return str(reply.get("title", ""))
        of = self.content if isinstance(self.content, dict) else {}
        return str(of.get("body") or of.get("text") or of.get("caption") or "")

    @property
    def statuses(self) -> list[int]:
        """What the business answered to the webhook, attempt by attempt."""
        return self.webhook.statuses if self.webhook else []


def number_from(first: int) -> None:
    """Number messages from here on: a run by hand repeats no id of the run before, which would be dropped."""
    global _numbers
    _numbers = itertools.count(first)


def new_id(of: str) -> str:
    """Return a message id: it begins with "wamid." and is of no use beyond that."""
    raw = b"\x1c\x18" + of.encode()[:14] + b"\x15\x02\x00\x11\x18\x12" + f"{next(_numbers):018X}".encode()
    return "wamid." + base64.b64encode(raw + b"\x00").decode()


def words(kind: str, content: Mapping[str, Any]) -> str:
    """Return what there is to read in a message."""
    if kind == "text":
        return str(content["body"])
    if kind == "interactive":
        return str(content["body"]["text"])
    return str(content.get("caption", ""))


def options(kind: str, content: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return what there is to press in a message."""
    if kind != "interactive":
        return ()
    action = content["action"]
    if content["type"] == "button":
        return tuple(Option(id=b["reply"]["id"], title=b["reply"]["title"]) for b in action["buttons"])
    if content["type"] == "list":
        rows = [row for section in action["sections"] for row in section["rows"]]
        return tuple(
            Option(id=row["id"], title=row["title"], description=row.get("description", "")) for row in rows
        )
    return ()
