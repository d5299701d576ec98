"""Orders, and what becomes of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bot.domain import customer as domain
from connectors.customers.http.shapes.kinds import Currency, Id, Line, Money, Name, Quantity, Url


class OrderItem(Struct):
    """A line of an order."""

    name: Name
    quantity: Quantity
    price: Money


class Order(Struct):
    """An order. What a customer may do with it has no default: left out, it is a mistake."""

    number: Id
    customer_ref: Id
    status: Literal[
        "processing", "packed", "shipped", "out_for_delivery", "delivered", "cancelled", "returned"
    ]
    placed_on: date
    total: Money
    currency: Currency
    items: Annotated[tuple[OrderItem, ...], Meta(max_length=500)]
    cancellable: bool
    returnable: bool
    changeable: bool
    carrier: Line | None = None
    tracking_code: Line | None = None
    tracking_url: Url | None = None
    expected_on: date | None = None
    delivered_on: date | None = None
    cancellation_fee: Money | None = None
    address: Line | None = None
    payment_method: Line | None = None
    payment_state: Literal["paid", "pending", "failed", "refunded"] | None = None
    warranty_until: date | None = None

    def value(self) -> domain.Order:
        """Return the domain's value."""
        return domain.Order(
            number=self.number.upper(),
            customer_ref=self.customer_ref,
            status=self.status,
            placed_on=self.placed_on,
            total=Decimal(self.total),
            currency=self.currency,
            items=tuple(
                domain.OrderItem(name=i.name, quantity=i.quantity, price=Decimal(i.price))
                for i in self.items
            ),
            carrier=self.carrier or "",
            tracking_code=self.tracking_code or "",
            tracking_url=self.tracking_url or "",
            expected_on=self.expected_on,
            delivered_on=self.delivered_on,
            cancellable=self.cancellable,
            returnable=self.returnable,
            changeable=self.changeable,
            cancellation_fee=Decimal(self.cancellation_fee or 0),
            address=self.address or "",
            payment_method=self.payment_method or "",
            payment_state=self.payment_state or "",
            warranty_until=self.warranty_until,
        )


class Orders(Struct):
    """A customer's recent orders."""

    orders: Annotated[tuple[Order, ...], Meta(max_length=50)]

    def value(self) -> tuple[domain.Order, ...]:
        """Return the domain's values, newest first even if the company sorts otherwise."""
        return tuple(sorted((o.value() for o in self.orders), key=lambda o: o.placed_on, reverse=True))


class Cancellation(Struct):
    """An order was cancelled."""

    number: Id
    refund: Money
    currency: Currency
    already: bool | None = None
    fee: Money | None = None

    def value(self) -> domain.Cancellation:
        """Return the domain's value."""
        return domain.Cancellation(
            number=self.number.upper(),
            refund=Decimal(self.refund),
            currency=self.currency,
            already=bool(self.already),
            fee=Decimal(self.fee or 0),
        )


class Refund(Struct):
    """A return with its refund or replacement."""

    number: Id
    order_number: Id
    amount: Money
    currency: Currency
    state: Literal["requested", "approved", "paid", "declined"]
    requested_on: date
    expected_on: date | None = None
    resolution: Literal["refund", "replacement"] | None = None
    item: Line | None = None
    send_back: bool | None = None

    def value(self) -> domain.Refund:
        """Return the domain's value."""
        return domain.Refund(
            number=self.number,
            order_number=self.order_number.upper(),
            amount=Decimal(self.amount),
            currency=self.currency,
            state=self.state,
            requested_on=self.requested_on,
            expected_on=self.expected_on,
            resolution=self.resolution or "refund",
            item=self.item or "",
            send_back=self.send_back is not False,
        )


class Invoice(Struct):
    """An invoice."""

    number: Name
    order_number: Id
    issued_on: date
    total: Money
    currency: Currency
    url: Url | None = None

    def value(self) -> domain.Invoice:
        """Return the domain's value."""
        return domain.Invoice(
            number=self.number,
            order_number=self.order_number.upper(),
            issued_on=self.issued_on,
            total=Decimal(self.total),
            currency=self.currency,
            url=self.url or "",
        )
