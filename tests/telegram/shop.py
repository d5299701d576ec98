"""A bot on the fake platform: the channel, its reception, and a core that only remembers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.bus.memory import MemoryBus
from bot.domain.arrival import Arrival
from bot.domain.errors import UnknownFile
from bot.domain.message import Attachment, IdentityClaim, Message
from bot.ports import Sending, Sent
from bot.setting_types import Secret
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.channel import TelegramChannel
from connectors.channels.telegram.reception import TelegramReception
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.support.clock import FakeClock
from tests.support.metrics import Counts
from tests.telegram.kit import SECRET
from tests.web.fakes import FakeEngine, FakeStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    name: str
    mime: str
    kind: str
    size: int
    stream: AsyncIterator[bytes]


@dataclass
class Files:
    """Our own files, in memory."""

    kept: dict[str, tuple[Attachment, bytes]] = field(default_factory=dict)
    fail: list[Exception] = field(default_factory=list)

    def put(
        self, data: bytes, *, mime: str, kind: str = "file", name: str = "a", size: int = 0
    ) -> Attachment:
        url = f"media:{len(self.kept)}"
        attachment = Attachment(kind=kind, url=url, name=name, mime=mime, size=size or len(data))
        self.kept[url] = attachment, data
        return attachment

    async def open(self, attachment: Attachment) -> Stored:
        if self.fail:
            raise self.fail.pop(0)
        if attachment.url not in self.kept:
            raise UnknownFile
        of, data = self.kept[attachment.url]
        return Stored(name=of.name, mime=of.mime, kind=of.kind, size=of.size or 0, stream=self._read(data))

    async def _read(self, data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1_000):
            yield data[start : start + 1_000]


@dataclass
class Core:
    """Remembers what arrives; `fail` is raised in place of that, once each."""

    taken: list[Arrival] = field(default_factory=list)
    fail: list[Exception] = field(default_factory=list)

    async def take(self, arrival: Arrival) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.taken.append(arrival)

    @property
    def texts(self) -> list[str]:
        return [getattr(one, "text", "") for one in self.taken]


class NoLinks:
    """Nobody has a link."""

    async def make(self, claim: IdentityClaim) -> str:
        return "token"

    async def claim(self, token: str, *, channel: str, account: str, address: str) -> IdentityClaim | None:
        return None


@dataclass
class Shop:
    """A bot of a business on the fake platform."""

    fake: FakeTelegram
    clock: FakeClock
    mode: str = "webhook"
    token: str = TOKEN
    public_url: str = "http://127.0.0.1:1"
    max_file: int = 1_000_000
    others: Mapping[str, Account] = field(default_factory=dict)
    """Further bots."""

    def __post_init__(self) -> None:
        self.metrics, self.files, self.core = Counts(), Files(), Core()
        self.account = Account(
            name="default",
            token=Secret(self.token),
            secret=Secret(SECRET),
            mode=self.mode,
            api_url=self.fake.url,
        )
        accounts = {"default": self.account, **self.others}
        self.channel = TelegramChannel(
            accounts=accounts,
            files=self.files,
            clock=self.clock,
            metrics=self.metrics,
            max_file=self.max_file,
        )
        self.reception = TelegramReception(
            accounts=accounts,
            channel=self.channel,
            arrivals=self.core,
            links=NoLinks(),
            words=lambda name: name,
            bus=MemoryBus(self.clock),
            clock=self.clock,
            metrics=self.metrics,
            public_url=self.public_url,
            identity_secret="",
        )

    async def send(self, message: Message, address: str, part: int = 0) -> Sent:
        """Send one part, as deliveries do: when the pace allows it."""
        await self.channel.ready(account="default", address=address)
        sending = Sending(message=message, account="default", address=address, part=part)
        return await self.channel.send(sending)

    async def fetch(self, attachment: Attachment) -> bytes:
        return b"".join([part async for part in self.channel.fetch(attachment, account="default")])

    def outcomes(self, what: str) -> dict[str, int]:
        """Return how often calls of a kind ended how."""
        found = self.metrics.counted.items()
        return {key[2]: n for key, n in found if key[:2] == ("telegram_calls", what)}

    @property
    def alarms(self) -> float:
        return self.reception.gauges()["telegram_alarms"]


@contextlib.asynccontextmanager
async def a_shop(fake: FakeTelegram, clock: FakeClock, **more: Any) -> AsyncIterator[Shop]:
    """Open the channel; nothing is received."""
    shop = Shop(fake=fake, clock=clock, **more)
    await shop.channel.start()
    try:
        yield shop
    finally:
        await shop.reception.stop()
        await shop.channel.stop()


@contextlib.asynccontextmanager
async def served(shop: Shop) -> AsyncIterator[str]:
    """Serve the reception; return where its webhook is."""
    deps = WebDeps(
        store=FakeStore(),  # type: ignore[arg-type]
        engine=FakeEngine(),  # type: ignore[arg-type]
        metrics=Metrics(),
        public_url="",
        version="0",
        parts=(shop.reception,),
    )
    server = WebServer(create_app(deps), port=0, parts=deps.parts)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/webhooks/telegram"
    finally:
        await server.stop(drain=0.5)
