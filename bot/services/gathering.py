"""Reads a burst of fragments ("hi" / "my order" / "4521 is late") as one message."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.errors import EngineError
from bot.domain.message import Nlu
from bot.domain.work import InboxRow
from bot.ports import Capabilities, Clock, DialogueEngine

LIMIT = 3
"""A burst is answered after this many pauses even if fragments keep coming."""
CLEAR = 0.6
"""An intent with at least this confidence means something by itself."""
OPENERS = frozenset({"greet", "inform", "nlu_fallback"})
"""Intents that are often only the beginning of what a customer wants to say."""
MAX_ROWS = 8
MAX_WORDS = 12


class Gathering:
    """Decides whether to wait for more, on channels where people write in fragments."""

    def __init__(self, *, engine: DialogueEngine, clock: Clock, pause: timedelta) -> None:
        """Ask `engine` what the pieces mean so far; wait `pause` for the next one."""
        self._pause = pause
        self._engine = engine
        self._clock = clock

    async def group(self, rows: tuple[InboxRow, ...], channel: Capabilities | None) -> tuple[InboxRow, ...]:
        """Return the first rows that are read together; a button press always stands alone.

        What somebody wrote signed in is not mixed with what was written otherwise. Two questions that
        mean something each are two messages, however fast they came: read as one, the less likely of
        them would stay without an answer.
        """
        near = self._near(rows, channel)
        for count in range(1, len(near)):
            if await self._are_two(near[:count], near[count:]):
                return near[:count]
        return near

    async def _are_two(self, first: tuple[InboxRow, ...], rest: tuple[InboxRow, ...]) -> bool:
        try:
            one = await self._understood(first)
            other = await self._understood(rest) if _clear(one) else one
        except EngineError:
            return False
        return _clear(one) and _clear(other) and one.intents[0].name != other.intents[0].name

    async def _understood(self, rows: tuple[InboxRow, ...]) -> Nlu:
        return await self._engine.understand(" ".join(row.text for row in rows))

    def _near(self, rows: tuple[InboxRow, ...], channel: Capabilities | None) -> tuple[InboxRow, ...]:
        if channel is None or not channel.gathers_fragments or rows[0].payload:
            return rows[:1]
        group = [rows[0]]
        for row in rows[1:MAX_ROWS]:
            near = row.received_at - group[-1].received_at <= self._pause
            other = bool(row.payload) or row.trust is not group[0].trust
            if other or not near or not _fragment(group):
                break
            group.append(row)
        return tuple(group)

    async def wait(self, rows: tuple[InboxRow, ...], channel: Capabilities | None) -> float:
        """Return for how many seconds more fragments are worth waiting for; 0 means answer now."""
        group = self._near(rows, channel)
        alone = channel is None or not channel.gathers_fragments or rows[0].payload
        if alone or len(group) < len(rows) or not _fragment(group):
            return 0.0
        now = self._clock.now()
        left = min(
            group[-1].received_at + self._pause - now,
            group[0].received_at + LIMIT * self._pause - now,
        ).total_seconds()
        if left <= 0:
            return 0.0
        try:
            nlu = await self._engine.understand(" ".join(row.text for row in group))
        except EngineError:
            return 0.0
        return 0.0 if _clear(nlu) else left


def _fragment(rows: tuple[InboxRow, ...] | list[InboxRow]) -> bool:
    return sum(len(row.text.split()) for row in rows) <= MAX_WORDS


def _clear(nlu: Nlu) -> bool:
    if nlu.fallback or not nlu.intents:
        return False
    best = nlu.intents[0]
    return best.name not in OPENERS and best.confidence >= CLEAR
