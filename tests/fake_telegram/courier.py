"""How updates get to a bot's webhook: in order within a chat, at least once, with growing pauses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bot.ports import Clock
from tests.fake_telegram.updates import Update, Updates

HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_PATIENCE = 3_600.0
"""A longer Retry-After is not honoured."""
GONE = 23 * 3_600.0
"""A webhook that answers 410 for so long without a break is removed."""
Perform = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(kw_only=True, slots=True)
class Webhook:
    """Where a bot wants its updates."""

    url: str = ""
    secret: str = ""
    connections: int = 40
    ip: str = ""
    error: str = ""
    error_at: datetime | None = None
    set_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a webhook answered; status 0 is nothing."""

    status: int = 0
    body: bytes = b""
    after: float | None = None
    """Its Retry-After in seconds."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


class Courier:
    """Delivers one bot's updates; a second of the platform is `scale` seconds here.

    Updates of one chat wait for each other: only the first is under way, and is sent again until it is
    taken. Chats do not wait for each other. By chance, of 1: `lost` answers (the update was taken, and
    comes again), and `shuffle` is up to how many seconds a delivery is late.
    """

    def __init__(self, updates: Updates, clock: Clock, perform: Perform) -> None:
        self.updates, self._clock, self._perform = updates, clock, perform
        self.webhook = Webhook()
        self.scale = 1.0
        self.timeout = 30.0
        self.lost = self.shuffle = 0.0
        self.chance = random.Random(1)
        self._queues: dict[int, asyncio.Task[None]] = {}
        self._stuck: set[int] = set()
        # Loading the authorities for https would take longer than most tests.
        self._client = httpx.AsyncClient(trust_env=False, verify=False)
        self._places = asyncio.Semaphore(40)

    async def close(self) -> None:
        """Stop delivering."""
        self.stop()
        await asyncio.gather(*self._queues.values(), return_exceptions=True)
        await self._client.aclose()

    def stop(self) -> None:
        """Deliver no more; what was not taken stays."""
        for task in self._queues.values():
            task.cancel()
        for update in self.updates.pending:
            update.tried.set()

    def start(self, webhook: Webhook) -> None:
        """Deliver to another address, also what has been waiting."""
        self.stop()
        self._queues.clear()
        self.webhook, self._places = webhook, asyncio.Semaphore(webhook.connections)
        for queue in {update.queue for update in self.updates.pending}:
            self.wake(queue)

    def wake(self, queue: int) -> None:
        """See to a chat."""
        task = self._queues.get(queue)
        if not self.webhook.url:
            for update in self.updates.pending:
                update.tried.set()
        elif task is None or task.done():
            self._queues[queue] = asyncio.create_task(self._work(queue))
        elif queue in self._stuck:
            self._release(queue)

    async def settle(self) -> None:
        """Wait until everything has been taken or given up."""
        while waiting := [task for task in self._queues.values() if not task.done()]:
            await asyncio.wait(waiting)

    async def repeat(self, update: Update) -> int:
        """Deliver an update once more; return the status."""
        return (await self._post(update)).status

    async def _work(self, queue: int) -> None:
        while self.webhook.url and (head := self._head(queue)):
            failures = 0
            while (answer := await self._attempt(head)) and head in self.updates.pending:
                failures += 1
                self._stuck.add(queue)
                self._release(queue)
                if not await self._pause(head, failures, answer):
                    break
            self._stuck.discard(queue)

    def _head(self, queue: int) -> Update | None:
        return next((u for u in self.updates.pending if u.queue == queue), None)

    def _release(self, queue: int) -> None:
        """Let nobody wait for the first attempt of what is behind an update that was refused."""
        for update in self.updates.pending:
            if update.queue == queue:
                update.tried.set()

    async def _attempt(self, update: Update) -> Answer | None:
        """Deliver once; return the answer when the update was not taken."""
        await asyncio.sleep(self.chance.random() * self.shuffle)
        answer = await self._post(update)
        # Any 2xx is success; anything else, or no answer at all, keeps the update.
        if answer.good and self.chance.random() >= self.lost:
            self.updates.remove([update])
            await self._called(answer.body)
            return None
        status = answer.status
        error = f"Wrong response from the webhook: {status}" if status else "Connection timed out"
        self.webhook.error, self.webhook.error_at = error, self._clock.now()
        return answer

    async def _pause(self, update: Update, failures: int, answer: Answer) -> bool:
        """Wait before the next attempt: 0 s, then 2, 4, 8..., at most 60 to 120 s by chance.

        A Retry-After of the bot is honoured instead, up to an hour. An update whose next attempt would
        come after its time is given up.
        """
        delay = 0.0 if failures == 1 else min(2.0 ** (failures - 1), self.chance.uniform(60, 120))
        delay = delay if answer.after is None else answer.after
        if update.expired(self._clock.now(), delay):
            self.updates.remove([update], dropped=True)
            return False
        await asyncio.sleep(delay * self.scale)
        update.waited += delay
        update.gone = update.gone + delay if answer.status == 410 else 0.0
        if update.gone > GONE:
            self.webhook = Webhook()
        return bool(self.webhook.url)

    async def _post(self, update: Update) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret:
            headers[HEADER] = self.webhook.secret
        answer = Answer()
        with contextlib.suppress(httpx.HTTPError):
            async with self._places:
                response = await self._client.post(
                    self.webhook.url, content=update.raw, headers=headers, timeout=self.timeout
                )
            after = response.headers.get("Retry-After", "")
            answer = Answer(
                status=response.status_code,
                body=response.content,
                after=min(float(after), MOST_PATIENCE) if after.isdigit() else None,
            )
        update.statuses.append(answer.status)
        update.tried.set()
        return answer

    async def _called(self, answer: bytes) -> None:
        """Carry out the call that an answer may bring, without telling what became of it."""
        try:
            content = json.loads(answer or b"null")
        except ValueError:
            return
        if isinstance(content, dict) and isinstance(content.get("method"), str):
            await self._perform(content.pop("method"), content)
