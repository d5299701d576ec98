"""Baton with a Telegram bot: real services, a real webhook, and the strict platform on the other side."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.message import Author, Delivery, Message
from bot.services.files import StoredFiles
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.telegram.account import read
from connectors.channels.telegram.channel import TelegramChannel
from connectors.channels.telegram.parse import ALLOWED
from connectors.channels.telegram.reception import TelegramReception
from tests.fake_telegram import TOKEN, Customer, FakeTelegram
from tests.support.clock import FakeClock
from tests.support.metrics import Counts
from tests.support.world import World
from tests.web.fakes import FakeEngine, FakeStore

SECRET = "webhook-secret-of-the-tests-0123456789"
IDENTITY = "identity-secret-of-the-tests-0123456789"
UNSENT = {Delivery.PENDING, Delivery.SENDING}


@dataclass
class Line:
    """One installation and the platform. Time moves when a test moves it."""

    fake: FakeTelegram
    world: World
    settings: dict[str, str] = field(default_factory=dict)
    metrics: Counts = field(default_factory=Counts)
    url: str = ""

    def channel_of(self) -> TelegramChannel:
        """Make the channel as the composition does, from settings."""
        given = {"token": TOKEN, "secret": SECRET, "api_url": self.fake.url, **self.settings}
        self.accounts = {"default": read("default", given)}
        self.channel = TelegramChannel(
            accounts=self.accounts,
            files=StoredFiles(self.world.store),
            clock=self.world.clock,
            metrics=self.metrics,
            max_file=2_000_000,
        )
        return self.channel

    def reception(self) -> TelegramReception:
        self.part = TelegramReception(
            accounts=self.accounts,
            channel=self.channel,
            arrivals=self.world.arrivals,
            links=self.world.links,
            words=lambda name: name,
            bus=self.world.bus,
            clock=self.world.clock,
            metrics=self.metrics,
            public_url="",
            identity_secret=IDENTITY,
        )
        return self.part

    async def set_webhook(self) -> None:
        """Tell the platform where we are, as we do at the start with a public address."""
        await self.channel.clients["default"].set_webhook(self.url, json.dumps(ALLOWED))

    # --- waiting

    async def settle(self, *, seconds: float = 20.0) -> None:
        """Wait until nobody has anything left to do; time moves on only for what is tried again."""
        loop = asyncio.get_running_loop()
        deadline, quiet = loop.time() + seconds, 0
        while quiet < 3:
            assert loop.time() < deadline, f"still on its way: {await self.unsent()}"
            await self.fake.settle()
            await self.world.idle()
            self.world.deliveries.wake()
            while await self.world.timers.run_due():
                pass
            await asyncio.sleep(0.003)
            busy = bool(self.world.deliveries._tasks or self.world.fetching._tasks or self.busy)
            waiting = bool(await self.unsent())
            quiet = 0 if busy or waiting else quiet + 1
            if waiting and not self.world.deliveries._tasks:
                await self.clock.advance(1.0)
            elif (waiting or self.busy) and self.clock.sleepers:
                await self.clock.advance(0.5)

    @property
    def busy(self) -> bool:
        """Say whether something is done beside the messages, or waits at the platform to be asked for."""
        polls = self.accounts["default"].polls
        beside = len(self.part._background._tasks) - polls
        return bool(beside or (polls and self.fake.bot.updates.pending))

    async def unsent(self) -> list[str]:
        """Return what has no fate yet."""
        return [m.text for m in await self.messages() if m.delivery in UNSENT]

    async def messages(self, *authors: Author) -> list[Message]:
        """Return all messages of the channel, of these authors or of all."""

        async def work(tx: Any) -> list[Message]:
            found = []
            for conversation in await tx.conversations(channel="telegram", limit=100):
                found += await tx.messages(conversation.id, limit=10_000)
            return found

        return [m for m in await self.world.store.read(work) if not authors or m.author in authors]

    async def conversation(self, customer: Customer) -> Any:
        """Return a customer's conversation."""
        return await self.world.conversation(str(customer.chat.id), "telegram")

    @property
    def clock(self) -> FakeClock:
        return self.world.clock


@contextlib.asynccontextmanager
async def a_line(*, sends: bool = True, **settings: str) -> AsyncIterator[Line]:
    """Start everything, and tell the platform our address; without `sends` nothing goes out."""
    clock = FakeClock()
    async with FakeTelegram(clock=clock, scale=0.005) as fake:
        line = Line(fake=fake, world=World(clock=clock), settings=settings)
        line.world.channels_of = lambda world: {"telegram": line.channel_of()}
        await line.world.start()
        await line.channel.start()
        part = line.reception()
        deps = WebDeps(
            store=FakeStore(),  # type: ignore[arg-type]
            engine=FakeEngine(),  # type: ignore[arg-type]
            metrics=Metrics(),
            public_url="",
            version="0",
            parts=(part,),
        )
        server = WebServer(create_app(deps), port=0, parts=deps.parts)
        await server.start()
        line.url = f"http://127.0.0.1:{server.port}/webhooks/telegram"
        sender = asyncio.create_task(line.world.deliveries.run() if sends else asyncio.sleep(0))
        try:
            if not line.accounts["default"].polls:
                await line.set_webhook()
            yield line
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await line.world.deliveries.drain(0.1)
            await line.world.fetching.stop()
            await fake.bot.courier.close()  # the server would wait for its connections
            await server.stop(drain=0.5)
            await line.channel.stop()
