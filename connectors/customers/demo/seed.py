"""What the demo shop starts with: data/demo/shop.json, its days counted from the first start."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.domain.customer import Preferences
from bot.domain.errors import ConfigError
from connectors.customers.demo.cases import add_case

VERSION = "3"
"""Of the tables below. A file made with others is filled anew: nothing in a demo is worth moving over."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE customers (
    ref TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL,
    tier TEXT NOT NULL, language TEXT NOT NULL, since TEXT NOT NULL, notes TEXT NOT NULL,
    address TEXT NOT NULL, points INTEGER, preferences TEXT NOT NULL, closes_on TEXT
);
CREATE TABLE orders (
    number TEXT PRIMARY KEY, customer_ref TEXT NOT NULL REFERENCES customers, status TEXT NOT NULL,
    placed_on TEXT NOT NULL, email TEXT NOT NULL, postcode TEXT NOT NULL, currency TEXT NOT NULL,
    items TEXT NOT NULL, carrier TEXT NOT NULL, tracking_code TEXT NOT NULL,
    expected_on TEXT, delivered_on TEXT, address TEXT NOT NULL, payment_method TEXT NOT NULL,
    payment_state TEXT NOT NULL, invoice_code TEXT NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_ref, placed_on);
CREATE TABLE refunds (
    number TEXT PRIMARY KEY, order_number TEXT NOT NULL REFERENCES orders, amount TEXT NOT NULL,
    currency TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, requested_on TEXT NOT NULL,
    expected_on TEXT, resolution TEXT NOT NULL, item TEXT NOT NULL, send_back INTEGER NOT NULL
);
CREATE INDEX refunds_by_order ON refunds (order_number);
CREATE TABLE products (
    sku TEXT PRIMARY KEY, name TEXT NOT NULL, price TEXT NOT NULL, stock INTEGER NOT NULL,
    restock_on TEXT, warranty_years INTEGER NOT NULL, about TEXT NOT NULL
);
CREATE TABLE cases (
    number TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, opened_on TEXT NOT NULL,
    promised_by TEXT NOT NULL, customer_ref TEXT NOT NULL, order_number TEXT NOT NULL,
    answer TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE vouchers (
    code TEXT PRIMARY KEY, customer_ref TEXT NOT NULL, order_number TEXT NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL, reason TEXT NOT NULL, granted_on TEXT NOT NULL, valid_until TEXT NOT NULL
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

_TABLES = ("changes", "calls", "vouchers", "cases", "products", "refunds", "orders", "customers", "meta")
_DATES = (
    ("orders", ("placed_on", "expected_on", "delivered_on")),
    ("refunds", ("requested_on", "expected_on")),
    ("products", ("restock_on",)),
)


def seed_text(seed: Path) -> str:
    """Return what the file holds. Raises ConfigError when it cannot be read."""
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
        if _version(db) == VERSION:
            _move(db, today)
        else:
            for table in _TABLES:
                db.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            _fill(db, json.loads(seed_text(seed)), today)
            db.execute("INSERT INTO meta VALUES ('version', ?)", (VERSION,))
        db.execute("INSERT OR REPLACE INTO meta VALUES ('today', ?)", (today.isoformat(),))


def _version(db: sqlite3.Connection) -> str:
    """Return which tables a file has; an empty text for a new one, and for the first that there were."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return ""
    row = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return str(row[0]) if row else ""


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
    for customer in customers.values():
        _add_customer(db, customer, today)
    for product in shop["products"]:
        _add_product(db, product, today)
    for order in shop["orders"]:
        _add_order(db, order, customers[order["customer"]], shop["currencies"], today)
    for case in shop["cases"]:
        add_case(
            db,
            number=case["number"],
            kind=case["kind"],
            opened_on=today - timedelta(days=case["opened_days_ago"]),
            customer_ref=case["customer"],
            order_number=case["order"],
            text=case["text"],
            answer=case.get("answer", ""),
        )


def _add_customer(db: sqlite3.Connection, customer: dict[str, Any], today: date) -> None:
    row = (
        *(customer[name] for name in ("ref", "name", "email", "phone", "tier", "language")),
        _ago(today, customer["since_days_ago"]),
        json.dumps(customer.get("notes", []), ensure_ascii=False),
        customer["address"],
        customer["points"],
        json.dumps(asdict(Preferences(**customer.get("preferences", {})))),
        None,
    )
    db.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _add_product(db: sqlite3.Connection, product: dict[str, Any], today: date) -> None:
    about = {name: product[name] for name in ("words", "summary", "facts")}
    row = (
        *(product[name] for name in ("sku", "name", "price", "stock")),
        _ahead(today, product.get("restock_in_days")),
        product["warranty_years"],
        json.dumps(about, ensure_ascii=False),
    )
    db.execute("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _add_order(
    db: sqlite3.Connection,
    order: dict[str, Any],
    customer: dict[str, Any],
    currencies: dict[str, str],
    today: date,
) -> None:
    currency, refund = currencies[customer["country"]], order.get("refund")
    payment = order.get("payment", {})
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
        order.get("address", customer["address"]),
        payment.get("method", customer["pays_with"]),
        payment.get("state", "refunded" if refund and refund["state"] == "paid" else "paid"),
        hashlib.sha256(f"{order['number']} {customer['email']}".encode()).hexdigest()[:12],
    )
    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    if refund:
        _add_refund(db, order, currency, today)


def _add_refund(db: sqlite3.Connection, order: dict[str, Any], currency: str, today: date) -> None:
    refund = order["refund"]
    row = (
        refund["number"],
        order["number"],
        str(sum(Decimal(i["price"]) * i["quantity"] for i in order["items"])),
        currency,
        refund["state"],
        "",
        _ago(today, refund["requested_days_ago"]),
        _ahead(today, refund["expected_in_days"]),
        "refund",
        "",
        order["status"] == "returned",
    )
    db.execute("INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _ago(today: date, days: int | None) -> str | None:
    return None if days is None else (today - timedelta(days=days)).isoformat()


def _ahead(today: date, days: int | None) -> str | None:
    return None if days is None else (today + timedelta(days=days)).isoformat()
