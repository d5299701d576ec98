"""The fake Telegram calls webhooks as the platform does: in order, at least once, for a day."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.fake_telegram import Customer
from tests.fake_telegram.listener import Listener
from tests.support.clock import FakeClock
from tests.support.http_server import Response
from tests.telegram.fakes import Api


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
