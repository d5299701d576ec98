"""The audit log as supervisors search and export it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import msgspec

from bot.domain.agents import Agent, AuditEntry, AuditFilter, Permission
from bot.ports import Clock, Store, Tx
from bot.services.audit_log import note
from bot.services.desk_views import require
from bot.services.directory_effects import plain

PAGE = 500
COLUMNS = ("at", "actor", "actor_name", "action", "conversation_id", "detail", "id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How cells begin that a spreadsheet would run."""


class AuditLog:
    """Reads; nobody changes what was noted."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Read from `store`."""
        self._store, self._clock = store, clock

    async def page(
        self, agent: Agent, wanted: AuditFilter, *, after: str, limit: int
    ) -> list[dict[str, Any]]:
        """Return entries, newest first; `after` is the id of the last one already seen."""
        require(agent, Permission.AUDIT)
        return await self._page(wanted, after, limit)

    async def export(self, agent: Agent, wanted: AuditFilter) -> AsyncIterator[str]:
        """Return the entries as CSV, a page at a time; that this was done is noted first."""
        require(agent, Permission.AUDIT)
        now = self._clock.now()
        asked = {name: value for name, value in plain(asdict(wanted)).items() if value}
        await self._store.write(lambda tx: note(tx, now, agent, "audit.exported", filter=asked))
        return self._lines(wanted)

    async def _lines(self, wanted: AuditFilter) -> AsyncIterator[str]:
        yield _csv([COLUMNS])
        after = ""
        while entries := await self._page(wanted, after, PAGE):
            yield _csv([[_cell(entry[name]) for name in COLUMNS] for entry in entries])
            after = entries[-1]["id"]

    async def _page(self, wanted: AuditFilter, after: str, limit: int) -> list[dict[str, Any]]:
        async def work(tx: Tx) -> tuple[list[AuditEntry], dict[str, str]]:
            found = await tx.search_audit(wanted, after=after, limit=limit)
            return found, {one.id: one.name for one in await tx.agents()}

        found, names = await self._store.read(work)
        return [{**plain(asdict(one)), "actor_name": names.get(one.actor, "")} for one in found]


def _csv(rows: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet takes for a formula."""
    text = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text
