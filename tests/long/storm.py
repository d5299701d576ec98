"""Customers and agents who write through a storm of crashes, and remember what they were told."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.client import Client, Reply
from tests.bench.shop import ShopOrder, shop_orders

WEBHOOK = "/webhooks/rest/webhook"
SMALL_TALK = (
    "thanks",
    "when are you open",
    "what can you do",
    "are you a bot",
    "where is my order {number}",
    "hello",
    "ok great, thank you",
)
PAUSE = (0.5, 1.5)
"""Seconds until a request that failed is repeated."""


@dataclass(kw_only=True)
class Sent:
    """One message as its customer knows it: `told` is the body of the first 200."""

    sender: str
    message_id: str
    text: str
    acknowledged: bool = False
    attempts: int = 0
    told: list[dict[str, Any]] | None = None
    pending: bool = False
    """The server said that the answer is still being worked out."""


@dataclass(kw_only=True)
class Said:
    """One reply of an agent that the server acknowledged."""

    conversation: str
    client_id: str
    text: str


@dataclass(kw_only=True)
class Diary:
    """What customers and agents remember together."""

    sent: list[Sent] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Answers that nobody should have got: 4xx other than "slower"."""
    lost_requests: int = 0
    server_errors: int = 0
    claims: int = 0
    releases: int = 0
    resolved: int = 0

    def counts(self) -> dict[str, int]:
        """Return the numbers for the report."""
        return {
            "messages": len(self.sent),
            "acknowledged": sum(sent.acknowledged for sent in self.sent),
            "requests repeated": sum(sent.attempts - 1 for sent in self.sent),
            "requests lost": self.lost_requests,
            "server errors seen": self.server_errors,
            "claims": self.claims,
            "agents' replies": len(self.said),
            "released": self.releases,
            "resolved": self.resolved,
        }


@dataclass(kw_only=True)
class Customer:
    """One customer: first `lines`, then small talk until `done`, at least `least` messages."""

    url: str
    sender: str
    lines: tuple[str, ...]
    order: ShopOrder
    diary: Diary
    chance: random.Random
    think: tuple[float, float] = (1.0, 6.0)
    least: int = 11

    async def live(self, done: asyncio.Event) -> None:
        """Write until the storm is over."""
        client = Client(self.url)
        talk = (self.chance.choice(SMALL_TALK).format(number=self.order.number) for _ in itertools.count())
        for number, text in enumerate(itertools.chain(self.lines, talk)):
            if number >= max(self.least, len(self.lines)) and done.is_set():
                break
            await asyncio.sleep(self.chance.uniform(*self.think) * (0.1 if done.is_set() else 1.0))
            await self.say(client, f"m{number}", text)
        client.close()

    async def say(self, client: Client, message_id: str, text: str) -> Sent:
        """Send one message until it is acknowledged; now and then send it again although it was."""
        sent = Sent(sender=self.sender, message_id=message_id, text=text)
        self.diary.sent.append(sent)
        while not sent.acknowledged:
            await self._try(client, sent)
        if self.chance.random() < 0.05:
            await self._try(client, sent)
        return sent

    async def _try(self, client: Client, sent: Sent) -> None:
        body = {"sender": sent.sender, "message": sent.text, "message_id": sent.message_id}
        # Some lose patience early: their repetition meets the first request half-way.
        patience = 0.3 if self.chance.random() < 0.1 else 60.0
        sent.attempts += 1
        try:
            reply = await client.post(WEBHOOK, body, timeout=patience)
        except OSError:
            self.diary.lost_requests += 1
            await asyncio.sleep(self.chance.uniform(*PAUSE) if patience > 1 else 0.05)
            return
        await self._note(sent, reply)

    async def _note(self, sent: Sent, reply: Reply) -> None:
        if reply.status == 200:
            sent.acknowledged = True
            if sent.told is None:
                sent.told = reply.json()
                sent.pending = "x-baton-pending" in reply.headers
            return
        if reply.status == 429 or reply.status >= 500:
            self.diary.server_errors += reply.status >= 500
            await asyncio.sleep(self.chance.uniform(*PAUSE))
            return
        self.diary.refused.append(f"{reply.status} {reply.body[:200]!r} to {sent.text!r}")
        sent.acknowledged = True


@dataclass(kw_only=True)
class Agent:
    """Somebody at the desk: claims, answers, gives back or resolves."""

    url: str
    email: str
    password: str
    diary: Diary
    chance: random.Random
    pause: tuple[float, float] = (0.3, 2.0)

    async def work(self, done: asyncio.Event) -> None:
        """Work off the queue until the storm is over."""
        client = Client(self.url)
        await sign_in(client, self.email, self.password)
        await self._ask(client, "PUT", "/api/v1/me/availability", {"state": "online"})
        numbers = itertools.count(1)
        while not done.is_set():
            await asyncio.sleep(self.chance.uniform(*self.pause))
            waiting = await self._ask(client, "GET", "/api/v1/conversations?owner=queue&limit=20")
            chosen = (waiting.json() or {}).get("conversations", []) if waiting.status == 200 else []
            if chosen:
                await self._handle(client, self.chance.choice(chosen)["id"], numbers)
        client.close()

    async def _handle(self, client: Client, conversation: str, numbers: Iterable[int]) -> None:
        path = f"/api/v1/conversations/{conversation}"
        claimed = await self._ask(client, "POST", f"{path}/claim", {})
        if claimed.status != 200:
            return
        self.diary.claims += 1
        for number in itertools.islice(numbers, self.chance.choice((1, 2))):
            await asyncio.sleep(self.chance.uniform(*self.pause))
            said = Said(
                conversation=conversation, client_id=f"r{number}", text=f"{self.email} says {number}"
            )
            answer = await self._ask(
                client, "POST", f"{path}/messages", {"text": said.text, "client_id": said.client_id}
            )
            if answer.status == 200:
                self.diary.said.append(said)
        await asyncio.sleep(self.chance.uniform(*self.pause))
        if self.chance.random() < 0.7:
            ended = await self._ask(client, "POST", f"{path}/release", {})
            self.diary.releases += ended.status == 200
        else:
            ended = await self._ask(client, "POST", f"{path}/resolve", {})
            self.diary.resolved += ended.status == 200

    async def _ask(self, client: Client, method: str, path: str, body: Any = None) -> Reply:
        """Ask until there is an answer other than a server error; sign in again when told to."""
        while True:
            encoded = None if body is None else json.dumps(body).encode()
            try:
                reply = await client.request(method, path, encoded, timeout=60.0)
            except OSError:
                self.diary.lost_requests += 1
                await asyncio.sleep(self.chance.uniform(*PAUSE))
                continue
            if reply.status == 401:
                await sign_in(client, self.email, self.password)
            elif reply.status == 429 or reply.status >= 500:
                self.diary.server_errors += reply.status >= 500
                await asyncio.sleep(self.chance.uniform(*PAUSE))
            else:
                if reply.status not in (200, 201, 204, 409):
                    self.diary.refused.append(f"{method} {path}: {reply.status} {reply.body[:200]!r}")
                return reply


async def sign_in(client: Client, email: str, password: str) -> None:
    """Sign in, and put the cookie and the csrf value among the client's headers; tries for a minute."""
    client.headers = {}
    for _ in range(60):
        try:
            reply = await client.post("/api/v1/session", {"email": email, "password": password})
        except OSError:
            await asyncio.sleep(1.0)
            continue
        if reply.status == 200:
            cookie = reply.headers["set-cookie"].partition(";")[0]
            client.headers = {"cookie": cookie, "x-csrf-token": reply.json()["csrf"]}
            return
        await asyncio.sleep(1.0)
    raise RuntimeError(f"cannot sign in as {email}")


class Victims:
    """Customers whose last yes is timed: what they set off is to be cut off half-way."""

    def __init__(self, url: str, diary: Diary, orders: Iterable[ShopOrder]) -> None:
        """Each of `orders` serves once."""
        self._url, self._diary, self._orders = url, diary, iter(orders)

    @asynccontextmanager
    async def provoke(self) -> AsyncIterator[None]:
        """Let the next customer say yes to cancelling while the context runs; it ends with the answer."""
        order = next(self._orders)
        customer = Customer(
            url=self._url,
            sender=f"victim-{order.number}",
            lines=business("cancel", order),
            order=order,
            diary=self._diary,
            chance=random.Random(order.number),
        )
        client = Client(self._url)
        *lead, yes, thanks = customer.lines
        for number, text in enumerate(lead):
            await customer.say(client, f"m{number}", text)
        answer = asyncio.ensure_future(customer.say(client, "yes", yes))
        yield
        await answer
        await customer.say(client, "thanks", thanks)
        client.close()


def timed_orders(count: int) -> list[ShopOrder]:
    """Return cancellable orders that nobody of the crowd touches."""
    found = [order for order in shop_orders() if order.cancellable][:count]
    assert len(found) == count, "the demo shop has too few orders that can be cancelled"
    return found


def crowd(
    url: str, size: int, diary: Diary, *, seed: int = 1, spare: int = 0, **values: Any
) -> list[Customer]:
    """Return customers with their business: cancelling, returning, asking, wanting a person.

    Several of them cancel the same order. `spare` orders are left to `timed_orders`.
    """
    chance = random.Random(seed)
    customers = []
    cancellable = itertools.cycle([order for order in shop_orders() if order.cancellable][spare:])
    delivered = itertools.cycle(order for order in shop_orders() if order.status == "delivered")
    for number in range(size):
        kind = ("cancel", "return", "track", "person")[number % 4]
        order = next(cancellable if kind == "cancel" else delivered)
        lead = tuple(chance.choices(("hello", "thanks", "what can you do"), k=chance.randrange(8)))
        customers.append(
            Customer(
                url=url,
                sender=f"{kind}-{number}",
                lines=lead + business(kind, order),
                order=order,
                diary=diary,
                chance=random.Random(f"{seed}-{number}"),
                **values,
            )
        )
    return customers


def business(kind: str, order: ShopOrder) -> tuple[str, ...]:
    """Return what a customer with this business writes, from start to end."""
    number, proof = order.number, order.email
    if kind == "cancel":
        return (f"cancel my order {number}", proof, "yes", "thanks")
    if kind == "return":
        return (f"I want to return order {number}", proof, "it arrived broken", "yes", "thanks")
    if kind == "track":
        return (f"where is my order {number}", proof, "thanks")
    return ("hi", "I want to speak to a human", "hello? is anybody there", f"it is about order {number}")
