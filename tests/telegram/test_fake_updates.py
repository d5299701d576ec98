"""The fake Telegram tells bots what people do as the platform does: in order, at least once, for a day."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import pytest

from tests.fake_telegram import Customer, FakeTelegram
from tests.fake_telegram.listener import Listener
from tests.support.clock import FakeClock
from tests.support.http_server import Response
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


# --- delivery ------------------------------------------------------------------------------------


async def test_the_secret_comes_with_every_update(listener: Listener, ada: Customer) -> None:
    said = await ada.write("hello")
    assert said.statuses == [200]
    (request,) = listener.received
    assert request.headers["x-telegram-bot-api-secret-token"] == "s3cret"
    assert request.headers["content-type"] == "application/json"


async def test_the_pauses_grow(listener: Listener, ada: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds:
            pauses.append(round(seconds * 1000))
        await sleep(0)

    monkeypatch.setattr("tests.fake_telegram.courier.asyncio.sleep", noted)
    listener.answers = [500] * 9
    said = await ada.write("hello")
    await ada.bot.fake.settle()
    assert said.statuses == [500] * 9 + [200]
    assert pauses[:6] == [2, 4, 8, 16, 32, pauses[5]]  # the first is 0
    assert all(60 <= pause <= 120 for pause in pauses[5:])


async def test_a_retry_after_is_honoured(listener: Listener, ada: Customer) -> None:
    ada.bot.courier.scale = 0
    listener.answers = [Response(status=503, headers={"Retry-After": "17"})]
    said = await ada.write("hello")
    await ada.bot.fake.settle()
    assert said.update is not None
    assert (said.statuses, said.update.waited) == ([503, 200], 17.0)
    listener.answers = [Response(status=503, headers={"Retry-After": "9999"})]
    said = await ada.write("hello")
    await ada.bot.fake.settle()
    assert said.update is not None
    assert said.update.waited == 3600.0


async def test_a_refused_update_holds_up_its_chat_only(listener: Listener, ada: Customer) -> None:
    ben = ada.bot.fake.customer(name="Ben")
    listener.answers = [Response(status=503, headers={"Retry-After": "300"})]
    await ada.write("a1")
    await ada.write("a2")
    await ada.write("a3")
    await ben.write("b1")
    assert listener.texts == ["a1", "b1"]
    await ada.bot.fake.settle()
    assert listener.texts == ["a1", "b1", "a1", "a2", "a3"]


async def test_chats_are_told_at_the_same_time(listener: Listener, ada: Customer) -> None:
    people = [ada.bot.fake.customer() for _ in range(8)]
    listener.slow = {person.chat.id: 0.1 for person in people}
    await asyncio.gather(*(person.write(f"{n}") for person in people for n in range(2)))
    assert listener.most_under_way == 8
    for person in people:
        own = [
            b["message"]["text"] for b in listener.bodies if b["message"]["chat"]["id"] == person.chat.id
        ]
        assert own == ["0", "1"]


async def test_no_more_than_max_connections(
    api: Api, listener: Listener, ada: Customer, fake_clock: FakeClock
) -> None:
    await fake_clock.advance(1)
    await api("setWebhook", url=listener.url, secret_token=listener.secret, max_connections=2)
    people = [ada.bot.fake.customer() for _ in range(6)]
    listener.slow = {person.chat.id: 0.02 for person in people}
    await asyncio.gather(*(person.write("x") for person in people))
    assert listener.most_under_way == 2


async def test_what_gets_too_old_is_dropped(listener: Listener, ada: Customer, api: Api) -> None:
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "x"}]]}
    await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=buttons)
    listener.answers = [500] * 60
    pressed = await ada.press()
    await ada.bot.fake.settle()
    assert pressed.update is not None
    assert pressed.update.dropped
    assert 126 <= pressed.update.waited <= 150
    listener.answers = []
    assert (await ada.write("still here")).statuses == [200]


async def test_a_webhook_that_is_gone_is_removed(listener: Listener, ada: Customer) -> None:
    ada.bot.courier.scale = 0
    gone = Response(status=410, headers={"Retry-After": "3600"})
    listener.answers = [gone] * 40
    said = await ada.write("hello")
    await ada.bot.fake.settle()
    assert len(said.statuses) == 24
    assert ada.bot.courier.webhook.url == ""


async def test_nobody_listens(api: Api, ada: Customer) -> None:
    await api("setWebhook", url="http://127.0.0.1:1/hook")
    said = await ada.write("hello")
    assert said.statuses[0] == 0
    await api("deleteWebhook")
    assert len((await api("getUpdates")).result) == 1


async def test_lost_answers_bring_the_update_again(listener: Listener, ada: Customer) -> None:
    ada.bot.courier.lost = 0.5
    for number in range(20):
        await ada.write(f"n{number}")
    await ada.bot.fake.settle()
    once = [text for n, text in enumerate(listener.texts) if text not in listener.texts[:n]]
    assert once == [f"n{number}" for number in range(20)]
    assert len(listener.texts) > 25
    said = ada.said[0]
    assert said.update is not None
    assert await ada.bot.courier.repeat(said.update) == 200
    assert listener.texts[-1] == "n0"


async def test_shuffled_chats_keep_their_own_order(listener: Listener, ada: Customer) -> None:
    ada.bot.courier.shuffle = 0.02
    people = [ada.bot.fake.customer() for _ in range(5)]
    await asyncio.gather(*(person.write(f"{n}") for person in people for n in range(4)))
    order = [body["message"]["chat"]["id"] for body in listener.bodies]
    assert order != sorted(order)
    for person in people:
        own = [
            b["message"]["text"] for b in listener.bodies if b["message"]["chat"]["id"] == person.chat.id
        ]
        assert own == ["0", "1", "2", "3"]


async def test_an_answer_may_carry_one_call(listener: Listener, ada: Customer) -> None:
    def carrying(**call: Any) -> Response:
        return Response(body=json.dumps(call).encode(), headers={"content-type": "application/json"})

    listener.answers = [
        carrying(method="sendMessage", chat_id=ada.chat.id, text="by the way"),
        carrying(method="deleteWebhook"),
        Response(body=b"ok"),
    ]
    for _ in range(3):
        await ada.write("hello")
    await ada.bot.fake.settle()
    assert ada.texts == ["by the way"]
    assert ada.bot.courier.webhook.url == listener.url


# --- payloads ------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0(\0\0\0\x1e" + bytes(9)


async def test_messages_look_like_the_platforms_own(listener: Listener, fake: FakeTelegram) -> None:
    ada = fake.customer(77, "Ada", last_name="Test", username="ada")
    await ada.start("abc-123")
    (body,) = listener.bodies
    assert re.fullmatch(r"\d+", str(body["update_id"]))
    assert body["message"] == {
        "message_id": 100,
        "from": {
            "id": 77,
            "is_bot": False,
            "first_name": "Ada",
            "last_name": "Test",
            "username": "ada",
            "language_code": "en",
        },
        "chat": {"id": 77, "first_name": "Ada", "last_name": "Test", "username": "ada", "type": "private"},
        "date": int(fake.clock.now().timestamp()),
        "text": "/start abc-123",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }


async def test_every_kind_of_message(listener: Listener, ada: Customer) -> None:
    await ada.photo(PNG, "look")
    await ada.document(PNG, size=5)
    await ada.voice(b"OggS")
    await ada.video(b"film")
    await ada.audio(b"song")
    await ada.sticker()
    await ada.location(1.5, 2.5)
    await ada.location(1.5, 2.5, title="Home", address="Street 1")
    await ada.contact()
    await ada.contact("+4930", own=False, name="Ben")
    await ada.poll()
    messages = [body["message"] for body in listener.bodies]
    photo = messages[0]["photo"]
    assert (photo[-1]["width"], photo[-1]["height"], photo[-1]["file_size"]) == (40, 30, len(PNG))
    assert messages[0]["caption"] == "look"
    kinds = ["photo", "document", "voice", "video", "audio", "sticker", "location", "venue", "contact"]
    assert [
        next(k for k in (*kinds, "poll") if k in m and (k != "location" or "venue" not in m))
        for m in messages
    ] == [
        *kinds,
        "contact",
        "poll",
    ]
    assert messages[8]["contact"]["user_id"] == ada.user.id
    assert "user_id" not in messages[9]["contact"]


async def test_albums_edits_quotes_and_presses(listener: Listener, ada: Customer, api: Api) -> None:
    album = await ada.album([PNG, PNG, PNG], "three")
    messages = [body["message"] for body in listener.bodies]
    assert len({m["media_group_id"] for m in messages}) == 1
    assert [m.get("caption") for m in messages] == ["three", None, None]
    assert [m["message_id"] for m in messages] == [said.id for said in album]
    said = await ada.write("helo")
    await ada.edit(said, "hello")
    edited = listener.bodies[-1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (said.id, "hello")
    assert edited["edit_date"] >= edited["date"]
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "p:1"}]]}
    sent = (await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=buttons)).result
    await ada.write("this", quote=sent["message_id"])
    assert listener.bodies[-1]["message"]["reply_to_message"]["text"] == "Well?"
    await ada.press()
    pressed = listener.bodies[-1]["callback_query"]
    assert (pressed["data"], pressed["from"]["id"]) == ("p:1", ada.user.id)
    assert pressed["message"]["reply_markup"] == buttons
    assert pressed["message"]["from"]["is_bot"] is True
    await ada.press(old=True)
    inaccessible = listener.bodies[-1]["callback_query"]["message"]
    assert (inaccessible["date"], set(inaccessible)) == (0, {"date", "message_id", "chat"})


async def test_blocking_is_told(listener: Listener, ada: Customer) -> None:
    await ada.block()
    await ada.unblock()
    told = [body["my_chat_member"] for body in listener.bodies]
    assert [(t["old_chat_member"]["status"], t["new_chat_member"]["status"]) for t in told] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]
    assert told[0]["new_chat_member"]["user"]["is_bot"] is True


async def test_in_groups_a_bot_hears_commands_and_answers_only(
    listener: Listener, fake: FakeTelegram, ada: Customer, api: Api
) -> None:
    group = ada.into(fake.group())
    await group.invite_bot()
    await group.write("just talking")
    await group.write("/start@baton_test_bot")
    sent = (await api("sendMessage", chat_id=group.chat.id, text="Write to me alone.")).result
    await group.write("why?", quote=sent["message_id"])
    assert listener.kinds == ["my_chat_member", "message", "message", "message"]
    assert listener.texts == ["", "/start@baton_test_bot", "why?"]
    assert listener.bodies[-1]["message"]["chat"]["type"] == "supergroup"
    await api("leaveChat", chat_id=group.chat.id)
    await fake.settle()
    assert listener.bodies[-1]["my_chat_member"]["new_chat_member"]["status"] == "left"
    assert (await group.write("/start@baton_test_bot")).update is None


async def test_two_bots_know_nothing_of_each_other(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    second = fake.new_bot("700000002:another-token", "second_bot")
    same = fake.customer(ada.user.id, "Ada", bot=second)
    await same.write("to the second")
    assert await polled(api) == []
    other = Api(api.client, second.token)
    assert len(await polled(other)) == 1
    assert (await other("sendMessage", chat_id=same.chat.id, text="hello")).status == 200
    assert (same.texts, ada.texts) == (["hello"], [])
