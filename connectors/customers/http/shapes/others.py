"""Customers, cases, products, and the interface itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bot.domain import customer as domain
from connectors.customers.http.shapes.kinds import (
    CaseKind,
    Count,
    Currency,
    Id,
    Language,
    Line,
    Money,
    Name,
    Text,
    Url,
)


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


class Goodwill(Struct):
    """Something was given."""

    code: Name
    amount: Money
    currency: Currency
    kind: Literal["voucher", "refund"] | None = None
    order_number: Id | None = None
    valid_until: date | None = None

    def value(self) -> domain.Goodwill:
        """Return the domain's value."""
        return domain.Goodwill(
            code=self.code,
            amount=Decimal(self.amount),
            currency=self.currency,
            kind=self.kind or "voucher",
            order_number=(self.order_number or "").upper(),
            valid_until=self.valid_until,
        )


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
