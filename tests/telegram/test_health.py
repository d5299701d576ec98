"""What `baton doctor` says of a bot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.setting_types import Secret
from connectors.channels.telegram.account import API_URL
from connectors.channels.telegram.health import findings, look
from connectors.channels.telegram.parse import ALLOWED
from tests.fake_telegram import TOKEN, USERNAME, Broken, Drop, FakeTelegram, Flood, Lose
from tests.support.metrics import Counts
from tests.telegram.kit import NOW, account

PUBLIC = "https://chat.example.com"
URL = f"{PUBLIC}/webhooks/telegram"
WELL: dict[str, Any] = {"url": URL, "pending_update_count": 0, "allowed_updates": list(ALLOWED)}


def found(info: dict[str, Any], public_url: str = PUBLIC, **more: Any) -> list[tuple[str, str]]:
    me = {"id": 1, "username": "shop_bot"}
    result = findings(account(API_URL, **more), me, info, public_url=public_url, now=NOW)
    assert all(bool(one.advice) == (one.level != "ok") for one in result)
    return [(one.level, one.detail) for one in result]


def failed(message: str, *, waiting: int = 3, minutes: int = 5) -> dict[str, Any]:
    at = int((NOW - timedelta(minutes=minutes)).timestamp())
    return WELL | {
        "last_error_date": at,
        "last_error_message": message,
        "pending_update_count": waiting,
    }


def test_a_bot_that_is_well() -> None:
    assert found(WELL) == [("ok", "@shop_bot (webhook), 0 waiting")]
    assert found(WELL, public_url=PUBLIC + "/") == [("ok", "@shop_bot (webhook), 0 waiting")]
    assert found(WELL | {"url": f"{URL}/berlin"}, name="berlin") == [
        ("ok", "@shop_bot (webhook), 0 waiting")
    ]
    assert found({"url": ""}, mode="polling") == [("ok", "@shop_bot (polling), 0 waiting")]


@pytest.mark.parametrize(
    ("info", "public_url", "wanted"),
    [
        (WELL, "", ("fail", "There is no https address for the webhook")),
        (WELL, "http://chat.example.com", ("fail", "There is no https address for the webhook")),
        (
            WELL | {"url": "https://chat.example.com:9443/webhooks/telegram"},
            "https://chat.example.com:9443",
            ("fail", "Telegram does not call port 9443"),
        ),
        ({"url": ""}, PUBLIC, ("warn", "No webhook is set yet")),
        (
            WELL | {"url": "https://old.example.com/hidden-path"},
            PUBLIC,
            ("fail", f"Telegram calls old.example.com, not {URL}"),
        ),
        (
            WELL | {"allowed_updates": ["message", "edited_message", "my_chat_member"]},
            PUBLIC,
            ("warn", "Telegram does not tell of: callback_query, message_reaction"),
        ),
        (WELL | {"pending_update_count": 500}, PUBLIC, ("warn", "500 updates wait")),
    ],
)
def test_what_is_wrong_is_said(info: dict[str, Any], public_url: str, wanted: tuple[str, str]) -> None:
    result = found(info, public_url)
    assert result[1:] == [wanted]
    assert "hidden-path" not in str(result)


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("Wrong response from the webhook: 401 Unauthorized", "secret"),
        ("Wrong response from the webhook: 404 Not Found", "proxy"),
        ("Wrong response from the webhook: 502 Bad Gateway", "running"),
        ("Wrong response from the webhook: 503 Service Unavailable", "store"),
        ("Wrong response from the webhook: 500 Internal Server Error", "log"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "certificate"),
        ("Connection refused", "listens"),
        ("Connection timed out", "firewall"),
        ("Failed to resolve host: Name or service not known", "DNS"),
    ],
)
def test_each_failure_has_an_advice_of_its_own(message: str, word: str) -> None:
    _, finding = findings(account(), {"username": "b"}, failed(message), public_url=PUBLIC, now=NOW)
    assert finding.level == "fail"
    assert finding.detail == f"5 min ago: {message}"
    assert word in finding.advice


def test_an_error_that_is_over_is_told_in_a_lower_voice_and_an_old_one_not_at_all() -> None:
    assert found(failed("Connection timed out", waiting=0))[1][0] == "warn"
    assert len(found(failed("Connection timed out", minutes=61))) == 1


def test_a_webhook_stands_in_the_way_of_polling() -> None:
    level, detail = found({"url": "https://old.example.com/x"}, mode="polling")[1]
    assert (level, detail) == ("warn", "A webhook is set, at old.example.com: nothing comes by polling")


def test_a_bot_api_server_of_ones_own_needs_an_address_as_well() -> None:
    fine = account("http://127.0.0.1:8081")
    for public_url, level in (("", "fail"), ("http://10.0.0.2:8080", "warn")):
        _, finding = findings(fine, {"username": "b"}, {"url": ""}, public_url=public_url, now=NOW)
        assert finding.level == level
        assert ("BATON_PUBLIC_URL" in finding.advice) == (level == "fail")


async def ask(fake: FakeTelegram, **more: Any) -> list[tuple[str, str]]:
    given = account(fake.url, **({"token": Secret(TOKEN)} | more))
    result = await look(given, Counts(), public_url="http://127.0.0.1:1", now=fake.clock.now())
    assert TOKEN not in str(result)
    return [(one.level, one.detail) for one in result]


async def test_the_platform_is_asked(fake: FakeTelegram) -> None:
    assert await ask(fake) == [
        ("ok", f"@{USERNAME} (webhook), 0 waiting"),
        ("warn", "No webhook is set yet"),
    ]
    assert [call.method for call in fake.calls] == ["getme", "getwebhookinfo"]
    assert await ask(fake, mode="polling") == [("ok", f"@{USERNAME} (polling), 0 waiting")]
    wrong = await ask(fake, token=Secret("700000009:a-token-that-nobody-has-0123456789"))
    assert wrong == [("fail", "Telegram does not accept this bot's token.")]
    for fault in (Broken(status=502), Flood(5), Drop(), Lose()):
        fake.faults.plan(fault, on="getme")
        assert [level for level, _ in await ask(fake)] == ["fail"]
    assert not fake.violations


async def test_a_platform_that_is_not_there() -> None:
    async with FakeTelegram() as fake:
        pass
    assert await ask(fake) == [("fail", "Telegram could not be reached.")]
