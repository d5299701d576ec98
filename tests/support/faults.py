"""Ways in which the platform fails: planned for single requests, or by chance with a seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Slow:
    """Does the work, and answers after `seconds` of real time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Held:
    """Does the work, and answers when `until` is set."""

    until: asyncio.Event


@dataclass(frozen=True, slots=True)
class Lose:
    """Takes the message and closes the connection: the client cannot know."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Closes the connection before anything was taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Does nothing and answers with a status and a body that is no JSON."""

    status: int = 500


@dataclass(slots=True)
class Faults:
    """Which fault the next request of a kind meets.

    What kinds of requests there are, and what other faults, is for each platform to say.
    """

    usual: str
    """The kind that is meant when none is named."""
    planned: list[tuple[str, Any]] = field(default_factory=list)
    chances: list[tuple[float, Any]] = field(default_factory=list)
    """What happens how often, of 1, to the kinds of `touched`."""
    touched: frozenset[str] = frozenset()
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    met: list[Any] = field(default_factory=list)
    """Every fault that happened."""

    def plan(self, *faults: Any, on: str = "") -> None:
        """Let the next requests of a kind meet these, one each."""
        self.planned += [(on or self.usual, fault) for fault in faults]

    def next(self, kind: str) -> Any:
        """Say what happens to this request."""
        found = next((item for item in self.planned if item[0] == kind), None)
        if found:
            self.planned.remove(found)
        fault = found[1] if found else self._by_chance(kind)
        if fault:
            self.met.append(fault)
        return fault

    def _by_chance(self, kind: str) -> Any:
        if kind not in self.touched or not self.chances:
            return None
        drawn = self.chance.random()
        for likelihood, fault in self.chances:
            if drawn < likelihood:
                return fault
            drawn -= likelihood
        return None

    @contextmanager
    def weather(self, *chances: tuple[float, Any], seed: int, on: tuple[str, ...]) -> Iterator[None]:
        """Fail by chance while the block lasts."""
        self.chances, self.chance, self.touched = list(chances), random.Random(seed), frozenset(on)
        try:
            yield
        finally:
            self.chances = []
