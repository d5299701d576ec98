"""A business on the fake platform: the channel, its webhook, and a core that only remembers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.arrival import Arrival
from bot.domain.errors import UnknownFile
from bot.domain.message import Attachment, Message
from bot.ports import Clock, Sending
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.channel import WhatsAppChannel
from connectors.channels.whatsapp.reception import WhatsAppReception
from tests.fake_whatsapp import FakeWhatsApp
from tests.support.clock import FakeClock
from tests.support.metrics import Counts
from tests.whatsapp.kit import NOW, account


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    name: str
    mime: str
    kind: str
    size: int
    stream: AsyncIterator[bytes]


@dataclass
class FakeFiles:
    """Our own files, in memory."""

    kept: dict[str, tuple[Attachment, bytes]] = field(default_factory=dict)

    def put(self, data: bytes, *, kind: str, mime: str, name: str) -> Attachment:
        attachment = Attachment(
            kind=kind, url=f"media:{len(self.kept)}", name=name, mime=mime, size=len(data)
        )
        self.kept[attachment.url] = attachment, data
        return attachment

    async def open(self, attachment: Attachment) -> Stored:
        if attachment.url not in self.kept:
            raise UnknownFile
        of, data = self.kept[attachment.url]
        return Stored(name=of.name, mime=of.mime, kind=of.kind, size=len(data), stream=self._read(data))

    async def _read(self, data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1_000):
            yield data[start : start + 1_000]


@dataclass
class FakeCore:
    """Remembers what arrives; `fail` is raised in place of that, once each."""

    taken: list[Arrival] = field(default_factory=list)
    fail: list[Exception] = field(default_factory=list)

    async def take(self, arrival: Arrival) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.taken.append(arrival)


@dataclass
class Shop:
    """A business on the fake platform: the channel, its webhook and what is behind them."""

    fake: FakeWhatsApp
    clock: Clock
    account: Account
    metrics: Counts = field(default_factory=Counts)
    files: FakeFiles = field(default_factory=FakeFiles)
    core: FakeCore = field(default_factory=FakeCore)
    max_file: int = 1_000_000
    words: dict[str, str] = field(default_factory=lambda: {"utter_system_show_choices": "Options"})
    file_url: Any = None

    def __post_init__(self) -> None:
        self.channel = WhatsAppChannel(
            accounts={self.account.name: self.account},
            files=self.files,
            clock=self.clock,
            metrics=self.metrics,
            max_file=self.max_file,
            words=self.words.__getitem__,
            file_url=self.file_url,
        )
        self.reception = WhatsAppReception(
            accounts={self.account.name: self.account},
            arrivals=self.core,
            troubles=self.channel.troubles,
            clock=self.clock,
            metrics=self.metrics,
        )

    async def send(self, message: Message, address: str, **more: Any) -> list[str]:
        """Send all parts as the core does; return the platform's ids."""
        ids = []
        sending = Sending(message=message, account="default", address=address, **more)
        while True:
            await self.channel.ready(account="default", address=address)
            sent = await self.channel.send(sending)
            ids.append(sent.external_id)
            if not sent.more:
                return ids
            sending = replace(sending, part=sending.part + 1)


@contextlib.asynccontextmanager
async def a_shop(**more: Any) -> AsyncIterator[Shop]:
    """Start the platform and the channel."""
    clock = FakeClock(NOW)
    settings = more.pop("settings", {})
    async with FakeWhatsApp(clock=clock) as fake:
        fake.courier.gaps = (0.01, 0.02, 0.04)
        shop = Shop(fake=fake, clock=clock, account=account(url=fake.url, **settings), **more)
        await shop.channel.start()
        try:
            yield shop
        finally:
            await shop.channel.stop()
