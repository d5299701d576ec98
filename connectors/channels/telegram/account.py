"""A Telegram bot and the keys to it, read from settings. Pure, and quick to import."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.setting_types import Secret, choice, is_open_http, service_url

API_URL = "https://api.telegram.org"
PATH = "/webhooks/telegram"
LINK = "link"
DEFAULT = "default"
"""The name of the bot that the settings themselves describe."""
WEBHOOK, POLLING = "webhook", "polling"
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{16,128}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One bot. With `webhook` Telegram calls us and shows `secret`, with `polling` we ask it."""

    name: str
    token: Secret
    secret: Secret = field(default_factory=Secret)
    mode: str = WEBHOOK
    api_url: str = API_URL

    @property
    def path(self) -> str:
        """Return where its webhook is on our server."""
        return PATH if self.name == DEFAULT else f"{PATH}/{self.name}"

    @property
    def polls(self) -> bool:
        """Say whether we ask for updates ourselves."""
        return self.mode == POLLING


def read(name: str, table: Mapping[str, object]) -> Account:
    """Return the account that a table of settings describes; empty values count as absent.

    Raises ValueError, which names every problem and repeats no secret.
    """
    problems = [f"{key} is not a setting of Telegram" for key in sorted(set(table) - set(_PARSERS))]
    given = {key: value for key, value in table.items() if key in _PARSERS and value not in ("", None)}
    values: dict[str, object] = {}
    for key, value in given.items():
        try:
            values[key] = _PARSERS[key](_as_text(value))
        except ValueError as error:
            problems.append(f"{key} {error}")
    if name == LINK:
        problems.append(f"an account cannot be called {LINK}: /webhooks/telegram/{LINK} makes links")
    if "token" not in given:
        problems.append("token is missing")
    if "secret" not in given and values.get("mode") != POLLING:
        problems.append("secret is missing (openssl rand -hex 32), or set mode to polling")
    if problems:
        raise ValueError("; ".join(problems))
    return Account(name=name, **values)  # type: ignore[arg-type]


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - a wrong setting, as all the others
    return value.strip()


def _token(value: str) -> Secret:
    if not _TOKEN.fullmatch(value):
        raise ValueError("must be what @BotFather gives, such as 123456789:AA...")
    return Secret(value)


def _secret(value: str) -> Secret:
    if not _SECRET.fullmatch(value):
        raise ValueError("must have 16 to 256 letters, digits, _ and - (openssl rand -hex 32)")
    return Secret(value)


def _api_url(value: str) -> str:
    address = service_url(value)
    if is_open_http(address):
        raise ValueError("must begin with https://: the token would travel in the open")
    return address


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "token": _token,
    "secret": _secret,
    "mode": choice(WEBHOOK, POLLING),
    "api_url": _api_url,
}
KEYS = tuple(_PARSERS)
"""The settings of an account, as in a table of BATON_ACCOUNTS and, in capitals, in the environment."""
