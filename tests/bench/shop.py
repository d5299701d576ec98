"""What the demo shop starts with, as the simulated customers know it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CANCELLABLE = ("processing", "packed")
"""Statuses in which the demo shop still cancels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopOrder:
    """An order with what proves it."""

    number: str
    email: str
    customer: str
    status: str

    @property
    def cancellable(self) -> bool:
        """Say whether it has not left yet."""
        return self.status in CANCELLABLE


@cache
def shop_orders() -> tuple[ShopOrder, ...]:
    """Return all orders of the demo shop."""
    shop = json.loads((PROJECT / "data" / "demo" / "shop.json").read_text())
    emails = {customer["ref"]: customer["email"] for customer in shop["customers"]}
    return tuple(
        ShopOrder(
            number=order["number"],
            email=order.get("email", emails[order["customer"]]),
            customer=order["customer"],
            status=order["status"],
        )
        for order in shop["orders"]
    )
