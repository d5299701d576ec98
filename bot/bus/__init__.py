"""The bus: hints, presence and rate limits, in memory for one node and on Redis for several."""

from __future__ import annotations

from bot.bus.memory import MemoryBus
from bot.ports import Bus, Clock

__all__ = ["MemoryBus", "open_bus"]


def open_bus(redis_url: str, clock: Clock, *, prefix: str = "baton") -> Bus:
    """Return the bus for these settings; an empty address means one node."""
    if not redis_url:
        return MemoryBus(clock)
    from bot.bus.redis import RedisBus  # a quarter of a second that a single node need not pay

    return RedisBus(redis_url, clock, prefix=prefix)
