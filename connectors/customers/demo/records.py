"""The demo shop's rows as the values of `bot.domain.customer`."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.customer import Case, Invoice, Order, OrderItem, Preferences, Profile, Refund

RETURN_DAYS = 30
WARRANTY_DAYS = 365
"""Days of warranty for each year that an article has."""
REPACKING = Decimal("4.95")
"""What cancelling costs once an order is packed."""
CANCELLABLE = frozenset({"processing", "packed"})
ON_ITS_WAY = frozenset({"shipped", "out_for_delivery"})
BILLED = ON_ITS_WAY | {"delivered", "returned"}
"""Orders with an invoice: it is written when the parcel leaves."""

_TRACKING_URL = "https://track.example.com/"
_INVOICE_URL = "https://shop.example.com/invoices/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of an order, as it was sold."""

    sku: str
    name: str
    quantity: int
    price: Decimal

    @property
    def total(self) -> Decimal:
        """Return what the line cost."""
        return self.price * self.quantity


def plain(text: str) -> str:
    """Return a text without blanks and in one case, to compare what people type."""
    return "".join(text.split()).casefold()


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(c for c in text if c.isdigit())


def day(text: str | None) -> date | None:
    """Read a day that may be missing."""
    return date.fromisoformat(text) if text else None


def lines(row: sqlite3.Row) -> tuple[Line, ...]:
    """Return the lines of an order."""
    return tuple(
        Line(sku=i["sku"], name=i["name"], quantity=i["quantity"], price=Decimal(i["price"]))
        for i in json.loads(row["items"])
    )


def total(row: sqlite3.Row) -> Decimal:
    """Return what an order cost."""
    return sum((line.total for line in lines(row)), Decimal(0))


def cancellation_fee(row: sqlite3.Row) -> Decimal:
    """Return what would be kept back of a paid order: nothing before it is packed."""
    if row["status"] != "packed" or row["payment_state"] != "paid":
        return Decimal(0)
    return min(REPACKING, total(row))


def order(row: sqlite3.Row, *, returnable: bool, warranty_years: int) -> Order:
    """Read a row of `orders`."""
    code, delivered = row["tracking_code"], day(row["delivered_on"])
    covered = timedelta(days=WARRANTY_DAYS * warranty_years)
    return Order(
        number=row["number"],
        customer_ref=row["customer_ref"],
        status=row["status"],
        placed_on=date.fromisoformat(row["placed_on"]),
        total=total(row),
        currency=row["currency"],
        items=tuple(OrderItem(name=i.name, quantity=i.quantity, price=i.price) for i in lines(row)),
        carrier=row["carrier"],
        tracking_code=code,
        tracking_url=f"{_TRACKING_URL}{code}" if code else "",
        expected_on=day(row["expected_on"]),
        delivered_on=delivered,
        cancellable=row["status"] in CANCELLABLE,
        returnable=returnable,
        changeable=row["status"] in CANCELLABLE,
        cancellation_fee=cancellation_fee(row),
        address=row["address"],
        payment_method=row["payment_method"],
        payment_state=row["payment_state"],
        warranty_until=delivered + covered if delivered and covered else None,
    )


def invoice(row: sqlite3.Row) -> Invoice:
    """Return the invoice of a row of `orders`; the link has a part that cannot be guessed."""
    number = f"INV-{row['number']}"
    return Invoice(
        number=number,
        order_number=row["number"],
        issued_on=date.fromisoformat(row["placed_on"]),
        total=total(row),
        currency=row["currency"],
        url=f"{_INVOICE_URL}{number}-{row['invoice_code']}.pdf",
    )


def profile(row: sqlite3.Row) -> Profile:
    """Read a row of `customers`."""
    return Profile(
        ref=row["ref"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        tier=row["tier"],
        language=row["language"],
        since=date.fromisoformat(row["since"]),
        notes=tuple(json.loads(row["notes"])),
        address=row["address"],
        points=row["points"],
        preferences=preferences(row),
    )


def preferences(row: sqlite3.Row) -> Preferences:
    """Read what a row of `customers` says of how to reach them."""
    return Preferences(**json.loads(row["preferences"]))


def refund(row: sqlite3.Row) -> Refund:
    """Read a row of `refunds`."""
    return Refund(
        number=row["number"],
        order_number=row["order_number"],
        amount=Decimal(row["amount"]),
        currency=row["currency"],
        state=row["state"],
        requested_on=date.fromisoformat(row["requested_on"]),
        expected_on=day(row["expected_on"]),
        resolution=row["resolution"],
        item=row["item"],
        send_back=bool(row["send_back"]),
    )


def case(row: sqlite3.Row) -> Case:
    """Read a row of `cases`."""
    values: dict[str, Any] = {name: row[name] for name in row.keys() if name != "text"}  # noqa: SIM118
    for name in ("opened_on", "promised_by"):
        values[name] = date.fromisoformat(values[name])
    return Case(**values)
