"""Following the bus for as long as the server runs, for everything that keeps connections open."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.ports import Bus, Clock, Hint

log = structlog.get_logger("baton.web")

_PAUSE = 1.0
"""Seconds until a bus that broke off is asked again."""


async def follow(bus: Bus, clock: Clock, take: Callable[[Hint], None]) -> None:
    """Give each hint to `take`, whatever happens to the bus."""
    while True:
        try:
            async for hint in bus.subscribe():
                take(hint)
        except Exception as error:
            log.warning("hints_interrupted", error=type(error).__name__)
        await clock.sleep(_PAUSE)
