"""The demo shop's own rules and records, on one connection; called from one thread only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.customer import Answer, Cancellation, Order, OrderItem, Profile, Refund, Status

RETURN_DAYS = 30
RECENT = 10
CANCELLABLE = frozenset({"processing", "packed"})
REFUSED_STATUS = {"cancelled": "cancelled", "delivered": "delivered", "returned": "delivered"}
"""Why an order is no longer cancellable; any other status means that it has left the shop."""

_TRACKING_URL = "https://track.example.com/"

Make = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that really happened in the shop; a repeated call leaves none."""

    order_number: str
    what: str
    key: str
    at: str


class Shop:
    """Read and change the shop. A change and the record of its call are one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.row_factory = sqlite3.Row

    def find(self, email: str, phone: str) -> Answer[Profile]:
        """Find a customer by e-mail or else by phone."""
        for row in self._db.execute("SELECT * FROM customers ORDER BY ref"):
            if (email and plain(row["email"]) == plain(email)) or (
                phone and _digits(row["phone"]) == _digits(phone)
            ):
                return Answer(status=Status.OK, value=_profile(row))
        return Answer(status=Status.NOT_FOUND)

    def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer."""
        row = self._db.execute("SELECT * FROM customers WHERE ref = ?", (ref,)).fetchone()
        return Answer(status=Status.OK, value=_profile(row)) if row else Answer(status=Status.NOT_FOUND)

    def orders(self, ref: str, today: date) -> Answer[tuple[Order, ...]]:
        """Return the customer's recent orders, newest first."""
        if not self.profile(ref).ok:
            return Answer(status=Status.NOT_FOUND)
        query = "SELECT * FROM orders WHERE customer_ref = ? ORDER BY placed_on DESC, number DESC LIMIT ?"
        rows = self._db.execute(query, (ref, RECENT)).fetchall()
        return Answer(status=Status.OK, value=tuple(self._order(row, today) for row in rows))

    def order(self, number: str, today: date) -> Answer[Order]:
        """Return an order."""
        row = self._row(number)
        return (
            Answer(status=Status.OK, value=self._order(row, today))
            if row
            else Answer(status=Status.NOT_FOUND)
        )

    def customer_of(self, number: str) -> str:
        """Return whose an order is, or an empty text."""
        row = self._row(number)
        return str(row["customer_ref"]) if row else ""

    def prove_order(self, number: str, proof: str, today: date) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode."""
        row = self._row(number)
        if row is None or not proof or plain(proof) not in (plain(row["email"]), plain(row["postcode"])):
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=self._order(row, today))

    def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund of an order."""
        row = self._db.execute("SELECT * FROM refunds WHERE order_number = ?", (number,)).fetchone()
        return Answer(status=Status.OK, value=_refund(row)) if row else Answer(status=Status.NOT_FOUND)

    def cancel_order(self, number: str, *, key: str, today: date, at: str) -> Answer[Cancellation]:
        """Cancel, once for each key."""

        def change() -> Answer[Cancellation]:
            row = self._row(number)
            if row is None:
                return Answer(status=Status.NOT_FOUND)
            if row["status"] not in CANCELLABLE:
                return Answer(status=Status.REFUSED, detail=REFUSED_STATUS.get(row["status"], "shipped"))
            amount, currency = _total(row), row["currency"]
            self._db.execute("UPDATE orders SET status = 'cancelled' WHERE number = ?", (number,))
            self._add_refund(row, "approved", "cancelled", today, days=5)
            self._note(number, "cancelled", key, at)
            return Answer(
                status=Status.OK, value=Cancellation(number=number, refund=amount, currency=currency)
            )

        return self._once(key, "cancel_order", {"number": number}, at, change, _cancellation_from)

    def start_return(self, number: str, reason: str, *, key: str, today: date, at: str) -> Answer[Refund]:
        """Open a return, once for each key."""

        def change() -> Answer[Refund]:
            row = self._row(number)
            if row is None:
                return Answer(status=Status.NOT_FOUND)
            refusal = self._return_refusal(row, today)
            if refusal:
                return Answer(status=Status.REFUSED, detail=refusal)
            self._add_refund(row, "requested", reason, today, days=14)
            self._note(number, "return_started", key, at)
            return self.refund_status(number)

        arguments = {"number": number, "reason": reason}
        return self._once(key, "start_return", arguments, at, change, _refund_from)

    def changes(self) -> list[Change]:
        """Return everything that happened, oldest first."""
        rows = self._db.execute("SELECT order_number, what, key, at FROM changes ORDER BY id")
        return [Change(**dict(row)) for row in rows]

    def _once(
        self,
        key: str,
        method: str,
        arguments: dict[str, str],
        at: str,
        change: Callable[[], Answer[Any]],
        make: Make,
    ) -> Answer[Any]:
        asked = json.dumps(arguments, sort_keys=True, ensure_ascii=False)
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute("SELECT * FROM calls WHERE key = ?", (key,)).fetchone()
            if row is None:
                answer = change()
                call = (key, method, asked, _dump(answer), at)
                self._db.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?)", call)
                return answer
        if (row["method"], row["arguments"]) != (method, asked):
            raise ValueError(f"idempotency key of another call: {key}")
        return _load(row["answer"], make)

    def _row(self, number: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM orders WHERE number = ?", (number,)
        ).fetchone()
        return row

    def _return_refusal(self, row: sqlite3.Row, today: date) -> str:
        if row["status"] == "returned" or self.refund_status(row["number"]).ok:
            return "already"
        if row["status"] != "delivered":
            return "not_delivered"
        late = today - date.fromisoformat(row["delivered_on"]) > timedelta(days=RETURN_DAYS)
        return "too_late" if late else ""

    def _add_refund(self, row: sqlite3.Row, state: str, reason: str, today: date, *, days: int) -> None:
        count = self._db.execute("SELECT count(*) FROM refunds").fetchone()[0]
        expected = (today + timedelta(days=days)).isoformat()
        values = (f"R{8001 + count}", row["number"], str(_total(row)), row["currency"], state, reason)
        self._db.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, today.isoformat(), expected)
        )

    def _note(self, number: str, what: str, key: str, at: str) -> None:
        self._db.execute(
            "INSERT INTO changes (order_number, what, key, at) VALUES (?, ?, ?, ?)", (number, what, key, at)
        )

    def _order(self, row: sqlite3.Row, today: date) -> Order:
        code = row["tracking_code"]
        return Order(
            number=row["number"],
            customer_ref=row["customer_ref"],
            status=row["status"],
            placed_on=date.fromisoformat(row["placed_on"]),
            total=_total(row),
            currency=row["currency"],
            items=_items(row),
            carrier=row["carrier"],
            tracking_code=code,
            tracking_url=f"{_TRACKING_URL}{code}" if code else "",
            expected_on=_date(row["expected_on"]),
            delivered_on=_date(row["delivered_on"]),
            cancellable=row["status"] in CANCELLABLE,
            returnable=not self._return_refusal(row, today),
        )


def plain(text: str) -> str:
    """Return a text without blanks and in one case, to compare what people type."""
    return "".join(text.split()).casefold()


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _items(row: sqlite3.Row) -> tuple[OrderItem, ...]:
    return tuple(
        OrderItem(name=i["name"], quantity=i["quantity"], price=Decimal(i["price"]))
        for i in json.loads(row["items"])
    )


def _total(row: sqlite3.Row) -> Decimal:
    return sum((item.price * item.quantity for item in _items(row)), Decimal(0))


def _profile(row: sqlite3.Row) -> Profile:
    return Profile(
        ref=row["ref"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        tier=row["tier"],
        language=row["language"],
        since=date.fromisoformat(row["since"]),
        notes=tuple(json.loads(row["notes"])),
    )


def _refund(row: sqlite3.Row) -> Refund:
    return _refund_from({key: row[key] for key in row.keys() if key != "reason"})  # noqa: SIM118 (not a dict)


def _refund_from(data: dict[str, Any]) -> Refund:
    return Refund(
        number=data["number"],
        order_number=data["order_number"],
        amount=Decimal(data["amount"]),
        currency=data["currency"],
        state=data["state"],
        requested_on=date.fromisoformat(data["requested_on"]),
        expected_on=_date(data["expected_on"]),
    )


def _cancellation_from(data: dict[str, Any]) -> Cancellation:
    return Cancellation(
        number=data["number"],
        refund=Decimal(data["refund"]),
        currency=data["currency"],
        already=data["already"],
    )


def _dump(answer: Answer[Any]) -> str:
    value = answer.value
    fields = None if value is None else {name: getattr(value, name) for name in value.__dataclass_fields__}
    data = {"status": answer.status.value, "detail": answer.detail, "value": fields}
    return json.dumps(data, default=_plain_value)


def _plain_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _load(text: str, make: Make) -> Answer[Any]:
    data = json.loads(text)
    value = None if data["value"] is None else make(data["value"])
    return Answer(status=Status(data["status"]), value=value, detail=data["detail"])
