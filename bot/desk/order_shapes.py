"""What the agents' API reads and writes about orders, and what agents do for customers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bot.desk.shapes import Strict

Action = Literal["cancel_order", "change_address", "start_return", "goodwill"]


class LookUpBody(Strict):
    """An order that is not known to be the customer's, and why it is opened; the audit log keeps both."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ActionBody(Strict):
    """Something to do for the customer; the same `client_id` again changes nothing.

    `arguments`: cancel_order {number}; change_address {address, number?} (without a number the
    account's); start_return {number, reason, item?, resolution?: refund or replacement}; goodwill
    {amount: "7.50", reason, number?, currency?} (one of the last two).
    """

    action: Action
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    arguments: dict[str, Any]


class OrderView(msgspec.Struct, kw_only=True):
    """An order as the company has it now. Money is a text in `currency`.

    `access` says why it is shown: the known customer's, proved in this conversation, or looked up by an
    agent. `may` is what can be done with it as it stands.
    """

    number: str
    customer_ref: str
    status: str
    placed_on: str
    total: str
    currency: str
    items: list[dict[str, Any]]
    carrier: str
    tracking_code: str
    tracking_url: str
    expected_on: str | None
    delivered_on: str | None
    cancellable: bool
    returnable: bool
    changeable: bool
    cancellation_fee: str
    address: str
    payment_method: str
    payment_state: str
    warranty_until: str | None
    access: Literal["customer", "proved", "looked_up"]
    may: list[Action]


class UnknownView(msgspec.Struct, kw_only=True):
    """Something that was begun, by an agent or (with an empty `by`) the bot, and may have been done."""

    action: str
    number: str
    by: str
    at: str


class GoodwillView(msgspec.Struct, kw_only=True):
    """What the caller may give at once, what the customer was given in `days`, and what is left."""

    limit: str
    given: str
    left: str
    days: int


class OrdersView(msgspec.Struct, kw_only=True):
    """A customer's orders. `acting` says whether the caller may act in this conversation now.

    `status` is stranger when nobody knows whose orders to show; with try_later some may be missing.
    """

    orders: list[OrderView]
    customer: dict[str, Any] | None
    source: str
    status: Literal["ok", "stranger", "not_found", "try_later"]
    acting: bool
    unknown: list[UnknownView]
    goodwill: GoodwillView


class ActionView(msgspec.Struct, kw_only=True):
    """How it went. After try_later nothing was done; after unknown nobody can say: ask the same again.

    `detail` is a code, `message` is for the agent, `result` is what the company's system answered.
    """

    status: Literal["ok", "refused", "not_allowed", "try_later", "unknown"]
    detail: str
    message: str
    result: dict[str, Any] | None
