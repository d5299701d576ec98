"""What `baton doctor` says of a bot: what Telegram knows of it and of its webhook, and what to do.

It never asks for updates: that would end the poll of a running server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.ports import MetricsPort
from connectors.channels.core.health import Finding
from connectors.channels.telegram.account import API_URL, Account
from connectors.channels.telegram.parse import ALLOWED

RECENT = timedelta(hours=1)
"""An older error of the webhook is history."""
MANY = 100
"""Updates that wait; fewer are a moment's business."""
PORTS = frozenset({80, 88, 443, 8443})


async def look(account: Account, metrics: MetricsPort, *, public_url: str, now: datetime) -> list[Finding]:
    """Ask Telegram about the bot and its webhook, once each, and say what is found. Never raises."""
    # Here, because the library takes more than a second to import.
    from connectors.channels.telegram.client import Client
    from connectors.channels.telegram.refusals import Conflict, Lost, Refused

    client = Client(account, metrics)
    await client.start()
    try:
        me, info = await client.me(), await client.webhook_info()
    except Refused as refused:
        return [Finding(level="fail", detail=refused.rule.words, advice=refused.rule.advice or _NETWORK)]
    except (Lost, Conflict):
        return [Finding(level="fail", detail=f"{account.api_url} gave no clear answer", advice=_NETWORK)]
    finally:
        await client.stop()
    return findings(account, me, info, public_url=public_url, now=now)


def findings(
    account: Account, me: Mapping[str, Any], info: Mapping[str, Any], *, public_url: str, now: datetime
) -> list[Finding]:
    """Return what Telegram's answers to getMe and getWebhookInfo mean for an account."""
    name, waiting = me.get("username", "?"), _number(info.get("pending_update_count"))
    first = Finding(level="ok", detail=f"@{name} ({account.mode}), {waiting} waiting")
    more = [*(_polling(info) if account.polls else _webhook(account, info, public_url, now))]
    if waiting >= MANY and not more:
        more.append(Finding(level="warn", detail=f"{waiting} updates wait", advice=_WAITING))
    return [first, *more]


def _polling(info: Mapping[str, Any]) -> Iterator[Finding]:
    if info.get("url"):
        detail = f"A webhook is set, at {host_of(info['url'])}: nothing comes by polling"
        yield Finding(level="warn", detail=detail, advice=_UNSET)


def _webhook(
    account: Account, info: Mapping[str, Any], public_url: str, now: datetime
) -> Iterator[Finding]:
    wanted = public_url.rstrip("/") + account.path
    parts = urlsplit(wanted)
    # A Bot API server of one's own calls http too; nobody calls an address that is not there.
    if not parts.scheme or (account.api_url == API_URL and parts.scheme != "https"):
        yield Finding(level="fail", detail="There is no https address for the webhook", advice=_PUBLIC)
        return
    if account.api_url == API_URL and (parts.port or 443) not in PORTS:
        yield Finding(level="fail", detail=f"Telegram does not call port {parts.port}", advice=_PORT)
    url = str(info.get("url", ""))
    if not url:
        yield Finding(level="warn", detail="No webhook is set yet", advice=_SET)
        return
    if url != wanted:
        yield Finding(level="fail", detail=f"Telegram calls {host_of(url)}, not {wanted}", advice=ELSEWHERE)
    yield from _error(info, now)
    missing = set(ALLOWED) - set(info.get("allowed_updates") or ALLOWED)
    if missing:
        detail = f"Telegram does not tell of: {', '.join(sorted(missing))}"
        yield Finding(level="warn", detail=detail, advice=_SET)


def _error(info: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """Say what went wrong lately at the webhook; Telegram keeps the last error for good."""
    at, words = moment_of(info.get("last_error_date")), str(info.get("last_error_message", ""))
    if at is None or not words or now - at > RECENT:
        return
    minutes = max(0, int((now - at).total_seconds() // 60))
    waiting = _number(info.get("pending_update_count"))
    # With nothing that waits, it went well afterwards.
    level = "fail" if waiting else "warn"
    yield Finding(level=level, detail=f"{minutes} min ago: {words}", advice=advice_for(words))


def advice_for(words: str) -> str:
    """Return what to do about an error that Telegram tells of a webhook."""
    lowered = words.lower()
    return next((advice for part, advice in _ADVICE if part in lowered), _REACH)


def host_of(url: object) -> str:
    """Return whose address it is; the path may hold somebody's secret."""
    return urlsplit(str(url)).hostname or "an address without a host"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def moment_of(value: object) -> datetime | None:
    """Return a time that Telegram tells in seconds."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and 0 < value < 2**40 else None


_NETWORK = "Look at the network, a firewall, and BATON_TELEGRAM_API_URL."
_PUBLIC = "Set BATON_PUBLIC_URL to your https address, or BATON_TELEGRAM_MODE=polling."
_PORT = "Let BATON_PUBLIC_URL be on port 443, 80, 88 or 8443."
_SET = "Start Baton: it sets the webhook. If it runs, look for telegram_webhook_refused in its log."
_UNSET = (
    "Start Baton: it removes the webhook, also while it runs. If that comes back, another program uses "
    "this bot's token."
)
ELSEWHERE = (
    "Start Baton: it sets the webhook. If that changes again, another program uses this bot's token: "
    "get a new one from @BotFather (/revoke)."
)
_WAITING = "Is Baton running? It takes them in as soon as it does; Telegram keeps them for 24 hours."
_REACH = "Open BATON_PUBLIC_URL/health/live from outside: a firewall, a proxy or the DNS may stand between."
_ADVICE = (
    ("401", "The secret differs from what Telegram was told: start Baton, which sets it anew."),
    ("403", "Something before Baton refuses: a proxy or a firewall."),
    ("404", "Let your proxy pass /webhooks/telegram on to Baton as it is."),
    ("413", "Let your proxy pass bodies of up to 256 kB."),
    ("502", "Your proxy does not reach Baton: is it running?"),
    ("503", "Baton could not store what came: look at the store, and at Baton's log."),
    ("504", "Your proxy waits for Baton in vain: is it running?"),
    ("500", "Baton failed: look for telegram_update_broke in its log."),
    ("ssl", "The certificate must be of a public authority, for this name, with its whole chain."),
    ("certificate", "The certificate must be of a public authority, for this name, with its whole chain."),
    ("resolve host", "The name of BATON_PUBLIC_URL is not in the DNS."),
    ("refused", "Nothing listens where BATON_PUBLIC_URL points."),
)
"""Part of Telegram's words, in small letters, and what to do; the first that fits counts."""
