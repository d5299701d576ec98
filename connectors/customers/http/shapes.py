"""What a company's system sends, as openapi.yaml describes it; each shape turns into a domain value.

msgspec checks types, patterns and lengths, and names the field that does not fit. Properties that are
not described are ignored, so that a company may send more.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bot.domain import customer as domain

ID_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,99}\Z"

# `\Z` where the document writes `$`: Python's `$` lets a line break follow.
Id = Annotated[str, Meta(pattern=ID_PATTERN)]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", max_length=500)]
Name = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", min_length=1, max_length=500)]
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*\Z", max_length=4_000)]
Money = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Url = Annotated[str, Meta(pattern=r'^https?://[^\x00-\x20\x7f"<>\\]+\Z', max_length=2_000)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
CaseKind = Literal["complaint", "late_delivery", "payment", "other"]


class Problem(Struct):
    """Why a request was refused; only the code is read."""

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None


class Status(Struct):
    """The interface works; `version` is that of the document."""

    name: Name
    version: Annotated[str, Meta(pattern=r"^1\.[0-9]{1,4}(\.[0-9]{1,4})?\Z")]


class Preferences(Struct):
    """All of a customer's preferences."""

    newsletter: bool
    offers: bool
    email: bool
    sms: bool
    phone: bool
    post: bool
    messages: bool

    def value(self) -> domain.Preferences:
        """Return the domain's value."""
        return domain.Preferences(**{name: getattr(self, name) for name in self.__struct_fields__})


class Profile(Struct):
    """A customer."""

    ref: Id
    name: Name
    email: Line | None = None
    phone: Line | None = None
    tier: Name | None = None
    language: Language | None = None
    since: date | None = None
    notes: Annotated[tuple[Text, ...], Meta(max_length=50)] | None = None
    address: Line | None = None
    points: Count | None = None
    preferences: Preferences | None = None

    def value(self) -> domain.Profile:
        """Return the domain's value."""
        return domain.Profile(
            ref=self.ref,
            name=self.name,
            email=self.email or "",
            phone=self.phone or "",
            tier=self.tier or "standard",
            language=self.language or "en",
            since=self.since,
            notes=self.notes or (),
            address=self.address or "",
            points=self.points,
            preferences=self.preferences.value() if self.preferences else domain.Preferences(),
        )


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


class AddressChange(Struct):
    """The address that now holds."""

    address: Name
    number: Id | None = None

    def value(self) -> domain.AddressChange:
        """Return the domain's value."""
        return domain.AddressChange(address=self.address, number=(self.number or "").upper())


class Closure(Struct):
    """An account closes."""

    closes_on: date
    already: bool | None = None

    def value(self) -> domain.Closure:
        """Return the domain's value."""
        return domain.Closure(closes_on=self.closes_on, already=bool(self.already))


class Case(Struct):
    """A matter that the company looks into."""

    number: Id
    kind: CaseKind
    state: Literal["open", "solved", "closed"]
    opened_on: date
    promised_by: date
    customer_ref: Id | None = None
    order_number: Id | None = None
    answer: Text | None = None

    def value(self) -> domain.Case:
        """Return the domain's value."""
        return domain.Case(
            number=self.number.upper(),
            kind=self.kind,
            state=self.state,
            opened_on=self.opened_on,
            promised_by=self.promised_by,
            customer_ref=self.customer_ref or "",
            order_number=(self.order_number or "").upper(),
            answer=self.answer or "",
        )


class Product(Struct):
    """An article of the catalogue."""

    sku: Name
    name: Name
    price: Money
    currency: Currency
    in_stock: bool
    summary: Text | None = None
    url: Url | None = None
    image_url: Url | None = None
    restock_on: date | None = None
    facts: Annotated[dict[Name, Line], Meta(max_length=50)] | None = None

    def value(self) -> domain.Product:
        """Return the domain's value."""
        return domain.Product(
            sku=self.sku,
            name=self.name,
            price=Decimal(self.price),
            currency=self.currency,
            in_stock=self.in_stock,
            summary=self.summary or "",
            url=self.url or "",
            image_url=self.image_url or "",
            restock_on=self.restock_on,
            facts=self.facts or {},
        )


class Products(Struct):
    """The articles that fit, best first."""

    products: Annotated[tuple[Product, ...], Meta(max_length=5)]

    def value(self) -> tuple[domain.Product, ...]:
        """Return the domain's values."""
        return tuple(product.value() for product in self.products)
