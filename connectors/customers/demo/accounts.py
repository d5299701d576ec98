"""The demo shop's customers: addresses, preferences, who holds an account, and its end."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from bot.domain.customer import AddressChange, Answer, Closure, Preferences, Profile, Status
from connectors.customers.demo import records
from connectors.customers.demo.ledger import Call, Ledger
from connectors.customers.demo.records import plain

CLOSES_AFTER = timedelta(days=14)
"""Time to think again before an account is gone."""
OPEN = records.CANCELLABLE | records.ON_ITS_WAY
"""Orders that keep an account open."""
LEAST_WORDS = 3
"""Words of an address besides its postcode: a number, a street and a place."""

_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z\d]{4}|\d{4} ?[A-Z]{2}|\d{4,5}(?:-\d{4})?)\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")


class Accounts:
    """Read and change customers."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger) -> None:
        self._db, self._ledger = db, ledger

    def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer."""
        row = self._row(ref)
        return Answer(status=Status.OK, value=records.profile(row)) if row else _not_found()

    def change_address(self, address: str, ref: str, number: str, call: Call) -> Answer[AddressChange]:
        """Change where an order goes, or where a customer lives."""
        address = " ".join(address.split())

        def change() -> Answer[AddressChange]:
            table, key = ("orders", "number") if number else ("customers", "ref")
            query = f"SELECT * FROM {table} WHERE {key} = ?"  # noqa: S608 (names of our own)
            row = self._db.execute(query, (number or ref,)).fetchone()
            if row is None:
                return _not_found()
            if number and row["status"] not in records.CANCELLABLE:
                return Answer(status=Status.REFUSED, detail="left")
            if not complete(address):
                return Answer(status=Status.REFUSED, detail="incomplete")
            query = f"UPDATE {table} SET address = ? WHERE {key} = ?"  # noqa: S608
            self._db.execute(query, (address, number or ref))
            self._ledger.note(number or ref, "address_changed", call)
            return Answer(status=Status.OK, value=AddressChange(address=address, number=number))

        arguments = {"address": address, "ref": ref, "number": number}
        return self._ledger.once(call, "change_address", arguments, change)

    def set_preferences(self, ref: str, changes: Mapping[str, bool], call: Call) -> Answer[Preferences]:
        """Change some preferences; return them all."""

        def change() -> Answer[Preferences]:
            row = self._row(ref)
            if row is None:
                return _not_found()
            if not set(changes) <= set(Preferences.__dataclass_fields__):
                return Answer(status=Status.REFUSED, detail="invalid")
            now = replace(records.preferences(row), **changes)
            query = "UPDATE customers SET preferences = ? WHERE ref = ?"
            self._db.execute(query, (json.dumps(asdict(now)), ref))
            self._ledger.note(ref, "preferences_set", call)
            return Answer(status=Status.OK, value=now)

        return self._ledger.once(call, "set_preferences", {"ref": ref, **changes}, change)

    def update_account_holder(self, ref: str, changes: Mapping[str, str], call: Call) -> Answer[Profile]:
        """Change a name, an e-mail or a phone number, all of them or none."""
        changes = {name: " ".join(value.split()) for name, value in changes.items()}

        def change() -> Answer[Profile]:
            if self._row(ref) is None:
                return _not_found()
            if not changes or not all(name in VALID and VALID[name](v) for name, v in changes.items()):
                return Answer(status=Status.REFUSED, detail="invalid")
            if "email" in changes and self._taken(changes["email"], ref):
                return Answer(status=Status.REFUSED, detail="taken")
            for name, value in changes.items():
                query = f"UPDATE customers SET {name} = ? WHERE ref = ?"  # noqa: S608 (one of VALID)
                self._db.execute(query, (value, ref))
            self._ledger.note(ref, "holder_changed", call)
            return self.profile(ref)

        return self._ledger.once(call, "update_account_holder", {"ref": ref, **changes}, change)

    def close_account(self, ref: str, call: Call) -> Answer[Closure]:
        """Close an account in a fortnight, unless something is still on its way."""

        def change() -> Answer[Closure]:
            row = self._row(ref)
            if row is None:
                return _not_found()
            if row["closes_on"]:
                closes = Closure(closes_on=date.fromisoformat(row["closes_on"]), already=True)
                return Answer(status=Status.OK, value=closes)
            orders = self._db.execute("SELECT status FROM orders WHERE customer_ref = ?", (ref,))
            if any(order["status"] in OPEN for order in orders):
                return Answer(status=Status.REFUSED, detail="open_orders")
            closes_on = call.today + CLOSES_AFTER
            query = "UPDATE customers SET closes_on = ? WHERE ref = ?"
            self._db.execute(query, (closes_on.isoformat(), ref))
            self._ledger.note(ref, "account_closed", call)
            return Answer(status=Status.OK, value=Closure(closes_on=closes_on))

        return self._ledger.once(call, "close_account", {"ref": ref}, change)

    def _row(self, ref: str) -> sqlite3.Row | None:
        query = "SELECT * FROM customers WHERE ref = ?"
        row: sqlite3.Row | None = self._db.execute(query, (ref,)).fetchone()
        return row

    def _taken(self, email: str, ref: str) -> bool:
        others = self._db.execute("SELECT email FROM customers WHERE ref != ?", (ref,))
        return any(plain(row["email"]) == plain(email) for row in others)


def complete(address: str) -> bool:
    """Say whether an address has a postcode, and a number, a street and a place besides."""
    for found in _POSTCODE.finditer(address):
        words = re.findall(r"\w+", address[: found.start()] + address[found.end() :])
        if len(words) >= LEAST_WORDS and any(word[0].isdigit() for word in words):
            return True
    return False


def _is_phone(text: str) -> bool:
    return 7 <= len(records.digits(text)) <= 15 and not re.search(r"[^\d\s()+./-]", text)


VALID: Mapping[str, Callable[[str], bool]] = {
    "name": lambda text: any(c.isalpha() for c in text) and "@" not in text,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "phone": _is_phone,
}
"""What may be changed of an account's holder, and what it must look like."""


def _not_found() -> Answer[Any]:
    return Answer(status=Status.NOT_FOUND)
