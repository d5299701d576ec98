"""The store: everything that Baton keeps, in SQLite (embedded) or PostgreSQL (several nodes).

`open_store` gives the one that a URL names; `migrate` makes or renews its schema before that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.backup import backup, check_integrity
from bot.store.schema import migrate, schema_is_current, sqlite_path

if TYPE_CHECKING:
    from bot.ports import Clock, Store

__all__ = ["backup", "check_integrity", "migrate", "open_store", "schema_is_current", "sqlite_path"]


def open_store(url: str, clock: Clock) -> Store:
    """Return the store for `sqlite:///path`, `sqlite://` (in memory) or `postgresql://…`, not yet started.

    Raises ConfigError for any other URL.
    """
    path = sqlite_path(url)
    if path is not None:
        from bot.store.sqlite import SqliteStore

        return SqliteStore(path, clock)
    from bot.store.postgres import PostgresStore
    from bot.store.schema import postgres_url

    return PostgresStore(postgres_url(url), clock)
