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
    """A person who writes to us; `directory_ref` is their id in the company's own system.

    `trust` is the most that was ever vouched for. What a turn may do does not follow from it, but from
    the message that the turn answers (`InboxRow.trust`).
    """

    id: str
    created_at: datetime
    directory_ref: str = ""
    name: str = ""
    email: str = ""
    trust: Trust = Trust.ANONYMOUS
    phone: str = ""
    """As a platform vouches for it, in international form."""


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
    """Too many wrong proofs, or too many cases; wait, or speak to a person."""


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
class Preferences:
    """How a customer wants to hear from the company; orders and cases are told of in any case.

    `newsletter` and `offers` are what they get, the others are ways: `messages` are messages in a chat
    that the customer did not ask for, such as a follow-up.
    """

    newsletter: bool = False
    offers: bool = False
    email: bool = True
    sms: bool = True
    phone: bool = True
    post: bool = True
    messages: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What the company knows of a customer; `tier` is such as "standard" or "gold".

    `points` are those of the loyalty programme, None for a company that has none; `address` is one line.
    """

    ref: str
    name: str
    email: str = ""
    phone: str = ""
    tier: str = "standard"
    language: str = "en"
    since: date | None = None
    notes: tuple[str, ...] = ()
    address: str = ""
    points: int | None = None
    preferences: Preferences = Preferences()


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
    not proved them. `changeable` orders can still get another address. `cancellation_fee` is what
    would be kept back now. `payment_state` is one of: paid, pending, failed, refunded, or empty when
    unknown.
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
    changeable: bool = False
    cancellation_fee: Decimal = Decimal(0)
    address: str = ""
    payment_method: str = ""
    payment_state: str = ""
    warranty_until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    """The outcome of cancelling an order; `already` when it had been cancelled before this request.

    `refund` is what the customer gets back, `fee` what was kept of the order's total.
    """

    number: str
    refund: Decimal
    currency: str
    already: bool = False
    fee: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    """A return with its refund, or with a replacement and then no amount.

    `state` is one of: requested, approved, paid, declined; `resolution` is refund or replacement;
    `item` is the line it is about, empty for the whole order; `send_back` says whether the customer
    has to send anything.
    """

    number: str
    order_number: str
    amount: Decimal
    currency: str
    state: str
    requested_on: date
    expected_on: date | None = None
    resolution: str = "refund"
    item: str = ""
    send_back: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Goodwill:
    """Something that the company gives a customer who had trouble.

    `kind` is voucher (`code` is what the customer enters) or refund (`code` names the payment).
    `order_number` is the order that it is for, if any.
    """

    code: str
    amount: Decimal
    currency: str
    kind: str = "voucher"
    order_number: str = ""
    valid_until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice:
    """An order's invoice; `url` opens the document for whoever has it."""

    number: str
    order_number: str
    issued_on: date
    total: Decimal
    currency: str
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressChange:
    """The address that now holds: of the order `number`, or of the account if that is empty."""

    address: str
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """An account that closes on a day; `already` when that had been asked for before."""

    closes_on: date
    already: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A matter that the company looks into and answers by `promised_by`.

    `kind` is complaint, late_delivery, payment or other; `state` is one of: open, solved, closed.
    `answer` is what the company found, in words for the customer, once it is solved.
    """

    number: str
    kind: str
    state: str
    opened_on: date
    promised_by: date
    customer_ref: str = ""
    order_number: str = ""
    answer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """An article of the catalogue; `facts` are such as {"material": "oak"}, in words for customers."""

    sku: str
    name: str
    price: Decimal
    currency: str
    in_stock: bool
    summary: str = ""
    url: str = ""
    image_url: str = ""
    restock_on: date | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Something that a turn or an agent changed in the company's systems, by idempotency key.

    A row without `finished_at` was begun: the directory may or may not have done it, and the same key
    asked again gives the one true answer. `agent_id` is empty for what the bot did; `customer_ref` is
    whose account it was, where that is known. An agent's look into an order that is not known to be the
    customer's is kept here as well, as `LOOK_UP`.
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
    agent_id: str = ""
    customer_ref: str = ""


LOOK_UP = "look_up_order"
"""The method of an `Effect` that changed nothing."""
ASKED_AGAIN = "asked_again"
"""The method of an `Effect` that stands for another one: its argument `key` says for which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnContext:
    """Who a turn is for: made by the server from what it knows, never from the message.

    `trust` is what the channel vouched for with the very message that the turn answers. Below CHANNEL
    the turn is for somebody unknown, whoever wrote here before: `directory_ref` is empty then.
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
