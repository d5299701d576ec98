"""Updates by webhook and by polling: believed, stored, then acknowledged; nobody holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog

from bot.domain.arrival import Ignored
from bot.domain.errors import InvalidInput, StoreError
from bot.domain.message import InboundMessage
from bot.ports import Sending
from bot.setting_types import Secret
from connectors.channels.telegram.parse import ALLOWED
from connectors.channels.telegram.polling import FIRST_PAUSE, LONGEST_PAUSE
from connectors.channels.telegram.reception import can_be_called
from connectors.channels.telegram.taking import TRIES
from connectors.channels.telegram.verify import HEADER
from connectors.channels.telegram.webhooks import LOOK_EVERY
from tests.fake_telegram import TOKEN, Broken, Customer, FakeTelegram, Flood, Lose, Refuse
from tests.support.clock import FakeClock
from tests.support.world import until
from tests.telegram.kit import SECRET, account, message, said, update
from tests.telegram.shop import Shop, a_shop, served

BOMB = RuntimeError("a fault of ours")


@pytest.fixture
async def shop(fake: FakeTelegram, fake_clock: FakeClock) -> AsyncIterator[Shop]:
    async with a_shop(fake, fake_clock, public_url="") as shop:
        yield shop


@pytest.fixture
async def polling(fake: FakeTelegram, fake_clock: FakeClock) -> AsyncIterator[Shop]:
    async with a_shop(fake, fake_clock, mode="polling") as shop:
        yield shop


async def post(url: str, raw: bytes, secret: str | None = SECRET) -> httpx.Response:
    headers = {HEADER: secret} if secret is not None else {}
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return await client.post(url, content=raw, headers=headers)


# --- the webhook


async def test_only_telegram_is_believed(shop: Shop) -> None:
    raw = update(message=said(text="Hello"))
    async with served(shop) as url:
        for secret in (None, "", "wrong", SECRET + "x", SECRET.upper()):
            answer = await post(url, raw, secret)
            assert answer.status_code == 401
            assert SECRET not in answer.text
        assert shop.core.taken == []
        assert (await post(url, raw)).status_code == 200
        assert shop.core.texts == ["Hello"]
        assert (await post(f"{url}/nobody", raw)).status_code == 404
        assert (await post(url, b"\xff")).status_code == 400
        assert (await post(url, b"{}")).status_code == 400


async def test_a_bot_that_polls_has_no_open_door(polling: Shop) -> None:
    async with served(polling) as url:
        for secret in (None, "", SECRET):
            answer = await post(url, update(message=said(text="Hello")), secret)
            assert answer.status_code == (200 if secret == SECRET else 401)


async def test_an_update_is_acknowledged_when_it_is_stored(shop: Shop) -> None:
    raw = update(message=said(text="Hello"))
    async with served(shop) as url:
        shop.core.fail = [StoreError()]
        assert (await post(url, raw)).status_code == 503
        assert (await post(url, raw)).status_code == 200
        assert shop.core.texts == ["Hello"]
        shop.core.fail = [InvalidInput("empty")]
        assert (await post(url, raw)).status_code == 200
        assert shop.metrics.counted["ignored", "telegram", "invalid"] == 1


async def test_an_update_that_breaks_us_is_passed_over_in_the_end(shop: Shop) -> None:
    raw = update(7, message=said(text="Hello"))
    async with served(shop) as url:
        shop.core.fail = [BOMB] * TRIES
        statuses = [(await post(url, raw)).status_code for _ in range(TRIES)]
        assert statuses == [500] * (TRIES - 1) + [200]
        assert shop.core.taken == []
        assert (await post(url, update(8, message=said(text="next")))).status_code == 200
    assert shop.metrics.counted["ignored", "telegram", "broke"] == 1


async def test_one_that_broke_us_once_is_not_lost(shop: Shop) -> None:
    raw = update(7, message=said(text="Hello"))
    async with served(shop) as url:
        shop.core.fail = [BOMB] * (TRIES - 1)
        assert [(await post(url, raw)).status_code for _ in range(TRIES)][-1] == 200
    assert shop.core.texts == ["Hello"]


async def test_a_press_is_answered_and_its_keyboard_goes(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Sure?", ("Yes", "No")), str(ada.chat.id))
    async with served(shop) as url:
        pressed = await ada.press("No")
        assert pressed.update
        assert (await post(url, pressed.update.raw)).status_code == 200
        await until(lambda: not ada.seen[0].buttons)
        assert not ada.spinning
        # Told again, long after: nobody minds that Telegram has forgotten it.
        assert (await post(url, pressed.update.raw)).status_code == 200
        await asyncio.sleep(0.05)
    (first, second) = shop.core.taken
    assert isinstance(first, InboundMessage)
    assert first == second
    assert (first.choice, first.external_id) == ("~7.1", f"cb:{pressed.query}")


async def test_ten_presses_are_one_edit(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Sure?", ("Yes", "No")), str(ada.chat.id))
    shop.fake.faults.plan(Broken(status=502), on="editmessagereplymarkup")
    raws = []
    for _ in range(5):
        pressed = await ada.press("No")
        assert pressed.update
        raws.append(pressed.update.raw)
    async with served(shop) as url:
        assert [(await post(url, raw)).status_code for raw in raws[:1]] == [200]
        await until(lambda: shop.outcomes("editMessageReplyMarkup") == {"NetworkError": 1})
        # It did not work the first time, so the next press tries again; the others have nothing to do.
        assert [(await post(url, raw)).status_code for raw in raws[1:]] == [200] * 4
        await until(lambda: not ada.seen[0].buttons)
        await until(lambda: not ada.spinning)
    assert len(shop.fake.sent("editMessageReplyMarkup")) == 2
    assert len(shop.core.taken) == 5


async def test_trouble_with_an_answer_loses_no_press(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Sure?", ("Yes", "No")), str(ada.chat.id))
    shop.fake.faults.plan(Lose(), on="answercallbackquery")
    shop.fake.faults.plan(Broken(status=502), on="editmessagereplymarkup")
    async with served(shop) as url:
        pressed = await ada.press("No")
        assert pressed.update
        assert (await post(url, pressed.update.raw)).status_code == 200
        await until(lambda: len(shop.fake.sent("editMessageReplyMarkup")) == 1)
    assert [type(one) for one in shop.core.taken] == [InboundMessage]


async def test_a_group_where_bots_may_not_write_is_left(shop: Shop, ada: Customer) -> None:
    group = shop.fake.group()
    await ada.into(group).invite_bot()
    shop.fake.faults.plan(Refuse(403, "bot has no rights to send a message"), on="sendmessage")
    raw = update(message=said(text="/start") | {"chat": group.told(), "from": ada.user.told()})
    async with served(shop) as url:
        assert (await post(url, raw)).status_code == 200
        await until(lambda: group.standing == "left")
    assert [type(one) for one in shop.core.taken] == [Ignored]


# --- setting the webhook


def url_of(shop: Shop) -> str:
    return shop.fake.bot.courier.webhook.url


async def test_the_webhook_is_set_at_the_start(fake: FakeTelegram, fake_clock: FakeClock) -> None:
    for _ in range(2):
        async with a_shop(fake, fake_clock, public_url="http://127.0.0.1:1/") as shop:
            await shop.reception.start()
            await until(lambda: bool(url_of(shop)))
            assert url_of(shop) == "http://127.0.0.1:1/webhooks/telegram"
            assert fake.bot.courier.webhook.secret == SECRET
            assert fake.bot.updates.allowed == frozenset(ALLOWED)
            assert shop.alarms == 0
    assert not fake.violations


async def test_a_start_while_telegram_is_down(fake_clock: FakeClock) -> None:
    async with FakeTelegram(clock=fake_clock) as fake, a_shop(fake, fake_clock) as shop:
        fake.faults.plan(Broken(status=502), Lose(), Flood(40), Refuse(401), on="setwebhook")
        await shop.reception.start()
        for pause in (2.0, 4.0, 40.0, 80.0):
            await until(lambda: fake_clock.sleepers == 1)
            assert shop.alarms == 1
            await fake_clock.advance(pause - 1)
            await asyncio.sleep(0.02)
            assert fake_clock.sleepers == 1
            await fake_clock.advance(1.5)
        await until(lambda: bool(url_of(shop)))
        await until(lambda: shop.alarms == 0)


async def test_telegrams_own_words_say_why_the_address_is_refused(fake_clock: FakeClock) -> None:
    async with (
        FakeTelegram(clock=fake_clock, local=False) as fake,
        a_shop(fake, fake_clock, public_url="https://chat.example.com:9443") as shop,
    ):
        with structlog.testing.capture_logs() as told:
            await shop.reception.start()
            await until(lambda: fake_clock.sleepers == 1)
    (event,) = told
    assert event["why"].endswith("webhook can be set up only on ports 80, 88, 443 or 8443")
    assert "port 443" in event["advice"]
    assert SECRET not in str(event)


async def test_without_a_public_address_there_is_no_webhook(shop: Shop) -> None:
    await shop.reception.start()
    await asyncio.sleep(0.02)
    assert not shop.fake.calls
    assert shop.alarms == 1


def test_where_a_webhook_may_be_set() -> None:
    assert can_be_called(account(), "https://chat.example.com")
    assert not can_be_called(account(), "http://chat.example.com")
    assert not can_be_called(account(), "")
    own = account("http://127.0.0.1:8081")
    assert can_be_called(own, "http://10.0.0.1:8080")
    assert not can_be_called(own, "")


OTHERS_SECRET = "another-secret_0123456789"


async def test_several_bots_have_their_own_doors(fake: FakeTelegram, fake_clock: FakeClock) -> None:
    bot = fake.new_bot("700000002:another-token-of-the-tests-0123456789", "second_test_bot", "Second")
    keys = {"token": Secret(bot.token), "secret": Secret(OTHERS_SECRET)}
    second = account(fake.url, name="second", **keys)
    async with a_shop(fake, fake_clock, others={"second": second}) as shop, served(shop) as url:
        await until(lambda: bool(bot.courier.webhook.url and url_of(shop)))
        assert url_of(shop) == "http://127.0.0.1:1/webhooks/telegram"
        assert bot.courier.webhook.url == "http://127.0.0.1:1/webhooks/telegram/second"
        assert bot.courier.webhook.secret == OTHERS_SECRET
        raw = update(message=said(text="Hello"))
        assert (await post(f"{url}/second", raw, SECRET)).status_code == 401
        assert (await post(url, raw, OTHERS_SECRET)).status_code == 401
        assert (await post(f"{url}/second", raw, OTHERS_SECRET)).status_code == 200
        assert (await post(url, raw, SECRET)).status_code == 200
        taken = shop.core.taken
        assert [one.account for one in taken] == ["second", "default"]
        # The chat has the same number with both bots; answers go by the one that was written to.
        there = fake.customer(7_001, bot=bot)
        there.chat.started = True
        await shop.channel.ready(account="second", address="7001")
        await shop.channel.send(Sending(message=message("Hi"), account="second", address="7001"))
        assert there.texts == ["Hi"]


# --- polling


async def polled(shop: Shop, texts: list[str]) -> None:
    """Wait until all this has come, and Telegram knows that it has."""
    await until(lambda: shop.core.texts == texts)
    await until(lambda: not shop.fake.bot.updates.pending)


async def polls(shop: Shop, count: int) -> None:
    await until(lambda: len(shop.fake.sent("getUpdates")) >= count)


async def test_polling_takes_what_has_waited_and_what_comes(polling: Shop, ada: Customer) -> None:
    await ada.write("one")
    polling.fake.bot.courier.webhook.url = "https://old.example.com"
    await polling.reception.start()
    await polled(polling, ["one"])
    assert not url_of(polling)
    await ada.write("two")
    await polled(polling, ["one", "two"])
    assert polling.fake.bot.updates.allowed == frozenset(ALLOWED)
    assert not any(update.dropped for update in polling.fake.bot.updates.all)


async def test_an_update_is_confirmed_when_it_is_stored(polling: Shop, ada: Customer) -> None:
    for text in ("one", "two", "three"):
        await ada.write(text)
    polling.core.fail = [StoreError()]
    await polling.reception.start()
    await until(lambda: polling.clock.sleepers == 1)
    assert len(polling.fake.bot.updates.pending) == 3
    await polling.clock.advance(FIRST_PAUSE)
    await polled(polling, ["one", "two", "three"])


async def test_one_update_that_breaks_us_does_not_stop_the_others(polling: Shop, ada: Customer) -> None:
    await ada.write("one")
    await ada.write("two")
    polling.core.fail = [BOMB] * TRIES
    await polling.reception.start()
    while polling.core.fail:
        await polling.clock.advance(1.0)
        await asyncio.sleep(0.005)
    await polled(polling, ["two"])


async def test_half_a_character_does_not_stop_the_others(polling: Shop, ada: Customer) -> None:
    await ada.write("cut \ud83d off")
    await ada.write("two")
    await polling.reception.start()
    await polled(polling, ["cut \ufffd off", "two"])


async def test_another_poller_is_an_alarm_and_we_step_back(polling: Shop, ada: Customer) -> None:
    polling.fake.faults.plan(*[Refuse(409, "terminated by other getUpdates request")] * 3, on="getupdates")
    await polling.reception.start()
    for pause in (1.0, 2.0, 4.0):
        await until(lambda: polling.clock.sleepers == 1)
        assert polling.alarms == 1
        await polling.clock.advance(pause)
    await ada.write("one")
    await polled(polling, ["one"])
    await until(lambda: polling.alarms == 0)


async def test_a_webhook_that_another_program_sets_does_not_make_us_deaf(
    polling: Shop, ada: Customer
) -> None:
    await polling.reception.start()
    await polls(polling, 1)
    async with httpx.AsyncClient(trust_env=False) as other:
        theirs = {"url": "https://old.example.com"}
        assert (await other.post(f"{polling.fake.url}/bot{TOKEN}/setWebhook", json=theirs)).is_success
    await until(lambda: polling.clock.sleepers == 1)
    assert polling.alarms == 1
    await polling.clock.advance(FIRST_PAUSE)
    await until(lambda: not url_of(polling))
    await ada.write("one")
    await polled(polling, ["one"])
    await until(lambda: polling.alarms == 0)


async def test_trouble_of_every_kind_is_waited_out(polling: Shop, ada: Customer) -> None:
    polling.fake.faults.plan(Broken(status=502), on="deletewebhook")
    polling.fake.faults.plan(Lose(), Flood(50), Refuse(401), on="getupdates")
    await ada.write("one")
    await polling.reception.start()
    for pause in (1.0, 1.0, 50.0, 60.0):
        await until(lambda: polling.clock.sleepers == 1)
        await polling.clock.advance(pause)
    await polled(polling, ["one"])


async def test_after_a_quiet_week_numbers_begin_anew(polling: Shop, ada: Customer) -> None:
    await polling.reception.start()
    await ada.write("one")
    await polled(polling, ["one"])
    before = len(polling.fake.sent("getUpdates"))
    # Once a poll has confirmed it and come back empty, nothing is asked beyond a number any more.
    polling.fake.bot.updates._news.set()
    await polls(polling, before + 1)
    polling.fake.bot.updates.quiet_week()
    await ada.write("two")
    await polled(polling, ["one", "two"])


async def test_a_stop_ends_the_poll_at_once(polling: Shop) -> None:
    await polling.reception.start()
    await polls(polling, 1)
    await asyncio.wait_for(polling.reception.stop(), 2)


async def test_what_runs_beside_may_be_ended_before_it_has_begun(shop: Shop) -> None:
    async def never() -> None:
        raise AssertionError

    shop.reception._background.begin(never())
    await shop.reception.stop()


@pytest.mark.parametrize("found", [{}, None, [5], "x"])
async def test_an_answer_that_makes_no_sense_stops_nothing(
    polling: Shop, ada: Customer, monkeypatch: pytest.MonkeyPatch, found: Any
) -> None:
    client = polling.channel.clients["default"]
    real, answers = client._ask, [found]

    async def odd(method: str, **values: Any) -> Any:
        return answers.pop() if method == "getUpdates" and answers else await real(method, **values)

    monkeypatch.setattr(client, "_ask", odd)
    await polling.reception.start()
    await ada.write("one")
    for _ in range(3):
        await asyncio.sleep(0.02)
        await polling.clock.advance(LONGEST_PAUSE)
    await polled(polling, ["one"])


# --- looking after the webhook


async def look(shop: Shop) -> None:
    """Let the time of a look come, and the look happen."""
    looks = len(shop.fake.sent("getWebhookInfo"))
    await until(lambda: shop.clock.sleepers == 1)
    await shop.clock.advance(LOOK_EVERY)
    await until(lambda: len(shop.fake.sent("getWebhookInfo")) > looks)
    await until(lambda: shop.clock.sleepers == 1)


async def test_a_webhook_that_another_program_has_changed_is_set_again(
    fake: FakeTelegram, fake_clock: FakeClock
) -> None:
    async with a_shop(fake, fake_clock) as shop:
        await shop.reception.start()
        await until(lambda: shop.clock.sleepers == 1)  # it waits for the time of its first look
        await look(shop)
        assert shop.alarms == 0
        for theirs in ("https://thief.example.com/secret-path", ""):
            fake.bot.courier.webhook.url = theirs
            with structlog.testing.capture_logs() as told:
                await look(shop)
            assert url_of(shop) == "http://127.0.0.1:1/webhooks/telegram"
            assert shop.alarms == 1
            assert told[0]["event"] == "telegram_webhook_changed"
            assert "secret-path" not in str(told)
        await look(shop)
        assert shop.alarms == 0


async def test_what_telegram_says_of_a_webhook_that_fails_is_in_the_log(
    fake: FakeTelegram, fake_clock: FakeClock, ada: Customer
) -> None:
    async with a_shop(fake, fake_clock) as shop:
        await shop.reception.start()
        await until(lambda: shop.clock.sleepers == 1)  # it waits for the time of its first look
        fake.bot.courier.stop()
        webhook = fake.bot.courier.webhook
        webhook.error, webhook.error_at = "Connection refused", fake_clock.now()
        fake.bot.updates.push("message", said(text="x"), queue=1, at=fake_clock.now())
        with structlog.testing.capture_logs() as told:
            await look(shop)
        assert [(one["event"], one["why"]) for one in told] == [
            ("telegram_webhook_failed", "Connection refused")
        ]
        assert "listens" in told[0]["advice"]
        assert shop.alarms == 1
        with structlog.testing.capture_logs() as told:
            await look(shop)
        assert told == []  # said once
        fake.faults.plan(Broken(status=502), on="getwebhookinfo")
        await look(shop)
        assert shop.alarms == 0
