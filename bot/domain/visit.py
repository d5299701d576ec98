"""Visits to a web chat: at which address somebody is received, and what they may see there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.conversation import Owner
from bot.domain.message import Message


class MadeFor(StrEnum):
    """For whom an address was made, seen from the one who comes with it now."""

    NOBODY = "nobody"
    THEM = "them"
    ANOTHER = "another"


class Fresh(StrEnum):
    """Why a visitor is received at another address than the one they came with."""

    EXPIRED = "expired"
    """What they came with is not valid, or no longer."""
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    OTHER_CUSTOMER = "other_customer"
    ERASED = "erased"
    NEW = "new"
    """They asked for a new conversation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """An address that a visitor comes back with; the channel has checked that we gave it out."""

    address: str
    made_for: MadeFor = MadeFor.NOBODY


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Where a visitor is received. `conversation_id` is empty until something was said there."""

    address: str
    conversation_id: str = ""
    fresh: Fresh | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a conversation stands, as its customer may know it.

    `place` is theirs in the queue, 1 for the next. `seen` is up to where an agent has read, `read` up to
    where the customer has. `rate` is when an agent's part ended that was not rated yet.
    """

    owner: Owner = Owner.NOBODY
    agent: str = ""
    assignee: str = ""
    place: int = 0
    rate: datetime | None = None
    seen: int = 0
    read: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What there is at an address: the entries after a number, and how things stand.

    `customer_ref` is whose it is, empty for a stranger's. With `reset`, `messages` are the newest ones
    whatever was asked for. `more` says that there are older ones; `last` counts invisible entries
    too, and `version` the changes of owner.
    """

    conversation_id: str = ""
    customer_ref: str = ""
    messages: tuple[Message, ...] = ()
    last: int = 0
    version: int = 0
    more: bool = False
    reset: bool = False
    standing: Standing = Standing()
