"""An account is read from settings, and everything that is wrong with it is named at once."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from connectors.channels.whatsapp.account import KEYS, by_number, read

FULL: dict[str, object] = {
    "token": "EAAG-token",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "verify_token": "ours",
    "phone_number_id": "106540352242922",
}


def test_an_account_with_its_defaults() -> None:
    account = read("shop", FULL)
    assert (account.name, account.token.reveal()) == ("shop", "EAAG-token")
    assert account.base == "https://graph.facebook.com/v25.0"
    assert (account.template, account.template_language, account.join_bubbles) == ("", "en", False)
    assert "EAAG" not in repr(account)


def test_everything_may_be_set() -> None:
    more = {"api_url": "https://proxy.example.com/graph/", "api_version": "v26.0", "template": "come_back",
            "template_language": "en_US", "join_bubbles": "yes", "phone_number_id": 106540352242922}  # fmt: skip
    account = read("shop", FULL | more)
    assert account.base == "https://proxy.example.com/graph/v26.0"
    assert (account.template, account.template_language, account.join_bubbles) == (
        "come_back",
        "en_US",
        True,
    )
    assert account.phone_number_id == "106540352242922"
    assert set(FULL) | set(more) == set(KEYS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": ""}, "token is missing"),
        ({"colour": "red"}, "colour is not a setting of WhatsApp"),
        ({"token": "with space"}, "token must be plain characters"),
        ({"api_url": "http://graph.example.com"}, "api_url must begin with https://"),
        ({"api_url": "https://user:secret-word@graph.example.com"}, "api_url must hold no user"),
        ({"api_version": "25"}, "api_version must be like v25.0"),
        ({"phone_number_id": "+49 151 1234"}, "phone_number_id must be like"),
        ({"template_language": "en"}, "template_language is set, but template is not"),
        ({"template": "Come Back"}, "template must be like"),
        ({"join_bubbles": "perhaps"}, "join_bubbles is 'perhaps'"),
        ({"token": ["x"]}, "token must be a text"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("+", r"\+")) as told:
        read("shop", FULL | change)
    assert "secret-word" not in str(told.value)


def test_all_problems_come_at_once_and_no_secret_with_them() -> None:
    with pytest.raises(ValueError) as told:  # noqa: PT011 - the words are looked at below
        read("shop", {"token": "hidden value", "verify_token": "x", "nonsense": 1})
    problems = str(told.value)
    assert problems.count(";") == 3
    assert "hidden" not in problems


def test_a_local_address_may_be_without_encryption() -> None:
    assert read("shop", FULL | {"api_url": "http://127.0.0.1:9000"}).api_url == "http://127.0.0.1:9000"


def test_two_accounts_cannot_share_a_number() -> None:
    accounts = {name: read(name, FULL) for name in ("one", "two")}
    with pytest.raises(ValueError, match="one and two have the same number"):
        by_number(accounts)
    assert list(by_number({"one": accounts["one"]})) == ["106540352242922"]


def test_reading_settings_loads_no_network() -> None:
    """A server without WhatsApp must start as fast as before."""
    code = "import sys, connectors.channels.whatsapp.account; sys.exit('httpx' in sys.modules)"
    ended: Any = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert ended.returncode == 0
