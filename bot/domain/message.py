"""Messages of a conversation: who said what, in which shape, and whether it arrived."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.mood import Mood

MAX_TEXT = 4_000
"""Longest customer text that is understood, in characters; longer text is refused by the channel."""


_TOKEN = re.compile(r"~([0-9a-f]{1,13})\.([0-9a-f]{1,4})", re.ASCII)


class Author(StrEnum):
    """Who a message is from."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(StrEnum):
    """The shape of a message."""

    TEXT = "text"
    CHOICES = "choices"
    MEDIA = "media"
    LOCATION = "location"
    NOTE = "note"
    EVENT = "event"


class Delivery(StrEnum):
    """How far a message to the customer has come.

    STORED is where messages stay on channels that fetch them themselves (REST, web chat).
    UNKNOWN means that the platform may have it and may not: it is never sent again.
    """

    STORED = "stored"
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNKNOWN = "unknown"
    FAILED = "failed"


DELIVERY_STEPS: dict[Delivery, frozenset[Delivery]] = {
    Delivery.STORED: frozenset({Delivery.DELIVERED, Delivery.READ}),
    Delivery.PENDING: frozenset({Delivery.SENDING, Delivery.FAILED}),
    Delivery.SENDING: frozenset({Delivery.PENDING, Delivery.SENT, Delivery.UNKNOWN, Delivery.FAILED}),
    Delivery.SENT: frozenset({Delivery.DELIVERED, Delivery.READ, Delivery.FAILED}),
    Delivery.UNKNOWN: frozenset({Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.FAILED}),
    Delivery.DELIVERED: frozenset({Delivery.READ}),
    Delivery.READ: frozenset(),
    Delivery.FAILED: frozenset(),
}
"""The arrows along which a delivery status may move; nothing else is ever stored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A button: `title` is seen, `payload` (`/intent{...}`) goes to the engine and to no customer."""

    title: str
    payload: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file, image or voice message; `url` is where our server or the platform has it."""

    kind: str
    url: str
    name: str = ""
    mime: str = ""
    size: int | None = None
    note: str = ""
    """Why the file is not there, in words for agents; empty for one that is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A place on earth, in degrees; `name` and `address` as the customer's app gave them."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""

    @property
    def text(self) -> str:
        """Return the place in one line, for screens that show no map."""
        place = ", ".join(part for part in (self.name, self.address) if part)
        at = f"{self.latitude:.5f}, {self.longitude:.5f}"
        return f"📍 {place} ({at})" if place else f"📍 {at}"


@dataclass(frozen=True, kw_only=True, slots=True)
class IntentScore:
    """One intent with its confidence, 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A value found in a text; `start` and `end` are character positions."""

    name: str
    value: str
    start: int = -1
    end: int = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Nlu:
    """What the engine understood of one customer message.

    `intents` holds the likeliest first, at most five; `fallback` says that none was clear enough; `mood`
    is None for a message that shows none.
    """

    intents: tuple[IntentScore, ...] = ()
    entities: tuple[Entity, ...] = ()
    fallback: bool = False
    mood: Mood | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A message that is about to be said: what the engine, an agent or the system wants shown."""

    text: str = ""
    choices: tuple[Choice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    custom: dict[str, Any] | None = None
    kind: Kind | None = None
    """Set for notes and events; derived from the content otherwise."""

    @property
    def shape(self) -> Kind:
        """Return the kind that this content has."""
        if self.kind is not None:
            return self.kind
        if self.attachments:
            return Kind.MEDIA
        return Kind.CHOICES if self.choices else Kind.TEXT


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One entry of a conversation, numbered by `seq` without gaps."""

    id: str
    conversation_id: str
    seq: int
    author: Author
    kind: Kind
    created_at: datetime
    text: str = ""
    author_id: str = ""
    """The agent's id for agents' messages; empty otherwise."""
    author_name: str = ""
    choices: tuple[Choice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    custom: dict[str, Any] | None = None
    delivery: Delivery = Delivery.STORED
    external_id: str = ""
    client_id: str = ""
    """The sender's own id, by which a repeated request is recognised."""
    reply_to: str = ""
    """For bot and system messages: the inbox id of the turn that said it."""
    nlu: Nlu | None = None
    failed: bool = False
    """For customer messages: the engine could not answer it."""
    delivery_note: str = ""
    """Why it did not reach the customer, in words for agents."""

    @property
    def visible_to_customer(self) -> bool:
        """Say whether the customer may see this entry."""
        return self.kind not in (Kind.NOTE, Kind.EVENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityClaim:
    """Who the channel itself vouches for; never filled from what a customer or client can write.

    It holds for the message that it comes with, and no longer: a channel that knows somebody for good
    says so with each message.
    """

    trust: str
    directory_ref: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    """In international form, such as "+4930123456"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """One customer message as a channel delivers it, before anything is stored.

    `external_id` is the platform's id: the same id on the same channel and address is the same message.
    """

    channel: str
    address: str
    external_id: str
    received_at: datetime
    account: str = "default"
    text: str = ""
    choice: str = ""
    """The opaque token of a pressed button, as `choice_token` made it."""
    attachments: tuple[Attachment, ...] = ()
    identity: IdentityClaim | None = None
    display_name: str = ""
    language: str = ""
    reply_until: datetime | None = None
    signed_in_only: bool = False
    """Whether a conversation that somebody has signed in to takes messages from them alone. A channel
    says so that knows with each message who is there; others let it pass as an unknown person's."""
    raw: dict[str, Any] = field(default_factory=dict)
    """Untrusted client metadata; kept out of every decision about identity."""
    aliases: tuple[str, ...] = ()
    """Other addresses of the same person on this channel and account, as the platform says."""
    authentic: bool = False
    """The platform vouches that everything from this address is from one person: what was proved there
    once holds for later messages too."""
    intent: str = ""
    """A payload such as "/greet" that the channel itself means by a command; never from a text."""
    album: str = ""
    """Files that come with the same album, one after the other, are one message."""
    unsupported: str = ""
    """The kind of something that cannot be taken, such as "poll"; the message then has nothing else."""
    location: Location | None = None
    aside: bool = False
    """Its text only names what came, such as a contact card; they are no words of the customer's."""
    reply_to_external: str = ""
    """The platform's id of the message that this one quotes."""


def choice_token(seq: int, index: int) -> str:
    """Return the token of choice `index` of message `seq`: at most 24 bytes, without its payload.

    A token is looked up in the conversation that sends it, so it means nothing in another one.
    """
    return f"~{seq:x}.{index:x}"


def parse_choice_token(token: str) -> tuple[int, int] | None:
    """Return `(seq, index)` for a text that has the form of a token, else None."""
    found = _TOKEN.fullmatch(token)
    return (int(found[1], 16), int(found[2], 16)) if found else None
