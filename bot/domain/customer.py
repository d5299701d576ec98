"""Customers, how far we trust who they say they are, and what the company knows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar


class Trust(StrEnum):
    """How well we know that a customer is who they say; later ones include earlier ones.

    ORDER is per order (its number together with its e-mail or postcode) and is granted, not ranked:
    see `TurnContext.order_grants`.
    """

    ANONYMOUS = "anonymous"
    CLAIMED = "claimed"
    CHANNEL = "channel"
    VERIFIED = "verified"


TRUST_RANK = {Trust.ANONYMOUS: 0, Trust.CLAIMED: 1, Trust.CHANNEL: 2, Trust.VERIFIED: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """A person who writes to us; `directory_ref` is their id in the company's own system."""

    id: str
    created_at: datetime
    directory_ref: str = ""
    name: str = ""
    email: str = ""
    trust: Trust = Trust.ANONYMOUS


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelIdentity:
    """A customer's address on one channel, and the conversation that is held there."""

    channel: str
    account: str
    address: str
    customer_id: str
    conversation_id: str
    created_at: datetime


class Status(StrEnum):
    """How a directory answered."""

    OK = "ok"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    """The trust is not enough; with proof (an order's e-mail or postcode) it may be."""
    REFUSED = "refused"
    """Understood and refused by the company's rules; `detail` says which (a code, not a sentence)."""
    TRY_LATER = "try_later"
    THROTTLED = "throttled"
    """Too many wrong proofs; wait, or speak to a person."""


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[T]):
    """A directory's typed answer; `value` is present exactly when `status` is OK."""

    status: Status
    value: T | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Say whether there is a value."""
        return self.status is Status.OK


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What the company knows of a customer; `tier` is such as "standard" or "gold"."""

    ref: str
    name: str
    email: str = ""
    phone: str = ""
    tier: str = "standard"
    language: str = "en"
    since: date | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderItem:
    """One line of an order."""

    name: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order as the company's system has it now.

    `status` is one of: processing, packed, shipped, out_for_delivery, delivered, cancelled, returned.
    `total` is in `currency` (ISO 4217). `postcode` and `email` are never shown to a customer who has
    not proved them.
    """

    number: str
    customer_ref: str
    status: str
    placed_on: date
    total: Decimal
    currency: str
    items: tuple[OrderItem, ...] = ()
    carrier: str = ""
    tracking_code: str = ""
    tracking_url: str = ""
    expected_on: date | None = None
    delivered_on: date | None = None
    cancellable: bool = False
    returnable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    """The outcome of cancelling an order; `already` when it had been cancelled before this request."""

    number: str
    refund: Decimal
    currency: str
    already: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    """A return with its refund; `state` is one of: requested, approved, paid, declined."""

    number: str
    order_number: str
    amount: Decimal
    currency: str
    state: str
    requested_on: date
    expected_on: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Something that a turn changed in the company's systems, by idempotency key.

    A row without `finished_at` was begun: the directory may or may not have done it, and the same key
    asked again gives the one true answer.
    """

    key: str
    conversation_id: str
    inbox_id: str
    action: str
    method: str
    arguments: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None = None
    status: Status | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnContext:
    """Who a turn is for: made by the server from what it knows, never from the message.

    `order_grants` are the orders that this conversation has proved (number with e-mail or postcode).
    """

    conversation_id: str
    customer_id: str
    inbox_id: str
    channel: str
    now: datetime
    trust: Trust = Trust.ANONYMOUS
    directory_ref: str = ""
    name: str = ""
    language: str = "en"
    order_grants: tuple[str, ...] = ()
    after_handoff: bool = False
    """True for the first turn after a person gave the conversation back to the bot."""
    facts: dict[str, str] = field(default_factory=dict)
    """Plain texts for responses: opening hours and the like."""
