"""When people answer: the desk's own hours, or those of the settings. One value for the whole node."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from bot.domain.agents import Agent, Permission
from bot.domain.errors import InvalidInput, StoreError
from bot.domain.hours import OpeningHours
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.audit_log import note
from bot.services.desk_views import require
from bot.services.directory_effects import plain

log = structlog.get_logger(__name__)

KEY = "hours"
"""Where the desk's own hours are kept among the installation-wide values."""
LOOK_EVERY = 30.0
"""Seconds until hours that were set on another node are seen without a hint."""
LONGEST = 500


class OfficeHours:
    """Holds the present hours. Call it for them; they may differ from one call to the next."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock, setting: OpeningHours) -> None:
        """`setting` holds while the desk has none of its own."""
        self._store, self._bus, self._clock = store, bus, clock
        self._setting = setting
        self._text = ""
        self._own: OpeningHours | None = None

    def __call__(self) -> OpeningHours:
        """Return the present hours."""
        return self._own or self._setting

    async def load(self) -> None:
        """Read what the desk has. Hours that can no longer be read are logged and do not count."""
        kept: str | None = await self._store.read(lambda tx: tx.meta(KEY))
        self._take(kept or "")

    async def run(self) -> None:
        """Follow what is set here and elsewhere until cancelled."""
        await asyncio.gather(self._follow(), self._look())

    async def view(self, agent: Agent) -> dict[str, Any]:
        """Return the hours as they are written and said, and whether it is open."""
        require(agent, Permission.READ)
        return self._view()

    async def set(self, agent: Agent, text: str) -> dict[str, Any]:
        """Set the desk's own hours; with an empty text those of the settings hold. Raises InvalidInput."""
        require(agent, Permission.SUPERVISE)
        text, now = text.strip(), self._clock.now()
        _check(text)

        async def work(tx: Tx) -> None:
            before = await tx.meta(KEY) or ""
            if text != before:
                await tx.put_meta(KEY, text)
                await note(tx, now, agent, "hours.set", before=before, after=text)

        await self._store.write(work)
        self._take(text)
        await self._bus.publish(Hint(conversation_id="", kind="desk", data={"what": "hours"}))
        return self._view()

    def _view(self) -> dict[str, Any]:
        hours, now = self(), self._clock.now()
        return {
            "text": self._text or hours.written(),
            "words": hours.describe(),
            "open": hours.is_open(now),
            "opens_at": plain(hours.opens_at(now)),
            "source": "desk" if self._text else "setting",
        }

    def _take(self, text: str) -> None:
        if text == self._text:
            return
        try:
            self._own = OpeningHours.parse(text) if text else None
        except ValueError as error:
            log.warning("hours_not_understood", error=str(error))
            self._own, text = None, ""
        self._text = text

    async def _follow(self) -> None:
        async for hint in self._bus.subscribe():
            if hint.kind == "desk" and hint.data.get("what") == "hours":
                await self._try()

    async def _look(self) -> None:
        while True:
            await self._try()
            await self._clock.sleep(LOOK_EVERY)

    async def _try(self) -> None:
        try:
            await self.load()
        except StoreError as error:
            log.warning("hours_not_read", error=str(error))


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise InvalidInput(f"Hours may have at most {LONGEST} characters.", field="text")
    try:
        if text:
            OpeningHours.parse(text)
    except ValueError as error:
        raise InvalidInput(f"The hours are not understood: {error}.", field="text") from None
