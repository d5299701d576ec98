"""An update is believed only with the secret that we told Telegram."""

from __future__ import annotations

import hmac

import pytest

from bot.domain.errors import NotSignedIn
from bot.setting_types import Secret
from connectors.channels.telegram.verify import HEADER, check_secret
from tests.telegram.kit import SECRET, account


def test_the_secret_opens() -> None:
    check_secret(account(), SECRET)
    assert "X-Telegram-Bot-Api-Secret-Token".lower() == HEADER


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        SECRET[:-1],
        SECRET + "x",
        SECRET.upper(),
        f" {SECRET}",
        SECRET.replace("a", "\u0430"),
        "\udcff",
    ],
)
def test_anything_else_does_not(given: str) -> None:
    with pytest.raises(NotSignedIn):
        check_secret(account(), given)


@pytest.mark.parametrize("given", ["", "x", "None"])
def test_a_bot_without_a_secret_takes_nothing(given: str) -> None:
    """One that polls has none: nobody is to call."""
    with pytest.raises(NotSignedIn):
        check_secret(account(secret=Secret(""), mode="polling"), given)


def test_the_time_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = hmac.compare_digest

    def watch(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr("bot.setting_types.hmac.compare_digest", watch)
    check_secret(account(), SECRET)
    assert compared == [(SECRET.encode(), SECRET.encode())]
