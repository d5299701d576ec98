"""A WhatsApp number and the keys to it, read from settings. Pure, and quick to import."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.setting_types import Secret, boolean, is_open_http, secret, service_url

API_URL = "https://graph.facebook.com"
API_VERSION = "v25.0"
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}", re.ASCII)
_NUMBER_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?", re.ASCII)
REQUIRED = ("token", "app_secret", "verify_token", "phone_number_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One number. `template` is sent when the 24 hours are over; without one nothing is sent then.

    `join_bubbles` says that several short messages of one turn are sent as one, which costs less.
    """

    name: str
    token: Secret
    app_secret: Secret
    verify_token: Secret
    phone_number_id: str
    api_url: str = API_URL
    api_version: str = API_VERSION
    template: str = ""
    template_language: str = "en"
    join_bubbles: bool = False

    @property
    def base(self) -> str:
        """Return the address that every call begins with."""
        return f"{self.api_url}/{self.api_version}"


def read(name: str, table: Mapping[str, object]) -> Account:
    """Return the account that a table of settings describes; empty values count as absent.

    Raises ValueError, which names every problem and repeats no secret.
    """
    problems = [f"{key} is not a setting of WhatsApp" for key in sorted(set(table) - set(_PARSERS))]
    given = {key: value for key, value in table.items() if key in _PARSERS and value not in ("", None)}
    problems += [f"{key} is missing" for key in REQUIRED if key not in given]
    values: dict[str, object] = {}
    for key, value in given.items():
        try:
            values[key] = _PARSERS[key](_as_text(value))
        except ValueError as error:
            problems.append(f"{key} {error}")
    if "template_language" in given and "template" not in given:
        problems.append("template_language is set, but template is not")
    if problems:
        raise ValueError("; ".join(problems))
    return Account(name=name, **values)  # type: ignore[arg-type]


def _as_text(value: object) -> str:
    """Take what TOML has beside texts: yes and no, and ids that were written as numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - a wrong setting, as all the others
    return value.strip()


def _api_url(value: str) -> str:
    address = service_url(value)
    if is_open_http(address):
        raise ValueError("must begin with https://: the token would travel in the open")
    return address


def _like(pattern: re.Pattern[str], example: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be like {example}")
        return value

    return parse


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "token": secret(1),
    "app_secret": secret(1),
    "verify_token": secret(1),
    "phone_number_id": _like(_NUMBER_ID, "106540352242922 (the number's id, not the number itself)"),
    "api_url": _api_url,
    "api_version": _like(_VERSION, API_VERSION),
    "template": _like(_TEMPLATE, "reply_to_continue (small letters, digits and _)"),
    "template_language": _like(_LANGUAGE, "en or en_US"),
    "join_bubbles": boolean,
}
KEYS = tuple(_PARSERS)
"""The settings of an account, as in a table of BATON_ACCOUNTS and, in capitals, in the environment."""


def by_number(accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Return the accounts by their number's id. Raises ValueError when two have the same number."""
    found: dict[str, Account] = {}
    for account in accounts.values():
        other = found.setdefault(account.phone_number_id, account)
        if other is not account:
            raise ValueError(f"whatsapp accounts {other.name} and {account.name} have the same number")
    return found
