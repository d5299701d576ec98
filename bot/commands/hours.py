"""What `baton doctor` says of the opening hours: those in force, and where they come from."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.clock import SystemClock
from bot.commands.findings import Finding
from bot.domain.hours import OpeningHours
from bot.services.office_hours import KEY
from bot.settings import Settings


def opening_hours(settings: Settings) -> Finding:
    """Look at the hours that the desk has set, or at the setting's."""
    own = asyncio.run(_own(settings)) if _has_store(settings) else ""
    if not own:
        return Finding(level="ok", what="hours", detail=f"{settings.hours.describe()} (BATON_HOURS)")
    try:
        words = OpeningHours.parse(own).describe()
    except ValueError as error:
        advice = "set them anew at the desk; until then BATON_HOURS holds"
        return Finding(level="warn", what="hours", detail=f"the desk's are no use: {error}", advice=advice)
    return Finding(level="ok", what="hours", detail=f"{words} (set at the desk)")


def _has_store(settings: Settings) -> bool:
    from bot.store import schema_is_current, sqlite_path

    path = sqlite_path(settings.database_url)
    return (path is None or Path(path).exists()) and schema_is_current(settings.database_url)


async def _own(settings: Settings) -> str:
    """Return what the desk has set."""
    from bot.store import open_store

    store = open_store(settings.database_url, SystemClock())
    await store.start()
    try:
        kept: str | None = await store.read(lambda tx: tx.meta(KEY))
    finally:
        await store.stop()
    return kept or ""
