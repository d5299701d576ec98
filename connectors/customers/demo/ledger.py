"""Does each keyed call once: the change and the record of its answer are one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from bot.domain.customer import (
    AddressChange,
    Answer,
    Cancellation,
    Case,
    Closure,
    Goodwill,
    Preferences,
    Profile,
    Refund,
)

_ANSWERS: Mapping[str, Any] = {
    "cancel_order": Answer[Cancellation],
    "start_return": Answer[Refund],
    "change_address": Answer[AddressChange],
    "grant_goodwill": Answer[Goodwill],
    "set_preferences": Answer[Preferences],
    "update_account_holder": Answer[Profile],
    "close_account": Answer[Closure],
    "open_case": Answer[Case],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A changing call: its key, and when it came."""

    key: str
    today: date
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that really happened in the shop; a repeated call leaves none.

    `order_number` is the order that it happened to, or the customer's reference if it was the account.
    """

    order_number: str
    what: str
    key: str
    at: str


class Ledger:
    """The tables `calls` and `changes`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def once(
        self, call: Call, method: str, arguments: Mapping[str, Any], change: Callable[[], Answer[Any]]
    ) -> Answer[Any]:
        """Return what `change` answers, or what it answered to this key before.

        Raises:
            ValueError: the key belongs to another call.
        """
        asked = json.dumps(arguments, sort_keys=True, ensure_ascii=False)
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute("SELECT * FROM calls WHERE key = ?", (call.key,)).fetchone()
            if row is None:
                answer = change()
                kept = (call.key, method, asked, msgspec.json.encode(answer).decode(), call.at)
                self._db.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?)", kept)
                return answer
        if (row["method"], row["arguments"]) != (method, asked):
            raise ValueError(f"idempotency key of another call: {call.key}")
        first: Answer[Any] = msgspec.json.decode(row["answer"], type=_ANSWERS[method])
        return first

    def note(self, number: str, what: str, call: Call) -> None:
        """Note that something really happened."""
        self._db.execute(
            "INSERT INTO changes (order_number, what, key, at) VALUES (?, ?, ?, ?)",
            (number, what, call.key, call.at),
        )

    def changes(self) -> list[Change]:
        """Return everything that happened, oldest first."""
        rows = self._db.execute("SELECT order_number, what, key, at FROM changes ORDER BY id")
        return [Change(**dict(row)) for row in rows]
