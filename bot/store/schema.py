"""Whether a database has the present schema, and how it gets it. Alembic is imported only to migrate."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0006"
"""The newest migration; a test holds it against the files."""

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
_LOCK = 0x6261746F6E  # any number that only migrations use


def sqlite_path(url: str) -> str | None:
    """Return the file of a `sqlite:///` URL, or None for another kind. `sqlite://` is in memory."""
    if not url.startswith("sqlite:"):
        return None
    path = url.removeprefix("sqlite://").removeprefix("/")
    return path or ":memory:"


def postgres_url(url: str) -> str:
    """Return a PostgreSQL URL without a driver's name. Raises ConfigError for any other URL."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ConfigError("The database URL must begin with sqlite:/// or postgresql://.")
    return f"postgresql://{rest}"


def sqlite_revision(path: str) -> str:
    """Return the migration that a file is at; empty for one without. Raises StoreError."""
    if not Path(path).exists():
        return ""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return _sqlite_revision(connection)
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be read: {error}.") from error


def _sqlite_revision(connection: sqlite3.Connection) -> str:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = there and connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else ""


def create(connection: sqlite3.Connection) -> None:
    """Make the present schema in an empty SQLite database, without migrations."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    from bot.store.search_schema import SQLITE
    from bot.store.statements import Flavour, dialect
    from bot.store.tables import metadata

    sqlite = dialect(Flavour.SQLITE)
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=sqlite)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite)))
    for statement in SQLITE:
        connection.execute(statement)
    connection.execute(_VERSION_TABLE)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))


def schema_is_current(url: str) -> bool:
    """Say whether the database has the present schema. Raises StoreError if it cannot be reached."""
    path = sqlite_path(url)
    if path is not None:
        return sqlite_revision(path) == HEAD
    with _postgres(url) as connection:
        return _revision(connection) == HEAD


def migrate(url: str) -> bool:
    """Bring a database to the present schema; say whether there was anything to do.

    Blocks. Safe to run on several nodes at once: one does it, the others wait and find it done.

    Raises:
        StoreError: the database cannot be reached, or a newer Baton made it.
    """
    path = sqlite_path(url)
    if path == ":memory:" or (path is not None and sqlite_revision(path) == HEAD):
        return False
    with _postgres(url) if path is None else _sqlite(path) as connection:
        before = _revision(connection)
        if before != HEAD:
            _upgrade(connection)
        return before != HEAD


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"The database cannot be migrated; was it made by a newer Baton? {error}"
        ) from error


def _revision(connection: Connection) -> str:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision() or ""


@contextmanager
def _sqlite(path: str) -> Iterator[Connection]:
    """Open a file, made for its owner alone if it is new, in one immediate transaction."""
    from sqlalchemy import create_engine, event

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    def plain(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver would commit before each CREATE

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", plain)
    event.listen(engine, "begin", begin)
    with _transaction(engine) as connection:
        yield connection


@contextmanager
def _postgres(url: str) -> Iterator[Connection]:
    """Open a transaction that no other migration shares."""
    from sqlalchemy import create_engine, text

    engine = create_engine("postgresql+psycopg2://" + postgres_url(url).partition("://")[2])
    with _transaction(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


@contextmanager
def _transaction(engine: Any) -> Iterator[Connection]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        # The driver's own words; SQLAlchemy's would repeat the statement with its values.
        raise StoreError(f"The database cannot be migrated: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
