"""The methods by which a bot is told things, and asks about files and itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.fake_telegram.courier import Webhook
from tests.fake_telegram.errors import Refused, bad, flood
from tests.fake_telegram.params import Params

if TYPE_CHECKING:
    from tests.fake_telegram.bot import Bot

PORTS = {80, 88, 443, 8443}

# --- files and the bot itself --------------------------------------------------------------------


async def get_file(bot: Bot, params: Params) -> Any:
    """Give a file's address."""
    file = bot.fake.shelf.find(bot.user.id, params.text("file_id"))
    return bot.fake.shelf.describe(file, bot.fake.clock.now())


async def get_me(bot: Bot, params: Params) -> Any:
    """Say who the bot is."""
    return bot.user.told() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


# --- receiving -----------------------------------------------------------------------------------


async def get_updates(bot: Bot, params: Params) -> Any:
    """Hand out what is new; not beside a webhook, and to one asker at a time."""
    if bot.courier.webhook.url:
        details = "can't use getUpdates method while webhook is active"
        raise Refused(409, f"{details}; use deleteWebhook to delete the webhook first")
    bot.updates.choose(params.object("allowed_updates", list, "allowed updates"))
    found = await bot.updates.poll(
        params.number("offset"),
        params.number("limit", 100),
        min(50, max(0, params.number("timeout"))),
        bot.fake.clock.now(),
    )
    return [update.body for update in found]


async def set_webhook(bot: Bot, params: Params) -> Any:
    """Take the webhook's address; an empty one removes it."""
    url, secret = params.text("url"), params.text("secret_token")
    if not url:
        return await delete_webhook(bot, params)
    _check_url(url, local=bot.fake.local)
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    connections = params.number("max_connections", 40)
    if not 1 <= connections <= 100:
        raise bad("max_connections must be between 1 and 100")
    now, old = bot.fake.clock.now(), bot.courier.webhook
    allowed = params.object("allowed_updates", list, "allowed updates")
    same = (old.url, old.secret, old.connections) == (url, secret, connections)
    bot.drop_pending(params)
    if same and (allowed is None or frozenset(allowed) == bot.updates.allowed):
        return True
    # More than one change a second is refused.
    if old.set_at and (now - old.set_at).total_seconds() < 1:
        raise flood(1)
    bot.updates.choose(allowed)
    bot.updates.interrupt("terminated by setWebhook request")
    bot.courier.start(Webhook(url=url, secret=secret, connections=connections, set_at=now))
    return True


def _check_url(url: str, *, local: bool) -> None:
    """The address must be https on one of four ports; a Bot API server of one's own takes any."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise bad("bad webhook: invalid webhook URL specified")
    if local:
        return
    if parts.scheme != "https":
        raise bad("bad webhook: HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


async def delete_webhook(bot: Bot, params: Params) -> Any:
    """Forget the webhook."""
    bot.drop_pending(params)
    if bot.courier.webhook.url:
        bot.courier.start(Webhook())
    return True


async def get_webhook_info(bot: Bot, params: Params) -> Any:
    """Say how the webhook does; fields that have nothing to say are missing."""
    webhook = bot.courier.webhook
    info: dict[str, Any] = {
        "url": webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(bot.updates.pending),
    }
    if webhook.url:
        info |= {"max_connections": webhook.connections, "ip_address": "127.0.0.1"}
    if webhook.error and webhook.error_at:
        info |= {"last_error_date": int(webhook.error_at.timestamp()), "last_error_message": webhook.error}
    if bot.updates.allowed:
        info["allowed_updates"] = sorted(bot.updates.allowed)
    return info
