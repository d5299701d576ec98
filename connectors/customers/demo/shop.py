"""The demo shop's orders: its rules for cancelling, returning and paying back. One thread only."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal

from bot.domain.customer import Answer, Cancellation, Invoice, Order, Profile, Refund, Status
from connectors.customers.demo import records
from connectors.customers.demo.ledger import Call, Ledger
from connectors.customers.demo.records import Line, plain

RECENT = 10
KEEP_BELOW = Decimal(15)
"""Goods that cost less are not asked back."""
REFUSED_STATUS = {"cancelled": "cancelled", "delivered": "delivered", "returned": "delivered"}
"""Why an order is no longer cancellable; any other status means that it has left the shop."""

_WARRANTY = "SELECT warranty_years FROM products WHERE sku = ?"


class Shop:
    """Read and change orders."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        self._db, self._ledger = db, ledger

    def find(self, email: str, phone: str) -> Answer[Profile]:
        """Find a customer by e-mail or else by phone."""
        number = records.digits(phone)
        for row in self._db.execute("SELECT * FROM customers ORDER BY ref"):
            if (email and plain(row["email"]) == plain(email)) or (
                number and records.digits(row["phone"]) == number
            ):
                return Answer(status=Status.OK, value=records.profile(row))
        return Answer(status=Status.NOT_FOUND)

    def orders(self, ref: str, today: date) -> Answer[tuple[Order, ...]]:
        """Return the customer's recent orders, newest first."""
        if self._db.execute("SELECT 1 FROM customers WHERE ref = ?", (ref,)).fetchone() is None:
            return Answer(status=Status.NOT_FOUND)
        query = "SELECT * FROM orders WHERE customer_ref = ? ORDER BY placed_on DESC, number DESC LIMIT ?"
        rows = self._db.execute(query, (ref, RECENT)).fetchall()
        return Answer(status=Status.OK, value=tuple(self._order(row, today) for row in rows))

    def order(self, number: str, today: date) -> Answer[Order]:
        """Return an order."""
        row = self.row(number)
        if row is None:
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=self._order(row, today))

    def row(self, number: str) -> sqlite3.Row | None:
        """Return an order's record."""
        query = "SELECT * FROM orders WHERE number = ?"
        row: sqlite3.Row | None = self._db.execute(query, (number,)).fetchone()
        return row

    def customer_of(self, number: str) -> str:
        """Return whose an order is, or an empty text."""
        row = self.row(number)
        return str(row["customer_ref"]) if row else ""

    def prove_order(self, number: str, proof: str, today: date) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode."""
        row = self.row(number)
        given = plain(proof)
        if row is None or not given or given not in (plain(row["email"]), plain(row["postcode"])):
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=self._order(row, today))

    def refund_status(self, number: str) -> Answer[Refund]:
        """Return the newest refund of an order."""
        found = self._refunds(number)
        if not found:
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=records.refund(found[-1]))

    def invoice(self, number: str) -> Answer[Invoice]:
        """Return the invoice of an order that has left."""
        row = self.row(number)
        if row is None or row["status"] not in records.BILLED:
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=records.invoice(row))

    def cancel_order(self, number: str, call: Call) -> Answer[Cancellation]:
        """Cancel, once for each key; what was paid goes back without the fee."""

        def change() -> Answer[Cancellation]:
            row = self.row(number)
            if row is None:
                return Answer(status=Status.NOT_FOUND)
            if row["status"] not in records.CANCELLABLE:
                return Answer(status=Status.REFUSED, detail=REFUSED_STATUS.get(row["status"], "shipped"))
            fee = records.cancellation_fee(row)
            back = records.total(row) - fee if row["payment_state"] == "paid" else Decimal(0)
            self._db.execute("UPDATE orders SET status = 'cancelled' WHERE number = ?", (number,))
            if back:
                self._add_refund(row, back, call.today, state="approved", reason="cancelled", days=5)
            self._ledger.note(number, "cancelled", call)
            done = Cancellation(number=number, refund=back, currency=row["currency"], fee=fee)
            return Answer(status=Status.OK, value=done)

        return self._ledger.once(call, "cancel_order", {"number": number}, change)

    def start_return(
        self, number: str, reason: str, item: str, resolution: str, call: Call
    ) -> Answer[Refund]:
        """Open a return of an order or of one line, once for each key."""

        def change() -> Answer[Refund]:
            row = self.row(number)
            if row is None:
                return Answer(status=Status.NOT_FOUND)
            replaced = resolution == "replacement"
            chosen = [line for line in records.lines(row) if not item or plain(line.name) == plain(item)]
            refusal = self._return_refusal(row, chosen, item, call.today)
            if not refusal and replaced and not self._in_stock(chosen):
                refusal = "no_replacement"
            if refusal:
                return Answer(status=Status.REFUSED, detail=refusal)
            worth = sum((line.total for line in chosen), Decimal(0))
            if replaced:
                self._take_from_stock(chosen)
            self._add_refund(
                row,
                Decimal(0) if replaced else worth,
                call.today,
                state="requested",
                reason=reason,
                days=7 if replaced else 14,
                resolution=resolution,
                item=chosen[0].name if item else "",
                send_back=worth >= KEEP_BELOW,
            )
            self._ledger.note(number, "return_started", call)
            return self.refund_status(number)

        arguments = {"number": number, "reason": reason, "item": item, "resolution": resolution}
        return self._ledger.once(call, "start_return", arguments, change)

    def _return_refusal(self, row: sqlite3.Row, chosen: list[Line], item: str, today: date) -> str:
        """Return why these lines cannot be sent back; an empty text if they can."""
        if row["status"] not in ("delivered", "returned"):
            # What was cancelled has had its refund and never arrived.
            return "already" if row["status"] == "cancelled" else "not_delivered"
        if item and not chosen:
            return "unknown_item"
        before = {refund["item"] for refund in self._refunds(row["number"])}
        again = before if not item else before & {"", chosen[0].name}
        if row["status"] == "returned" or again:
            return "already"
        late = today - date.fromisoformat(row["delivered_on"]) > timedelta(days=records.RETURN_DAYS)
        return "too_late" if late else ""

    def _returnable(self, row: sqlite3.Row, today: date) -> bool:
        return any(not self._return_refusal(row, [line], line.name, today) for line in records.lines(row))

    def _in_stock(self, chosen: list[Line]) -> bool:
        query = "SELECT 1 FROM products WHERE sku = ? AND stock >= ?"
        return all(self._db.execute(query, (line.sku, line.quantity)).fetchone() for line in chosen)

    def _take_from_stock(self, chosen: list[Line]) -> None:
        for line in chosen:
            query = "UPDATE products SET stock = stock - ? WHERE sku = ?"
            self._db.execute(query, (line.quantity, line.sku))

    def _refunds(self, number: str) -> list[sqlite3.Row]:
        query = "SELECT * FROM refunds WHERE order_number = ? ORDER BY rowid"
        return self._db.execute(query, (number,)).fetchall()

    def _add_refund(
        self,
        row: sqlite3.Row,
        amount: Decimal,
        today: date,
        *,
        state: str,
        reason: str,
        days: int,
        resolution: str = "refund",
        item: str = "",
        send_back: bool = False,
    ) -> None:
        count = self._db.execute("SELECT count(*) FROM refunds").fetchone()[0]
        expected = (today + timedelta(days=days)).isoformat()
        self._db.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"R{8001 + count}",
                row["number"],
                str(amount),
                row["currency"],
                state,
                reason,
                today.isoformat(),
                expected,
                resolution,
                item,
                send_back,
            ),
        )

    def _order(self, row: sqlite3.Row, today: date) -> Order:
        # The shortest that any article has: tea has none and does not count.
        found = [self._db.execute(_WARRANTY, (line.sku,)).fetchone() for line in records.lines(row)]
        years = min((years[0] for years in found if years and years[0]), default=0)
        return records.order(row, returnable=self._returnable(row, today), warranty_years=years)
