"""What the demo shop starts with: data/demo/shop.json, its days counted from the first start."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE customers (
    ref TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL,
    tier TEXT NOT NULL, language TEXT NOT NULL, since TEXT NOT NULL, notes TEXT NOT NULL
);
CREATE TABLE orders (
    number TEXT PRIMARY KEY, customer_ref TEXT NOT NULL REFERENCES customers, status TEXT NOT NULL,
    placed_on TEXT NOT NULL, email TEXT NOT NULL, postcode TEXT NOT NULL, currency TEXT NOT NULL,
    items TEXT NOT NULL, carrier TEXT NOT NULL, tracking_code TEXT NOT NULL,
    expected_on TEXT, delivered_on TEXT
);
CREATE INDEX orders_by_customer ON orders (customer_ref, placed_on);
CREATE TABLE refunds (
    number TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE REFERENCES orders, amount TEXT NOT NULL,
    currency TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, requested_on TEXT NOT NULL,
    expected_on TEXT
);
CREATE TABLE calls (
    key TEXT PRIMARY KEY, method TEXT NOT NULL, arguments TEXT NOT NULL, answer TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE TABLE changes (
    id INTEGER PRIMARY KEY, order_number TEXT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL,
    at TEXT NOT NULL
);
"""

_DATES = (
    ("orders", ("placed_on", "expected_on", "delivered_on")),
    ("refunds", ("requested_on", "expected_on")),
)


def _text(seed: Path) -> str:
    try:
        return seed.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The demo shop needs {seed} ({error.strerror}): "
            "set BATON_PROJECT_DIR to the folder with domain.yml."
        ) from error


def prepare(db: sqlite3.Connection, seed: Path, today: date) -> None:
    """Fill an empty file; move the dates of an older one, so that "out for delivery" stays true."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            _fill(db, json.loads(_text(seed)), today)
        else:
            _move(db, today)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('today', ?)", (today.isoformat(),))


def _move(db: sqlite3.Connection, today: date) -> None:
    row = db.execute("SELECT value FROM meta WHERE key = 'today'").fetchone()
    days = (today - date.fromisoformat(row[0])).days
    if days <= 0:
        return
    for table, columns in _DATES:
        for column in columns:
            db.execute(f"UPDATE {table} SET {column} = date({column}, ?)", (f"{days} days",))  # noqa: S608


def _fill(db: sqlite3.Connection, shop: dict[str, Any], today: date) -> None:
    customers = {c["ref"]: c for c in shop["customers"]}
    for c in customers.values():
        since = _ago(today, c["since_days_ago"])
        notes = json.dumps(c.get("notes", []))
        row = (c["ref"], c["name"], c["email"], c["phone"], c["tier"], c["language"], since, notes)
        db.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for order in shop["orders"]:
        _add_order(db, order, customers[order["customer"]], shop["currencies"], today)


def _add_order(
    db: sqlite3.Connection,
    order: dict[str, Any],
    customer: dict[str, Any],
    currencies: dict[str, str],
    today: date,
) -> None:
    currency = currencies[customer["country"]]
    row = (
        order["number"],
        customer["ref"],
        order["status"],
        _ago(today, order["placed_days_ago"]),
        order.get("email", customer["email"]),
        order.get("postcode", customer["postcode"]),
        currency,
        json.dumps(order["items"], ensure_ascii=False),
        order.get("carrier", ""),
        order.get("tracking_code", ""),
        _ahead(today, order.get("expected_in_days")),
        _ago(today, order.get("delivered_days_ago")),
    )
    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    refund = order.get("refund")
    if refund:
        amount = str(sum(Decimal(i["price"]) * i["quantity"] for i in order["items"]))
        asked = _ago(today, refund["requested_days_ago"])
        expected = _ahead(today, refund["expected_in_days"])
        values = (refund["number"], order["number"], amount, currency, refund["state"], "", asked, expected)
        db.execute("INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _ago(today: date, days: int | None) -> str | None:
    return None if days is None else (today - timedelta(days=days)).isoformat()


def _ahead(today: date, days: int | None) -> str | None:
    return None if days is None else (today + timedelta(days=days)).isoformat()
