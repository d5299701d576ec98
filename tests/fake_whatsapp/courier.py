"""How webhooks get to the business: signed, at least once, and in no promised order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.fake_whatsapp.payloads import Batch, Change, body, signatures


@dataclass(eq=False, kw_only=True, slots=True)
class Webhook:
    """One body and what became of it."""

    raw: bytes
    secret: str
    changes: Sequence[Change]
    statuses: list[int] = field(default_factory=list)
    """The answers; 0 is none."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def taken(self) -> bool:
        # Only 200 counts; everything else is sent again.
        return self.statuses[-1:] == [200]

    @property
    def headers(self) -> dict[str, str]:
        agent = {"User-Agent": "facebookexternalua", "Content-Type": "application/json"}
        return agent | signatures(self.raw, self.secret)


class Courier:
    """Delivers webhooks to `url`.

    The platform repeats for 7 days with growing gaps; here the gaps are scaled down to `gaps` seconds.
    Bodies are sent in order until `shuffle` (seconds of delay by chance) or `duplicate` (a likelihood)
    say otherwise; a body that is refused never holds up the others.
    """

    def __init__(self) -> None:
        self.url = ""
        self.gaps: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
        self.timeout = 10.0
        self.shuffle = 0.0
        self.duplicate = 0.0
        self.chance = random.Random(1)
        self.sent: list[Webhook] = []
        self.lost: list[Webhook] = []
        """Bodies that were given up: they were refused too often, or nobody is registered."""
        self._held: list[Change] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: asyncio.Event | None = None
        self._client = httpx.AsyncClient(trust_env=False)

    async def close(self) -> None:
        """Stop delivering."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def register(self, url: str, verify_token: str) -> bool:
        """Prove the address as the platform does whenever it is entered: GET with a challenge."""
        challenge = str(self.chance.randrange(10**9, 10**10))
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        response = await self._client.get(url, params=asked, timeout=self.timeout)
        # The answer is the challenge and nothing else.
        if response.status_code != 200 or response.text != challenge:
            return False
        self.url = url
        return True

    @contextmanager
    def held(self, batch: Batch = "customers") -> Iterator[None]:
        """Gather what happens in the block into one body."""
        held: list[Change] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            if held:
                self.post(held, batch)

    def tell(self, change: Change) -> Webhook | None:
        """Send a change, or keep it for the batch that is being gathered."""
        if self._held is not None:
            self._held.append(change)
            return None
        return self.post([change])

    def post(self, changes: Sequence[Change], batch: Batch = "customers") -> Webhook:
        """Send changes in one body."""
        secret = changes[0].number.app_secret
        webhook = Webhook(raw=body(changes, batch), secret=secret, changes=changes)
        self.send(webhook)
        if self.chance.random() < self.duplicate:
            self.repeat(webhook, self.chance.random() * max(self.shuffle, 0.05))
        return webhook

    def repeat(self, webhook: Webhook, after: float = 0.0) -> Webhook:
        """Send a body once more."""
        again = Webhook(raw=webhook.raw, secret=webhook.secret, changes=webhook.changes)
        self._start(again, after, None)
        return again

    def send(self, webhook: Webhook) -> None:
        """Send a body."""
        delay = self.chance.random() * self.shuffle
        before, self._last = self._last, webhook.tried
        self._start(webhook, delay, None if self.shuffle else before)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, webhook: Webhook, delay: float, before: asyncio.Event | None) -> None:
        self.sent.append(webhook)
        task = asyncio.create_task(self._deliver(webhook, delay, before))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, webhook: Webhook, delay: float, before: asyncio.Event | None) -> None:
        if before:
            await before.wait()
        await asyncio.sleep(delay)
        try:
            if self.url:
                await self._attempt(webhook)
        finally:
            webhook.tried.set()
        for gap in self.gaps if self.url else ():
            if webhook.taken:
                return
            await asyncio.sleep(gap)
            await self._attempt(webhook)
        if not webhook.taken:
            self.lost.append(webhook)

    async def _attempt(self, webhook: Webhook) -> None:
        status = 0
        with contextlib.suppress(httpx.HTTPError):
            response = await self._client.post(
                self.url, content=webhook.raw, headers=webhook.headers, timeout=self.timeout
            )
            status = response.status_code
        webhook.statuses.append(status)
