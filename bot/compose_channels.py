"""Builds the push channels from their accounts: the part of the composition that knows the connectors.

They are imported only where an account asks for them: a server without these channels starts faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.accounts import Accounts
from bot.domain.media import media_id
from bot.domain.message import Attachment
from bot.http.routes import Part
from bot.ports import Bus, Channel, Clock, MetricsPort, Sentences, Store
from bot.services.arrivals import Arrivals
from bot.services.files import StoredFiles
from bot.services.links import Links
from bot.services.media_links import MediaLinks
from bot.settings import Settings, identity_secret, secret_key


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What channels are built on."""

    settings: Settings
    accounts: Accounts
    clock: Clock
    store: Store
    bus: Bus
    metrics: MetricsPort
    sentences: Sentences

    def words(self, name: str) -> str:
        """Return one of the trainers' responses as plain text; empty if there is none."""
        try:
            return str(self.sentences.render(name).text)
        except KeyError:
            return ""

    @property
    def file_url(self) -> Callable[[Attachment], str] | None:
        """Return what gives our files whole addresses; None while nobody outside can reach us."""
        if not self.settings.public_url:
            return None
        links = MediaLinks(secret=secret_key(self.settings).reveal(), clock=self.clock)
        base = self.settings.base_url
        return lambda file: base + links.path(media_id(file), file.name) if media_id(file) else file.url


def push_channels(ground: Ground) -> dict[str, Channel]:
    """Return the channels that have accounts, by name."""
    accounts, found = ground.accounts, dict[str, Channel]()
    common: dict[str, Any] = {
        "files": StoredFiles(ground.store),
        "clock": ground.clock,
        "metrics": ground.metrics,
        "max_file": ground.settings.media_max_mb * 1_000_000,
    }
    if accounts.telegram:
        from connectors.channels.telegram.channel import TelegramChannel

        found["telegram"] = TelegramChannel(accounts=accounts.telegram, **common)
    if accounts.whatsapp:
        from connectors.channels.whatsapp.channel import WhatsAppChannel

        found["whatsapp"] = WhatsAppChannel(
            accounts=accounts.whatsapp, words=ground.words, file_url=ground.file_url, **common
        )
    return found


def receptions(ground: Ground, channels: Mapping[str, Channel], arrivals: Arrivals) -> list[Part]:
    """Return what is served for the channels: their webhooks, and what polls for them."""
    found: list[Part] = []
    accounts = ground.accounts
    common: dict[str, Any] = {"arrivals": arrivals, "clock": ground.clock, "metrics": ground.metrics}
    telegram_channel: Any = channels.get("telegram")
    whatsapp_channel: Any = channels.get("whatsapp")
    if accounts.telegram and telegram_channel is not None:
        from connectors.channels.telegram.reception import TelegramReception

        telegram = TelegramReception(
            accounts=accounts.telegram,
            channel=telegram_channel,
            links=Links(store=ground.store, clock=ground.clock),
            words=ground.words,
            bus=ground.bus,
            public_url=ground.settings.public_url,
            identity_secret=identity_secret(ground.settings).reveal(),
            **common,
        )
        found.append(telegram)
    if accounts.whatsapp and whatsapp_channel is not None:
        from connectors.channels.whatsapp.reception import WhatsAppReception

        troubles = whatsapp_channel.troubles
        found.append(WhatsAppReception(accounts=accounts.whatsapp, troubles=troubles, **common))
    return found
