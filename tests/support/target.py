"""A running server for damaged bodies, in a thread of its own: Hypothesis calls from synchronous code."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase

from bot.domain.arrival import Arrival
from bot.domain.message import InboundMessage

MOST = 20
"""Customers of the honest messages: the store is not what is tested."""
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    "suppress_health_check": list(HealthCheck),
}


class Target(ABC):
    """Keeps what the core took of the newest body, and counts the answers of all."""

    def __init__(self) -> None:
        self.ready, self.done = threading.Event(), asyncio.Event()
        self.taken: list[Arrival] = []
        self.statuses = Counter[int]()
        self.url = ""

    @abstractmethod
    async def serve(self) -> None:
        """Start the server, set `url`, and wait in `watched` until it is done."""

    async def watched(self, arrivals: Any) -> None:
        """Note what is taken, until the end."""
        take = arrivals.take

        async def noting(arrival: Arrival) -> None:
            await take(arrival)
            self.taken.append(arrival)

        arrivals.take = noting
        with httpx.Client(trust_env=False, timeout=20) as self.client:
            self.ready.set()
            await self.done.wait()

    def post(self, raw: bytes, headers: dict[str, str]) -> int:
        """Send a body; return the status, which is never a fault of the server."""
        self.taken.clear()
        response = self.client.post(self.url, content=raw, headers=headers)
        self.statuses[response.status_code] += 1
        assert response.status_code < 500, response.text
        return response.status_code

    def took(self, message_id: str) -> bool:
        """Say whether the newest body had this message in it."""
        return any(isinstance(one, InboundMessage) and one.external_id == message_id for one in self.taken)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve while the block lasts."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=(self.serve(),))
        thread.start()
        assert self.ready.wait(20)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(self.done.set)
            thread.join(20)
            loop.close()
