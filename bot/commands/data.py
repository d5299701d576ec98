"""`baton backup`, `export` and `erase`: what is kept, copied, handed out or deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bot.commands import audit, with_store
from bot.domain.errors import ConfigError, NotFound
from bot.ports import Store, Tx
from bot.settings import Settings

_DATABASES = {".db", ".sqlite"}
Progress = Callable[[str, int, int], None]
"""Called with a file's name, pages done and pages in all."""


def backup(settings: Settings, destination: Path, progress: Progress) -> list[Path]:
    """Copy the data folder's databases and key into a new folder, while the server runs.

    The folder takes its name only when it is whole; to restore, use it as the data folder. Returns the
    files. Raises ConfigError or StoreError.
    """
    from bot.store import sqlite_path

    path = sqlite_path(settings.database_url)
    if path is None:
        raise ConfigError("PostgreSQL has its own means: pg_dump --format=custom --file=DEST DATABASE")
    if not Path(path).is_file():
        raise ConfigError(f"There is nothing to back up: {path} is missing.")
    if destination.exists():
        raise ConfigError(f"{destination} exists already; name a new folder.")
    part = destination.with_name(f"{destination.name}.part")
    try:
        _copy(settings, Path(path), part, progress)
        part.rename(destination)
    except OSError as error:
        raise ConfigError(f"The backup failed: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(destination.iterdir())


def _copy(settings: Settings, database: Path, part: Path, progress: Progress) -> None:
    from bot.store import backup as copy_database

    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    others = (path for path in settings.data_dir.glob("*") if path.suffix in _DATABASES)
    for source in sorted({database, *others}):
        copy_database(str(source), str(part / source.name), partial(progress, source.name))
    key = settings.data_dir / "secret_key"
    if key.is_file():
        with os.fdopen(os.open(part / key.name, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(key.read_text())


async def export(settings: Settings, who: str) -> dict[str, Any]:
    """Return everything that is stored of a customer. Raises NotFound."""

    async def work(tx: Tx) -> dict[str, Any]:
        return await tx.export_customer(await _customer(tx, who))

    async def read(store: Store) -> dict[str, Any]:
        found = await store.read(work)
        await store.write(lambda tx: audit(tx, "customer.exported"))
        return found

    return await with_store(settings, read)


async def erase(settings: Settings, who: str) -> int:
    """Delete everything that is stored of a customer; return how many conversations went."""

    async def work(tx: Tx) -> int:
        count = await tx.erase_customer(await _customer(tx, who))
        await audit(tx, "customer.erased")
        return count

    async def write(store: Store) -> int:
        return await store.write(work)

    return await with_store(settings, write)


async def _customer(tx: Tx, who: str) -> str:
    """Find a customer by our id, or by CHANNEL:ADDRESS."""
    channel, colon, address = who.partition(":")
    if colon:
        identity = await tx.identity(channel, "default", address)
        if identity is not None:
            return identity.customer_id
    elif await tx.customer(who) is not None:
        return who
    raise NotFound(f"There is no customer {who}; name an id, or a channel and address such as rest:alice.")
