"""Copies of a running SQLite database, and whether a file is whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.domain.errors import StoreError

PAGES_AT_ONCE = 1_000
Progress = Callable[[int, int], None]
"""Called with pages done and pages in all."""


def backup(source: str, destination: str, progress: Progress | None = None) -> None:
    """Copy a database as it is at this moment, while others go on writing to it.

    The copy is checked and takes its name only when it is whole; it is readable by its owner alone.
    Blocks. Raises StoreError.
    """
    if not Path(source).exists():
        raise StoreError(f"There is no database {source}.")
    part = f"{destination}.part"
    Path(part).unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _copy(source, part, progress)
        check_integrity(part)
        _flush(part)
        Path(part).replace(destination)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The backup failed: {error}.") from error
    finally:
        Path(part).unlink(missing_ok=True)


def _copy(source: str, part: str, progress: Progress | None) -> None:
    def report(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with (
        closing(sqlite3.connect(source, isolation_level=None)) as old,
        closing(sqlite3.connect(part)) as new,
    ):
        # An open read transaction holds the view still; without it each write would start the copy anew.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.backup(new, pages=PAGES_AT_ONCE, progress=report, sleep=0)
        old.execute("COMMIT")
        new.execute("PRAGMA journal_mode = DELETE").fetchone()


def check_integrity(path: str) -> None:
    """Raise StoreError unless SQLite finds the file whole. Reads all of it."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be read: {error}.") from error
    if found != ["ok"]:
        raise StoreError(f"The database {path} is damaged: {'; '.join(found)}.")


def _flush(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
