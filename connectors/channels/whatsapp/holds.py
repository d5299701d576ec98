"""Keeps to the platform's pace, for each customer and each number, and waits longer when it says so."""

from __future__ import annotations

from bot.ports import Clock
from connectors.channels.core.pacing import Pacing
from connectors.channels.whatsapp.errors import PAIR_WAIT, Rule, Scope

PAIR_BURST = 40
"""Messages to one customer that go at once; Meta is said to lend about 45."""
NUMBER_EVERY, NUMBER_BURST = 1 / 40, 40
"""A number has 80 a second, in and out together; this leaves room for what comes in."""
LONGEST = 600.0
MANY = 10_000


class Holds:
    """The pace of all numbers and customers on this node."""

    def __init__(self, clock: Clock) -> None:
        self._pairs = Pacing(clock, every=PAIR_WAIT, burst=PAIR_BURST)
        self._numbers = Pacing(clock, every=NUMBER_EVERY, burst=NUMBER_BURST)
        self._in_a_row: dict[str, int] = {}

    async def ready(self, account: str, address: str) -> None:
        """Wait until a message to this customer may go."""
        await self._pairs.ready(_pair(account, address))
        await self._numbers.ready(account)

    def refused(self, account: str, address: str, rule: Rule) -> float | None:
        """Hold whom a refusal is about; return the seconds, or None when the rule names none."""
        if rule.wait is None:
            return None
        key = account if rule.scope is Scope.NUMBER else _pair(account, address)
        times = self._in_a_row.get(key, 0)
        if len(self._in_a_row) >= MANY:
            self._in_a_row.clear()
        self._in_a_row[key] = times + 1
        seconds = float(min(rule.wait * rule.growth**times, LONGEST))
        if rule.scope is Scope.NUMBER:
            self._numbers.hold(account, seconds)
        elif rule.scope is Scope.CUSTOMER:
            self._pairs.hold(key, seconds)
        return seconds

    def over(self, account: str, address: str) -> None:
        """Note that a message went through: the next wait begins small again."""
        self._in_a_row.pop(account, None)
        self._in_a_row.pop(_pair(account, address), None)


def _pair(account: str, address: str) -> str:
    return f"{account}\n{address}"
