"""The bus of a single node, and what the Redis bus falls back to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from weakref import WeakSet

from bot.ports import Clock, Hint

BACKLOG = 1_000
"""Hints kept for a subscriber that lags."""
_SWEEP = 10_000


class Subscription(AsyncIterator[Hint]):
    """The hints since `subscribe` was called; one that nobody holds any more costs nothing."""

    def __init__(self) -> None:
        self._hints: deque[Hint] = deque(maxlen=BACKLOG)
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, hint: Hint) -> None:
        """Add a hint; the oldest one goes when there are too many."""
        self._hints.append(hint)
        self._arrived.set()

    def close(self) -> None:
        """End the iteration after what is there."""
        self._closed = True
        self._arrived.set()

    async def __anext__(self) -> Hint:
        while not self._hints:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._hints.popleft()


class MemoryBus:
    """Everything in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subscriptions: WeakSet[Subscription] = WeakSet()
        self._presence: dict[str, tuple[str, datetime]] = {}
        self._counts: dict[str, tuple[deque[datetime], datetime]] = {}
        self._next_sweep = _SWEEP

    async def publish(self, hint: Hint) -> None:
        """Tell every subscriber."""
        self.deliver(hint)

    def deliver(self, hint: Hint) -> None:
        """Tell this process's subscribers."""
        for subscription in list(self._subscriptions):
            subscription.put(hint)

    def subscribe(self) -> Subscription:
        """Yield hints from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        return subscription

    async def set_presence(self, agent_id: str, state: str, ttl: float) -> None:
        """Note an agent's state for `ttl` seconds; zero forgets it."""
        self._presence[agent_id] = (state, self._clock.now() + timedelta(seconds=ttl))

    async def presence(self) -> dict[str, str]:
        """Return the agents whose presence has not lapsed."""
        return {agent: state for agent, (state, _) in self.present().items()}

    def present(self) -> dict[str, tuple[str, float]]:
        """Return state and seconds left of each agent whose presence has not lapsed."""
        now = self._clock.now()
        self._presence = {agent: kept for agent, kept in self._presence.items() if kept[1] > now}
        return {
            agent: (state, (end - now).total_seconds()) for agent, (state, end) in self._presence.items()
        }

    async def allow(self, key: str, *, limit: int, window: float) -> float:
        """Count one event by the times of the last `limit` allowed ones: exact in any window."""
        now = self._clock.now()
        times, _ = self._counts.get(key) or (deque[datetime](), now)
        while len(times) > limit:  # the limit was lowered
            times.popleft()
        if len(times) == limit:
            wait = (times[0] - now).total_seconds() + window
            if wait > 0:
                return wait
            times.popleft()
        times.append(now)
        self._counts[key] = (times, now + timedelta(seconds=window))
        self._sweep(now)
        return 0.0

    async def forgive(self, key: str) -> None:
        """Take the latest allowed event out of the count."""
        times, _ = self._counts.get(key) or (deque[datetime](), None)
        if times:
            times.pop()

    async def start(self) -> None:
        """Do nothing: there is nobody to connect to."""

    async def stop(self) -> None:
        """End all subscriptions."""
        for subscription in list(self._subscriptions):
            subscription.close()

    @property
    def healthy(self) -> bool:
        """Return true: there is no other node to miss a hint."""
        return True

    def _sweep(self, now: datetime) -> None:
        """Forget keys that no longer count, whenever their number has doubled."""
        if len(self._counts) >= self._next_sweep:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
            self._next_sweep = max(_SWEEP, 2 * len(self._counts))
