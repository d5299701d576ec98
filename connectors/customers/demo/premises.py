"""The demo shop's departments on one connection, which only one thread may use."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

from connectors.customers.demo.accounts import Accounts
from connectors.customers.demo.cases import Cases
from connectors.customers.demo.catalogue import Catalogue
from connectors.customers.demo.ledger import Ledger
from connectors.customers.demo.seed import prepare
from connectors.customers.demo.shop import Shop
from connectors.customers.demo.vouchers import Vouchers


class Premises:
    """Everything that the demo shop can do."""

    def __init__(self, db: sqlite3.Connection) -> None:
        db.row_factory = sqlite3.Row
        self.ledger = Ledger(db)
        self.shop = Shop(db, self.ledger)
        self.accounts = Accounts(db, self.ledger)
        self.cases = Cases(db, self.ledger)
        self.catalogue = Catalogue(db)
        self.vouchers = Vouchers(db, self.ledger)


def opened(path: Path, seed: Path, today: date) -> sqlite3.Connection:
    """Open the shop's file, filled and of this day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # isolation_level None: transactions are begun by hand, so a read never opens one.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    prepare(db, seed, today)
    return db
