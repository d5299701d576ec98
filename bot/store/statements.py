"""Statements: built once with SQLAlchemy Core, compiled once per database, then only text and tuples.

A statement names its parameters in the order in which callers give them; the compiled form knows the
order in which the database wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from bot.store.values import storable


class Flavour(StrEnum):
    """Which database a statement is for."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


Values = Sequence[Any]
Build = Callable[[Flavour], ClauseElement]

every_statement: list[Statement] = []
"""All that were declared, so that a test can compile each of them for each database."""


class Compiled:
    """A statement's text for one database, and how its parameters are arranged there."""

    __slots__ = ("constants", "order", "sql")

    def __init__(self, sql: str, order: tuple[int, ...] | None, constants: tuple[Any, ...]) -> None:
        self.sql = sql
        self.order = order
        self.constants = constants

    def arrange(self, values: Values) -> Values:
        """Return the parameters as the database may have them, in its order."""
        values = storable(values)
        if self.order is None:
            return values
        known = (*values, *self.constants)
        return tuple([known[index] for index in self.order])


class Statement:
    """One query or change, for both databases."""

    __slots__ = ("_build", "_compiled", "_names", "only")

    def __init__(self, build: Build, *names: str, only: Flavour | None = None) -> None:
        """Declare a statement; `names` are its parameters in the callers' order.

        `only` names the database that it is for, if the other one has no such thing.
        """
        self._build = build
        self.only = only
        self._names = names
        self._compiled: dict[Flavour, Compiled] = {}
        every_statement.append(self)

    def compiled(self, flavour: Flavour) -> Compiled:
        """Return the form for one database, made at the first use."""
        found = self._compiled.get(flavour)
        return found if found is not None else self._compile(flavour)

    def _compile(self, flavour: Flavour) -> Compiled:
        built: Any = self._build(flavour).compile(dialect=dialect(flavour))
        wanted: list[str] = list(built.positiontup or ())
        # Constants that the statement was built with come as parameters too.
        fixed = [name for name in wanted if name not in self._names]
        if missing := set(self._names) - set(wanted):
            raise ValueError(f"{missing} are not used in: {built}")
        known = (*self._names, *fixed)
        order = tuple(known.index(name) for name in wanted)
        constants = tuple(built.params[name] for name in fixed)
        plain = order == tuple(range(len(self._names)))
        compiled = self._compiled[flavour] = Compiled(str(built), None if plain else order, constants)
        return compiled


def dialect(flavour: Flavour) -> Dialect:
    """Return the SQLAlchemy dialect whose parameter marks the raw driver understands."""
    # Each node imports only the dialect that it uses: the other one is a tenth of its start.
    if flavour is Flavour.SQLITE:
        from sqlalchemy.dialects.sqlite.base import SQLiteDialect

        return SQLiteDialect(paramstyle="qmark")
    from sqlalchemy.dialects.postgresql.base import PGDialect

    return PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def insert_of(flavour: Flavour) -> Any:
    """Return the dialect's own insert, which knows about conflicts."""
    if flavour is Flavour.SQLITE:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    return postgres_insert


def names_of(table: Table) -> tuple[str, ...]:
    """Return a table's column names in their order: the parameters of `insert` and `upsert`."""
    return tuple(column.name for column in table.columns)


def insert(table: Table, *, unless_there: bool = False) -> Statement:
    """Return a statement that inserts a whole row, or with `unless_there` leaves an old one alone."""

    def build(flavour: Flavour) -> ClauseElement:
        statement = insert_of(flavour)(table).values({name: bindparam(name) for name in names_of(table)})
        result: ClauseElement = statement.on_conflict_do_nothing() if unless_there else statement
        return result

    return Statement(build, *names_of(table))


def upsert(table: Table) -> Statement:
    """Return a statement that inserts a whole row, or replaces the one with the same primary key."""

    def build(flavour: Flavour) -> ClauseElement:
        statement = insert_of(flavour)(table).values({name: bindparam(name) for name in names_of(table)})
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in names_of(table) if name not in keys}
        result: ClauseElement = statement.on_conflict_do_update(index_elements=keys, set_=rest)
        return result

    return Statement(build, *names_of(table))
