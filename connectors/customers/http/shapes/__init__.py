"""What a company's system sends, as openapi.yaml describes it; each shape turns into a domain value.

msgspec checks types, patterns and lengths, and names the field that does not fit. Properties that are
not described are ignored, so that a company may send more. Numbers that customers type are in upper case
afterwards, as everywhere in Baton.
"""

from __future__ import annotations

from connectors.customers.http.shapes.kinds import ID_PATTERN
from connectors.customers.http.shapes.orders import Cancellation, Invoice, Order, OrderItem, Orders, Refund
from connectors.customers.http.shapes.others import (
    AddressChange,
    Case,
    Closure,
    Goodwill,
    Preferences,
    Problem,
    Product,
    Products,
    Profile,
    Status,
)

__all__ = [
    "ID_PATTERN",
    "AddressChange",
    "Cancellation",
    "Case",
    "Closure",
    "Goodwill",
    "Invoice",
    "Order",
    "OrderItem",
    "Orders",
    "Preferences",
    "Problem",
    "Product",
    "Products",
    "Profile",
    "Refund",
    "Status",
]
