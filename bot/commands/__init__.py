"""What the commands of `baton` do; `bot.cli` declares them. Each module is imported when it is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # the command line declares commands in this package and must start at once
    from bot.ports import Store, Tx
    from bot.settings import Settings

R = TypeVar("R")
ACTOR = "command line"
"""Who did it, in the audit log."""


async def with_store(settings: Settings, work: Callable[[Store], Awaitable[R]]) -> R:
    """Open the store, run `work`, close it. A SQLite file is made or migrated first, as the server does.

    Raises StoreError.
    """
    from bot.clock import SystemClock
    from bot.domain.errors import StoreError
    from bot.settings import make_data_dir
    from bot.store import migrate, open_store, schema_is_current

    if not settings.uses_postgresql:
        make_data_dir(settings)
        migrate(settings.database_url)
    elif not schema_is_current(settings.database_url):
        raise StoreError("The database has not the present schema; run: baton migrate")
    store = open_store(settings.database_url, SystemClock())
    await store.start()
    try:
        return await work(store)
    finally:
        await store.stop()


async def audit(tx: Tx, action: str, **detail: str) -> None:
    """Note in the audit log that this was done at the command line."""
    from bot.clock import SystemClock
    from bot.domain.agents import AuditEntry
    from bot.domain.ids import new_id

    now = SystemClock().now()
    await tx.add_audit(AuditEntry(id=new_id(now), at=now, actor=ACTOR, action=action, detail=dict(detail)))
