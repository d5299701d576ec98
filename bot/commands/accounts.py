"""What `baton doctor` finds of the push channels: each account, as its platform sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any

from bot.accounts import Accounts, read_accounts
from bot.clock import SystemClock
from bot.commands.findings import Finding
from bot.domain.errors import ConfigError
from bot.settings import Settings


def look_at_accounts(settings: Settings) -> Iterator[Finding]:
    """Ask each platform about each account, one finding after the other."""
    try:
        accounts = read_accounts(settings)
    except ConfigError as error:
        advice = "mend the settings; the guides are in connectors/channels/"
        detail = " ".join(line.strip("- ") for line in error.message.splitlines()[1:])
        yield Finding(level="fail", what="accounts", detail=detail, advice=advice)
        return
    for kind, name, look in _looks(accounts, settings):
        what = kind if name == "default" else f"{kind} {name}"
        for found in asyncio.run(_collected(look)):
            yield Finding(level=found.level, what=what, detail=found.detail, advice=found.advice)


def _looks(
    accounts: Accounts, settings: Settings
) -> Iterator[tuple[str, str, Callable[[], Awaitable[Iterable[Any]]]]]:
    from bot.web.metrics import Metrics

    metrics = Metrics()
    if accounts.telegram:
        from connectors.channels.telegram import health as telegram

        url, now = settings.public_url, SystemClock().now()
        for name, account in accounts.telegram.items():
            yield "telegram", name, partial(telegram.look, account, metrics, public_url=url, now=now)
    if accounts.whatsapp:
        from connectors.channels.whatsapp import health as whatsapp

        for name, account in accounts.whatsapp.items():
            yield "whatsapp", name, partial(whatsapp.look, account, metrics)


async def _collected(look: Callable[[], Awaitable[Iterable[Any]]]) -> list[Any]:
    return list(await look())
