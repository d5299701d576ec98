"""What every part of a transaction stands on: something that runs statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from bot.domain.errors import StoreError
from bot.ports import Clock
from bot.store.statements import Flavour, Statement, Values

Row = Sequence[Any]


class Executor(Protocol):
    """A database connection inside a transaction."""

    flavour: Flavour
    readonly: bool

    async def all(self, statement: Statement, values: Values = ()) -> Sequence[Row]:
        """Return all rows of a query."""
        ...

    async def one(self, statement: Statement, values: Values = ()) -> Row | None:
        """Return the first row of a query."""
        ...

    async def run(self, statement: Statement, values: Values = ()) -> int:
        """Change something; return how many rows. Raises Conflict for a value that must be unique."""
        ...


class Part:
    """A part of a transaction."""

    __slots__ = ("clock", "db")

    def __init__(self, db: Executor, clock: Clock) -> None:
        self.db = db
        self.clock = clock

    def must_write(self) -> None:
        """Refuse to lock rows in a transaction that only reads."""
        if self.db.readonly:
            raise StoreError("This transaction may only read.")
