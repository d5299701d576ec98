"""The demo shop: a small company's system in a SQLite file of its own."""

from __future__ import annotations

from connectors.customers.demo.directory import EVERYBODY, DemoDirectory, Failure
from connectors.customers.demo.ledger import Change
from connectors.customers.demo.visitors import Visitor, read_visitors

__all__ = ["EVERYBODY", "Change", "DemoDirectory", "Failure", "Visitor", "read_visitors"]
