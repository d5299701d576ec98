"""Decides what really comes from Telegram: by the secret that we told it when we set the webhook. Pure."""

from __future__ import annotations

from bot.domain.errors import NotSignedIn
from connectors.channels.telegram.account import Account

HEADER = "x-telegram-bot-api-secret-token"


def check_secret(account: Account, given: str) -> None:
    """Let an update pass that shows the account's secret; compared in constant time.

    Raises NotSignedIn, also for an account that has none: it polls, and nobody is to call.
    """
    # Ours is ASCII; what is not comes as halves of characters, which cannot even be compared.
    if not account.secret or not given.isascii() or not account.secret.matches(given):
        raise NotSignedIn("The secret token of the webhook is missing or wrong.")
