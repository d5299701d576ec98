"""The demo shop: a small company's system in a SQLite file of its own."""

from __future__ import annotations

from connectors.customers.demo.directory import DemoDirectory, Failure
from connectors.customers.demo.shop import Change

__all__ = ["Change", "DemoDirectory", "Failure"]
