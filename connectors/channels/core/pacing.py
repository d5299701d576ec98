"""How fast may be sent: steadily to each key, after a burst to begin with; not at all while it is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ports import Clock

MANY = 10_000
"""Keys after which those are forgotten that have long been free again."""


@dataclass(slots=True)
class _Lane:
    """`full` is when the next burst would be whole again; `held` until when nothing goes."""

    full: datetime
    held: datetime


class Pacing:
    """Lets one through every `every` seconds for each key, and up to `burst` at once after a pause."""

    def __init__(self, clock: Clock, *, every: float, burst: int) -> None:
        self._clock = clock
        self._every = timedelta(seconds=every)
        self._slack = self._every * (burst - 1)
        self._lanes: dict[str, _Lane] = {}

    async def ready(self, key: str) -> None:
        """Wait for this key's turn; turns are given in the order of asking."""
        now, lane = self._clock.now(), self._lane(key)
        turn = max(lane.full - self._slack, now)
        lane.full = max(lane.full, now) + self._every
        await self._until(turn)
        while lane.held > self._clock.now():
            await self._until(lane.held)

    def hold(self, key: str, seconds: float) -> None:
        """Let nothing through for this key for so long, not even those that wait already."""
        lane = self._lane(key)
        lane.held = max(lane.held, self._clock.now() + timedelta(seconds=seconds))

    async def _until(self, when: datetime) -> None:
        pause = (when - self._clock.now()).total_seconds()
        if pause > 0:
            await self._clock.sleep(pause)

    def _lane(self, key: str) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            now = self._clock.now()
            if len(self._lanes) >= MANY:
                self._lanes = {k: one for k, one in self._lanes.items() if max(one.full, one.held) > now}
            lane = self._lanes[key] = _Lane(full=now, held=now)
        return lane
