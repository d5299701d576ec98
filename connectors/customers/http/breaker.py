"""A circuit breaker: a system that fails is left alone for a while, then tried with one call.

A small one of our own: those that are published read the machine's clock or know only failures in a row.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from bot.ports import Clock, MetricsPort

log = structlog.get_logger(__name__)


class State(StrEnum):
    """CLOSED lets calls through, OPEN none, HALF_OPEN a single one that decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """When a breaker opens and for how long.

    It opens after `in_a_row` failures, or when at least `share` of at least `least` calls in the last
    `window` seconds failed. It stays open for `pause` seconds, twice as long after each failed probe, up
    to `longest`.
    """

    in_a_row: int = 5
    share: float = 0.5
    least: int = 20
    window: float = 60.0
    pause: float = 10.0
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that was let through; the breaker is told once how it went."""

    generation: int
    probe: bool


class Breaker:
    """The breaker of one system, on our clock; counted as `directory_breaker{state}`."""

    def __init__(self, *, clock: Clock, metrics: MetricsPort, limits: Limits | None = None) -> None:
        self._clock, self._metrics, self._limits = clock, metrics, limits or Limits()
        self._calls: deque[tuple[datetime, bool]] = deque(maxlen=1_000)
        self._in_a_row = 0
        self._generation = 0
        """Grows with each change of state: calls that began before it no longer count."""
        self._pause = self._limits.pause
        self._open_until: datetime | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """Return the present state."""
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if self._clock.now() < self._open_until else State.HALF_OPEN

    def admit(self) -> Admission | None:
        """Let a call through, or return None: then nothing is to be asked."""
        state = self.state
        if state is State.OPEN or (state is State.HALF_OPEN and self._probing):
            return None
        if state is State.HALF_OPEN:
            self._probing = True
            self._note(State.HALF_OPEN)
        return Admission(self._generation, probe=state is State.HALF_OPEN)

    def report(self, call: Admission, *, ok: bool) -> None:
        """Say how a call went."""
        if call.generation != self._generation:
            return
        if call.probe:
            self._decide(ok=ok)
            return
        self._in_a_row = 0 if ok else self._in_a_row + 1
        self._calls.append((self._clock.now(), ok))
        if not ok and self._fails_too_often():
            self._open(self._limits.pause)

    def forget(self, call: Admission) -> None:
        """Say that a call ended without telling anything: it was cancelled."""
        if call.probe and call.generation == self._generation:
            self._probing = False

    def _decide(self, *, ok: bool) -> None:
        if not ok:
            self._open(min(self._pause * 2, self._limits.longest))
            return
        self._open_until = None
        self._reset()
        self._note(State.CLOSED)

    def _fails_too_often(self) -> bool:
        if self._in_a_row >= self._limits.in_a_row:
            return True
        since = self._clock.now() - timedelta(seconds=self._limits.window)
        while self._calls and self._calls[0][0] < since:
            self._calls.popleft()
        failed = sum(not ok for _, ok in self._calls)
        return len(self._calls) >= self._limits.least and failed >= self._limits.share * len(self._calls)

    def _open(self, pause: float) -> None:
        self._pause = pause
        self._open_until = self._clock.now() + timedelta(seconds=pause)
        self._reset()
        self._note(State.OPEN, seconds=pause)

    def _reset(self) -> None:
        self._generation += 1
        self._calls.clear()
        self._in_a_row = 0
        self._probing = False

    def _note(self, state: State, **facts: float) -> None:
        self._metrics.count("directory_breaker", state=state.value)
        say = log.warning if state is State.OPEN else log.info
        say("directory_breaker", state=state.value, **facts)
