"""A bot is read from settings, and everything that is wrong with it is named at once."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from connectors.channels.telegram.account import KEYS, read
from tests.telegram.kit import SECRET, TOKEN

FULL: dict[str, object] = {"token": TOKEN, "secret": SECRET}


def test_an_account_with_its_defaults() -> None:
    account = read("shop", FULL)
    assert (account.name, account.token.reveal(), account.secret.reveal()) == ("shop", TOKEN, SECRET)
    assert (account.mode, account.polls, account.api_url) == ("webhook", False, "https://api.telegram.org")


def test_no_secret_is_shown() -> None:
    shown = f"{read('shop', FULL)!r} {read('shop', FULL)}"
    assert TOKEN not in shown
    assert SECRET not in shown


def test_everything_may_be_set() -> None:
    more = {"mode": "Polling", "api_url": "http://127.0.0.1:8081/"}
    account = read("shop", FULL | more)
    assert account.polls
    assert account.api_url == "http://127.0.0.1:8081"
    assert set(FULL) | set(more) == set(KEYS)


def test_polling_needs_no_secret() -> None:
    account = read("shop", {"token": TOKEN, "mode": "Polling", "secret": ""})
    assert account.polls
    assert not account.secret


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": ""}, "token is missing"),
        ({"token": None}, "token is missing"),
        ({"secret": ""}, "secret is missing"),
        ({"mode": "webhook", "secret": ""}, "set mode to polling"),
        ({"colour": "red"}, "colour is not a setting of Telegram"),
        ({"token": "hidden-value"}, "token must be what @BotFather gives"),
        ({"token": f"{TOKEN} x"}, "token must be what @BotFather gives"),
        ({"secret": "hidden value with space"}, "secret must have 16 to 256 letters"),
        ({"secret": "hidden-short"}, "secret must have 16 to 256 letters"),
        ({"secret": "hidden" * 50}, "secret must have 16 to 256 letters"),
        ({"secret": "hidden-ünsüß-0123456789"}, "secret must have 16 to 256 letters"),
        ({"mode": "push"}, "mode is 'push', but must be one of webhook, polling"),
        ({"api_url": "http://bots.example.com"}, "api_url must begin with https://"),
        ({"api_url": "https://user:hidden@bots.example.com"}, "api_url must hold no user"),
        ({"api_url": "ftp://bots.example.com"}, "api_url must be an address"),
        ({"mode": True}, "mode must be a text"),
        ({"token": ["hidden"]}, "token must be a text"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        read("shop", FULL | change)
    assert "hidden" not in str(told.value)
    assert TOKEN not in str(told.value)


def test_all_problems_come_at_once() -> None:
    with pytest.raises(ValueError) as told:  # noqa: PT011 - the words are looked at below
        read("shop", {"mode": "push", "nonsense": 1, "secret": "x"})
    assert str(told.value).count(";") == 3


def test_reading_settings_loads_no_library_of_telegrams() -> None:
    """A server without Telegram must start as fast as before."""
    code = (
        "import sys, connectors.channels.telegram.account;"
        "sys.exit('telegram' in sys.modules or 'httpx' in sys.modules)"
    )
    ended: Any = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert ended.returncode == 0


def test_an_account_does_not_take_the_place_of_links() -> None:
    with pytest.raises(ValueError, match="cannot be called link"):
        read("link", FULL)
    assert read("links", FULL).path == "/webhooks/telegram/links"
    assert read("default", FULL).path == "/webhooks/telegram"


def test_a_server_without_telegram_does_not_load_its_library() -> None:
    """It takes more than a second."""
    code = (
        "import sys, bot.compose, bot.commands.doctor, connectors.channels.telegram.channel,"
        "connectors.channels.telegram.reception, connectors.channels.telegram.health;"
        "sys.exit('telegram' in sys.modules)"
    )
    ended: Any = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert ended.returncode == 0
