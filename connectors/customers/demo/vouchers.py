"""The demo shop's vouchers: what it gives customers who had trouble."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from decimal import Decimal

from bot.domain.customer import Answer, Goodwill, Status
from connectors.customers.demo.ledger import Call, Ledger

GOOD_FOR = timedelta(days=365)
MOST = Decimal(250)
"""The shop's own limit for one voucher, whatever Baton's limits are."""


class Vouchers:
    """Give vouchers."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        self._db, self._ledger = db, ledger

    def grant(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, call: Call
    ) -> Answer[Goodwill]:
        """Give a customer a voucher, once for each key; it is in the currency of their orders."""

        def change() -> Answer[Goodwill]:
            query = "SELECT currency FROM orders WHERE customer_ref = ? AND ? IN (number, '')"
            row = self._db.execute(query, (ref, number)).fetchone()
            if row is None:
                return Answer(status=Status.NOT_FOUND)
            if row["currency"] != currency:
                return Answer(status=Status.REFUSED, detail="currency")
            if not 0 < amount <= MOST:
                return Answer(status=Status.REFUSED, detail="too_much")
            return Answer(status=Status.OK, value=self._add(ref, number, amount, currency, reason, call))

        arguments = {
            "ref": ref, "number": number, "amount": str(amount), "currency": currency, "reason": reason,
        }  # fmt: skip
        return self._ledger.once(call, "grant_goodwill", arguments, change)

    def _add(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, call: Call
    ) -> Goodwill:
        count = self._db.execute("SELECT count(*) FROM vouchers").fetchone()[0]
        code, until = f"SORRY-{9001 + count}", call.today + GOOD_FOR
        days = (call.today.isoformat(), until.isoformat())
        row = (code, ref, number, str(amount), currency, reason, *days)
        self._db.execute("INSERT INTO vouchers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._ledger.note(number or ref, "goodwill_granted", call)
        return Goodwill(code=code, amount=amount, currency=currency, order_number=number, valid_until=until)
