"""Baton with a WhatsApp number: real services, a real webhook, and the strict platform on the other side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.media import media_id
from bot.domain.message import Attachment, Author, Delivery, Message
from bot.services.files import StoredFiles
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.whatsapp.account import read
from connectors.channels.whatsapp.channel import WhatsAppChannel
from connectors.channels.whatsapp.reception import WhatsAppReception
from tests.fake_whatsapp import NUMBER, Customer, FakeWhatsApp, Number
from tests.support.clock import FakeClock
from tests.support.metrics import Counts
from tests.support.world import World
from tests.web.fakes import FakeEngine, FakeStore

TEMPLATE = "reply_waiting"
UNSENT = {Delivery.PENDING, Delivery.SENDING}


@dataclass
class Line:
    """One installation and the platform. Time moves when a test moves it."""

    fake: FakeWhatsApp
    world: World
    settings: dict[str, str] = field(default_factory=dict)
    metrics: Counts = field(default_factory=Counts)
    url: str = ""

    def channel_of(self) -> WhatsAppChannel:
        """Make the channel as the composition does, from settings."""
        names = ["default", *(f"number{n}" for n in range(2, len(self.fake.numbers) + 1))]
        pairs = zip(names, self.fake.numbers.values(), strict=True)
        self.accounts = {name: read(name, self.table(number)) for name, number in pairs}
        self.channel = WhatsAppChannel(
            accounts=self.accounts,
            files=StoredFiles(self.world.store),
            clock=self.world.clock,
            metrics=self.metrics,
            max_file=2_000_000,
            words=lambda name: "Options",
        )
        return self.channel

    def table(self, number: Number) -> dict[str, str]:
        """Return the settings of one number."""
        return {
            "token": number.token,
            "app_secret": number.app_secret,
            "verify_token": number.verify_token,
            "phone_number_id": number.id,
            "api_url": self.fake.url,
            "template": TEMPLATE,
            **self.settings,
        }

    def account_of(self, number: Number) -> str:
        return next(name for name, one in self.accounts.items() if one.phone_number_id == number.id)

    def reception(self) -> WhatsAppReception:
        return WhatsAppReception(
            accounts=self.accounts,
            arrivals=self.world.arrivals,
            troubles=self.channel.troubles,
            clock=self.world.clock,
            metrics=self.metrics,
        )

    # --- waiting

    async def settle(self, *, seconds: float = 20.0) -> None:
        """Wait until nobody has anything left to do; time moves on only for what is tried again."""
        loop = asyncio.get_running_loop()
        deadline, quiet = loop.time() + seconds, 0
        while quiet < 3:
            assert loop.time() < deadline, f"still on its way: {await self.unsent()}"
            await self.fake.courier.settle()
            await self.world.idle()
            self.world.deliveries.wake()
            while await self.world.timers.run_due():
                pass
            await asyncio.sleep(0.003)
            busy = bool(
                self.world.deliveries._tasks or self.world.fetching._tasks or self.world.typing._tasks
            )
            waiting = bool(await self.unsent())
            quiet = 0 if busy or waiting else quiet + 1
            if waiting and not self.world.deliveries._tasks:
                await self.clock.advance(1.0)
            elif waiting and self.clock.sleepers:
                await self.clock.advance(0.5)

    async def pass_time(self, minutes: int) -> None:
        """Let time pass, and do what becomes due."""
        for _ in range(minutes):
            await self.world.pass_time(1)
            await self.settle()

    # --- files

    async def upload(self, conversation_id: str, data: bytes, name: str) -> str:
        """Let the agent Ana upload a file."""

        async def stream() -> AsyncIterator[bytes]:
            yield data

        kept = await self.world.media.keep_for_agent(
            stream(), name=name, agent_id="ana", conversation_id=conversation_id
        )
        return media_id(kept)

    async def content(self, attachment: Attachment) -> bytes:
        """Return a stored file."""
        media = await self.world.media.find(media_id(attachment))
        assert media, f"not stored: {attachment}"
        return b"".join([part async for part in self.world.media.read(media)])

    # --- looking

    async def unsent(self) -> list[str]:
        """Return what has no fate yet."""
        return [m.text for m in await self.messages() if m.delivery in UNSENT]

    async def messages(self, *authors: Author) -> list[Message]:
        """Return all messages of the channel, of these authors or of all."""

        async def work(tx: Any) -> list[Message]:
            found = []
            for conversation in await tx.conversations(channel="whatsapp", limit=100):
                found += await tx.messages(conversation.id, limit=10_000)
            return found

        return [m for m in await self.world.store.read(work) if not authors or m.author in authors]

    async def conversation(self, customer: Customer) -> Any:
        """Return a customer's conversation, whatever they are known by."""
        for identity in (customer.identity, *reversed(customer.former)):
            for address in (identity.bsuid, identity.phone):
                place = ("whatsapp", self.account_of(customer.number), address)
                found = address and await self.world.store.read(
                    lambda tx, place=place: tx.identity(*place)  # type: ignore[misc]
                )
                if found:
                    return await self.world.store.read(
                        lambda tx, f=found: tx.conversation(f.conversation_id)  # type: ignore[misc]
                    )
        raise AssertionError("nobody knows this customer")

    @property
    def clock(self) -> FakeClock:
        return self.world.clock


@contextlib.asynccontextmanager
async def a_line(
    *, sends: bool = True, numbers: tuple[Number, ...] = (NUMBER,), **settings: str
) -> AsyncIterator[Line]:
    """Start everything, and register the webhook with the platform; without `sends` nothing goes out."""
    clock = FakeClock()
    async with FakeWhatsApp(*numbers, clock=clock) as fake:
        fake.courier.gaps = (0.02, 0.04, 0.08, 0.16, 0.32)
        fake.template(TEMPLATE, "We have an answer for you. Write to us to read it.")
        line = Line(fake=fake, world=World(clock=clock), settings=settings)
        line.world.channels_of = lambda world: {"whatsapp": line.channel_of()}
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
        line.url = f"http://127.0.0.1:{server.port}/webhooks/whatsapp"
        sender = asyncio.create_task(line.world.deliveries.run() if sends else asyncio.sleep(0))
        try:
            assert await fake.register(line.url)
            yield line
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await line.world.deliveries.drain(0.1)
            await line.world.fetching.stop()
            await fake.courier.close()  # the server would wait for its connections
            await server.stop(drain=0.5)
            await line.channel.stop()
