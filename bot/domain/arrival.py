"""What a platform tells us about a conversation: messages, and what happens to messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.message import Attachment, Delivery, InboundMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Something that happened at an address. `key` is unique for it, so that it counts once.

    `aliases` are other addresses of the same person.
    """

    channel: str
    account: str
    address: str
    key: str
    at: datetime
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited(Report):
    """The customer has changed a message; `text` is what it says now."""

    external_id: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deleted(Report):
    """The customer has taken a message back."""

    external_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction(Report):
    """The customer has put an emoji on a message; an empty one was taken off."""

    external_id: str
    emoji: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt(Report):
    """How far a message of ours has come.

    `ref` is our own name of it, "<conversation id>:<seq>", if the platform gives that back; `reason`
    says to agents why it failed. The address may be empty.
    """

    external_id: str
    delivery: Delivery
    ref: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach(Report):
    """The customer has blocked us, or can be reached again."""

    reachable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo(Report):
    """A person of the company has answered the customer in the platform's own app."""

    external_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved(Report):
    """A person is at `address` from now on, and was at the `aliases` before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """Something that needs nothing done; `reason` names it for the counters."""

    channel: str
    account: str
    reason: str


Arrival = InboundMessage | Edited | Deleted | Reaction | Receipt | Reach | Echo | Moved | Ignored
