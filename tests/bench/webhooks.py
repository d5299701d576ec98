"""Webhooks of push channels under load: how soon they are acknowledged, and that nothing is lost.

An open loop: webhooks come at their rate whatever the server does, while other customers keep the
engine busy over REST. The platform is the strict fake with its paces raised.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.client import Client
from tests.bench.dialogues import Dialogue, Script
from tests.bench.load import Tally, customer, percentile
from tests.bench.product import Baton
from tests.bench.report import Bound, Options, Outcome, Table, median
from tests.bench.rest import UNBOUNDED
from tests.bench.shop import shop_orders
from tests.fake_telegram import TOKEN as TELEGRAM_TOKEN
from tests.fake_telegram import FakeTelegram
from tests.fake_telegram import Limits as TelegramLimits
from tests.fake_whatsapp import NUMBER, FakeWhatsApp, Limits

RATE = 100
CHATS = 200
BUSY_CLIENTS = 16
AT_MOST_MS = 50.0
SENDERS = 32
ANSWERED_WITHIN = 180.0
TELEGRAM_SECRET = "secret-of-the-benchmark-0123456789"
SAID = ("hello", "what are your opening hours?", "thank you", "which payment methods do you take?")


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One webhook, made before the clock runs."""

    path: str
    body: bytes
    headers: dict[str, str]


class Platform(ABC):
    """One platform's side of the load."""

    name: str

    @abstractmethod
    async def open(self, stack: AsyncExitStack) -> dict[str, str]:
        """Start the fake; return the settings that connect Baton to it."""

    @abstractmethod
    async def hooks(self, count: int) -> list[Hook]:
        """Return `count` messages of customers in turn."""

    @abstractmethod
    def received(self) -> dict[str, list[str]]:
        """Return the ids of what reached each customer, in order."""


class WhatsApp(Platform):
    """The Cloud API."""

    name = "whatsapp"

    async def open(self, stack: AsyncExitStack) -> dict[str, str]:
        """Start it without statuses: they would only add to the count of webhooks."""
        limits = Limits(pair_every=0.000_1, pair_burst=1_000_000, throughput=1_000_000)
        self._fake = await stack.enter_async_context(FakeWhatsApp(limits=limits))
        self._fake.progress = ()
        self._customers = [self._fake.customer(f"C{number}") for number in range(CHATS)]
        return {
            "BATON_WHATSAPP_TOKEN": NUMBER.token,
            "BATON_WHATSAPP_APP_SECRET": NUMBER.app_secret,
            "BATON_WHATSAPP_VERIFY_TOKEN": NUMBER.verify_token,
            "BATON_WHATSAPP_PHONE_NUMBER_ID": NUMBER.id,
            "BATON_WHATSAPP_API_URL": self._fake.url,
        }

    async def hooks(self, count: int) -> list[Hook]:
        """Let customers write while nobody is registered, and keep the bodies."""
        found = []
        for number in range(count):
            await self._customers[number % CHATS].write(SAID[number // CHATS % len(SAID)])
            webhook = self._fake.courier.sent[-1]
            found.append(Hook(path="/webhooks/whatsapp", body=webhook.raw, headers=webhook.headers))
        return found

    def received(self) -> dict[str, list[str]]:
        """Return the ids by customer."""
        return {one.phone: [shown.id for shown in one.seen] for one in self._customers}


class Telegram(Platform):
    """The Bot API."""

    name = "telegram"

    async def open(self, stack: AsyncExitStack) -> dict[str, str]:
        """Start it; the webhook is called by the load generator alone."""
        self._fake = await stack.enter_async_context(FakeTelegram(limits=TelegramLimits.none()))
        self._customers = [self._fake.customer(name=f"C{number}") for number in range(CHATS)]
        return {
            "BATON_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
            "BATON_TELEGRAM_SECRET": TELEGRAM_SECRET,
            "BATON_TELEGRAM_API_URL": self._fake.url,
        }

    async def hooks(self, count: int) -> list[Hook]:
        """Let customers write while no webhook is set, and keep the updates."""
        headers = {"x-telegram-bot-api-secret-token": TELEGRAM_SECRET}
        found = []
        for number in range(count):
            said = await self._customers[number % CHATS].write(SAID[number // CHATS % len(SAID)])
            if said.update is not None:
                found.append(Hook(path="/webhooks/telegram", body=said.update.raw, headers=headers))
        return found

    def received(self) -> dict[str, list[str]]:
        """Return the ids by chat."""
        return {
            str(one.chat.id): [f"{one.chat.id}:{shown.id}" for shown in one.seen] for one in self._customers
        }


@dataclass(kw_only=True)
class Round:
    """What one round showed. Times are in milliseconds."""

    acks: list[float] = field(default_factory=list)
    refused: int = 0
    busy_rate: float = 0.0
    answered: int = 0
    lost: int = 0
    disordered: int = 0
    seconds: float = 0.0

    @property
    def p99(self) -> float:
        """Return how long the slowest hundredth of the acknowledgements took."""
        return percentile(self.acks, 99)


async def bench(options: Options) -> Outcome:
    """Measure each platform on a server of its own."""
    seconds = 5.0 if options.quick else 30.0
    tables, bounds = [], []
    for platform in platforms():
        rounds = [await _round(platform, seconds) for _ in range(options.rounds)]
        tables.append(_table(platform.name, rounds, seconds))
        bounds += [
            Bound(
                what=f"{platform.name}: p99 ms until a webhook is acknowledged, {RATE}/s, busy engine",
                value=median(one.p99 for one in rounds),
                limit=AT_MOST_MS,
            ),
            Bound(
                what=f"{platform.name}: messages lost, refused or answered out of order",
                value=float(sum(one.lost + one.refused + one.disordered for one in rounds)),
                limit=0.0,
            ),
        ]
    return Outcome(tables=tables, bounds=bounds)


def platforms() -> Sequence[Platform]:
    """Return the platforms to measure."""
    return (Telegram(), WhatsApp())


async def _round(platform: Platform, seconds: float) -> Round:
    result = Round(seconds=seconds)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        env = UNBOUNDED | await platform.open(stack)
        hooks = await platform.hooks(int(RATE * seconds))
        server = Baton(folder=folder, env=env)
        stack.callback(server.stop)
        server.start()
        await server.wait_answer()
        busy = Tally(start=time.perf_counter(), end=time.perf_counter() + seconds)
        others = [
            asyncio.create_task(customer(server.url, _script(number), busy))
            for number in range(BUSY_CLIENTS)
        ]
        await _send(server.url, hooks, result)
        await asyncio.gather(*others)
        result.busy_rate = busy.figures().rate
        await _until_answered(folder / "data" / "baton.db", platform, len(hooks), result)
    return result


def _script(number: int) -> Iterator[Dialogue]:
    return Script(kind="full", rounds=1_000, orders=shop_orders(), seed=number + 1).dialogues()


async def _send(url: str, hooks: list[Hook], result: Round) -> None:
    """Send each webhook at its time, on whichever connection is free."""
    start, clients = time.perf_counter() + 0.2, asyncio.Queue[Client]()
    for _ in range(SENDERS):
        clients.put_nowait(Client(url))

    async def one(number: int, hook: Hook) -> None:
        await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
        due = start + number / RATE  # what waits for a connection waits for the server
        client = await clients.get()
        try:
            reply = await client.request("POST", hook.path, hook.body, headers=hook.headers)
            result.refused += reply.status != 200
        except OSError:
            result.refused += 1
        finally:
            clients.put_nowait(client)
        result.acks.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(one(number, hook) for number, hook in enumerate(hooks)))
    while not clients.empty():
        clients.get_nowait().close()


async def _until_answered(database: Path, platform: Platform, count: int, result: Round) -> None:
    """Wait until everything has been answered and delivered, then compare it with what arrived."""
    deadline = time.perf_counter() + ANSWERED_WITHIN
    while time.perf_counter() < deadline:
        pending, waiting = await asyncio.to_thread(_left, database, platform.name)
        if not pending and not waiting:
            break
        await asyncio.sleep(0.5)
    answered, sent = await asyncio.to_thread(_outcome, database, platform.name)
    arrived = {message_id for ids in platform.received().values() for message_id in ids}
    result.answered = answered
    result.lost = count - answered + sum(one not in arrived for ids in sent.values() for one in ids)
    orders = [ids for ids in platform.received().values() if ids]
    right = {tuple(ids) for ids in sent.values()}
    result.disordered = sum(tuple(ids) not in right for ids in orders)


def _left(database: Path, channel: str) -> tuple[int, int]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        pending = db.execute(
            "SELECT count(*) FROM inbox JOIN conversations c ON c.id = conversation_id"
            " WHERE c.channel = ? AND status = 'pending'",
            (channel,),
        ).fetchone()[0]
        return pending, db.execute("SELECT count(*) FROM outbox").fetchone()[0]


def _outcome(database: Path, channel: str) -> tuple[int, dict[str, list[str]]]:
    """Return how many messages were answered, and the ids of what was sent by conversation, in order."""
    sent: dict[str, list[str]] = defaultdict(list)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        (answered,) = db.execute(
            "SELECT count(*) FROM inbox JOIN conversations c ON c.id = conversation_id"
            " WHERE c.channel = ? AND outcome = 'answered'",
            (channel,),
        ).fetchone()
        rows = db.execute(
            "SELECT conversation_id, external_id FROM messages JOIN conversations c ON c.id = conversation_id"
            " WHERE c.channel = ? AND author <> 'customer' AND kind NOT IN ('event', 'note')"
            " ORDER BY conversation_id, messages.seq",
            (channel,),
        )
        for conversation_id, external_id in rows:
            sent[conversation_id].append(external_id)
    return answered, sent


def _table(name: str, rounds: list[Round], seconds: float) -> Table:
    rows = [
        (
            f"round {number}",
            percentile(one.acks, 50),
            percentile(one.acks, 95),
            one.p99,
            one.busy_rate,
            one.answered,
            one.lost,
            one.disordered,
        )
        for number, one in enumerate(rounds, 1)
    ]
    note = (
        f"{BUSY_CLIENTS} customers in a closed loop over REST keep the engine busy; load generator and platform"
        f" are one process more on the same {os.cpu_count()} processors."
    )
    return Table(
        title=f"{name}: {RATE} webhooks a second for {seconds:.0f} s, {CHATS} chats",
        columns=("", "p50 ms", "p95 ms", "p99 ms", "REST messages/s", "answered", "lost", "out of order"),
        rows=rows,
        notes=[note],
    )
