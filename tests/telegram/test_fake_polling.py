"""The fake Telegram answers getUpdates and setWebhook as the platform does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.fake_telegram import Customer, FakeTelegram
from tests.fake_telegram.listener import Listener
from tests.support.clock import FakeClock
from tests.telegram.fakes import Api


async def polled(api: Api, **values: Any) -> list[int]:
    return [update["update_id"] for update in (await api("getUpdates", **values)).result]


# --- getUpdates ----------------------------------------------------------------------------------


async def test_an_update_is_confirmed_by_asking_for_the_next(api: Api, ada: Customer) -> None:
    for number in range(4):
        await ada.write(f"n{number}")
    first, *_, last = await polled(api)
    assert last == first + 3
    assert await polled(api, limit=2) == [first, first + 1]
    assert await polled(api, offset=first + 2) == [first + 2, first + 3]
    assert await polled(api) == [first + 2, first + 3]  # gone for good
    assert await polled(api, offset=-1) == [last]
    assert await polled(api) == [last]
    assert await polled(api, offset=last + 1) == []


async def test_asking_waits_for_news(api: Api, ada: Customer) -> None:
    begun = time.monotonic()
    asking = asyncio.create_task(polled(api, timeout=20))
    while not ada.bot.fake.calls:
        await asyncio.sleep(0.01)
    await ada.write("now")
    assert len(await asking) == 1
    assert time.monotonic() - begun < 5


async def test_the_older_of_two_pollers_is_ended(api: Api) -> None:
    first = asyncio.create_task(api("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    assert (await api("getUpdates")).result == []
    said = await first
    assert said.status == 409
    assert said.error == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def test_no_polling_beside_a_webhook(api: Api, listener: Listener) -> None:
    said = await api("getUpdates")
    assert (said.status, said.error[:65]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; us",
    )
    assert (await api("deleteWebhook")).result is True
    assert (await api("getUpdates")).result == []


async def test_a_webhook_ends_the_poller(api: Api) -> None:
    polling = asyncio.create_task(api("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await api("setWebhook", url="http://127.0.0.1:1/")
    assert (await polling).error == "Conflict: terminated by setWebhook request"


async def test_old_updates_are_dropped(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "x"}]]}
    await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=buttons)
    await ada.write("hello")
    await ada.press()
    await fake_clock.advance(151)
    assert len(await polled(api)) == 1  # presses last 150 seconds
    await fake_clock.advance(86_400)
    assert await polled(api) == []
    assert [update.dropped for update in ada.bot.updates.all] == [True, True]


async def test_which_kinds_are_told(api: Api, ada: Customer) -> None:
    said = await ada.write("hello")
    assert (await ada.react("👍", to=said)).update is None  # not unless it is asked for
    await polled(api, allowed_updates=["message_reaction"])
    assert (await ada.react("", to=said)).update is not None
    assert (await ada.write("not now")).update is None
    await polled(api)  # keeps the setting
    assert (await ada.write("not now")).update is None
    await polled(api, allowed_updates=[])
    assert (await ada.write("hello again")).update is not None
    told = [
        update["message_reaction"] for update in (await api("getUpdates")).result if "message" not in update
    ]
    assert (told[0]["old_reaction"], told[0]["new_reaction"]) == ([{"type": "emoji", "emoji": "👍"}], [])


async def test_ids_may_jump_back_after_a_quiet_week(api: Api, ada: Customer) -> None:
    await ada.write("one")
    (before,) = await polled(api)
    await polled(api, offset=before + 1)
    ada.bot.updates.quiet_week()
    await ada.write("two")
    (after,) = await polled(api)
    assert 0 < after < before


# --- setWebhook ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "http://127.0.0.1:8080/hook", "secret_token": "a-B_9" * 51}, ""),
        ({"url": "http://127.0.0.1:8080/hook", "secret_token": "x" * 257}, "secret token is too long"),
        (
            {"url": "http://127.0.0.1:8080/hook", "secret_token": "not.this"},
            "secret token contains unallowed characters",
        ),
        ({"url": "ftp://example.com"}, "bad webhook: invalid webhook URL specified"),
        (
            {"url": "http://127.0.0.1:1/", "max_connections": 101},
            "max_connections must be between 1 and 100",
        ),
    ],
)
async def test_what_a_webhook_may_be(api: Api, values: dict[str, Any], words: str) -> None:
    said = await api("setWebhook", **values)
    assert said.error == f"Bad Request: {words}" if words else said.result is True


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://example.com/hook", ""),
        ("https://example.com:8443/hook", ""),
        ("http://example.com/hook", "bad webhook: HTTPS URL must be provided for webhook"),
        (
            "https://example.com:8080/hook",
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
    ],
)
async def test_the_platform_itself_wants_https_on_four_ports(
    fake: FakeTelegram, api: Api, url: str, words: str
) -> None:
    fake.local = False
    said = await api("setWebhook", url=url)
    assert said.error == f"Bad Request: {words}" if words else said.result is True


async def test_webhooks_are_changed_once_a_second(
    api: Api, listener: Listener, fake_clock: FakeClock
) -> None:
    again = {"url": listener.url, "secret_token": listener.secret}
    assert (await api("setWebhook", **again)).result is True  # the same once more is nothing
    assert (await api("setWebhook", url=listener.url)).retry_after == 1
    await fake_clock.advance(1)
    assert (await api("setWebhook", url=listener.url)).result is True


async def test_a_webhooks_state(api: Api, ada: Customer, listener: Listener) -> None:
    info = (await api("getWebhookInfo")).result
    assert (info["url"], info["pending_update_count"], info["max_connections"]) == (listener.url, 0, 40)
    assert "last_error_date" not in info
    listener.answers = [500] * 3
    await ada.write("hello")
    await ada.bot.fake.settle()
    info = (await api("getWebhookInfo")).result
    assert info["last_error_message"] == "Wrong response from the webhook: 500"
    assert listener.texts == ["hello"] * 4


async def test_what_waited_is_told_or_forgotten(api: Api, ada: Customer, listener: Listener) -> None:
    await api("deleteWebhook")
    await ada.write("while you were away")
    assert (await api("setWebhook", url=listener.url, secret_token=listener.secret)).result is True
    await ada.bot.fake.settle()
    assert listener.texts == ["while you were away"]
    await api("deleteWebhook")
    await ada.write("forget it")
    await api("setWebhook", url=listener.url, secret_token="s3cret", drop_pending_updates=True)
    await ada.bot.fake.settle()
    assert listener.texts == ["while you were away"]
