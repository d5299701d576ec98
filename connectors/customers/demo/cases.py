"""The demo shop's cases: what it has been asked to look into, and what it found."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

from bot.domain.customer import Answer, Case, Status
from connectors.customers.demo import records
from connectors.customers.demo.ledger import Call, Ledger

ANSWERED_WITHIN = 2
"""Working days."""
KINDS = frozenset({"complaint", "late_delivery", "payment", "other"})

_SATURDAY = 5


class Cases:
    """Open, read and solve cases."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        self._db, self._ledger = db, ledger

    def case(self, number: str) -> Answer[Case]:
        """Return a case."""
        row = self._db.execute("SELECT * FROM cases WHERE number = ?", (number,)).fetchone()
        return Answer(status=Status.OK, value=records.case(row)) if row else Answer(status=Status.NOT_FOUND)

    def customer_of(self, number: str) -> str:
        """Return whose a case is, or an empty text."""
        found = self.case(number).value
        return found.customer_ref if found else ""

    def open_case(self, kind: str, text: str, ref: str, number: str, call: Call) -> Answer[Case]:
        """Open a case of a customer, of an order, or of nobody known."""

        def change() -> Answer[Case]:
            order = self._db.execute(
                "SELECT customer_ref FROM orders WHERE number = ?", (number,)
            ).fetchone()
            if number and order is None:
                return Answer(status=Status.NOT_FOUND)
            customer = ref or (order["customer_ref"] if order else "")
            count = self._db.execute("SELECT count(*) FROM cases").fetchone()[0]
            new = f"K{7001 + count}"
            add_case(
                self._db,
                number=new,
                kind=kind if kind in KINDS else "other",
                opened_on=call.today,
                customer_ref=customer,
                order_number=number,
                text=text,
            )
            self._ledger.note(number or customer, "case_opened", call)
            return self.case(new)

        arguments = {"kind": kind, "text": text, "ref": ref, "number": number}
        return self._ledger.once(call, "open_case", arguments, change)

    def solve(self, number: str, answer: str) -> Answer[Case]:
        """Solve a case, as somebody at the shop would."""
        query = "UPDATE cases SET state = 'solved', answer = ? WHERE number = ?"
        with self._db:
            self._db.execute(query, (answer, number))
        return self.case(number)


def add_case(
    db: sqlite3.Connection,
    *,
    number: str,
    kind: str,
    opened_on: date,
    customer_ref: str,
    order_number: str,
    text: str,
    answer: str = "",
) -> None:
    """Write a case down; one with an answer is solved."""
    state = "solved" if answer else "open"
    days = (opened_on.isoformat(), working_days_after(opened_on, ANSWERED_WITHIN).isoformat())
    db.execute(
        "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, kind, state, *days, customer_ref, order_number, answer, text),
    )


def working_days_after(day: date, count: int) -> date:
    """Return the day that is `count` working days later."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day
