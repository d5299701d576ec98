"""The fake WhatsApp tells the business what happens as the platform does: signed, repeated, in bad order."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fake_whatsapp import NUMBER, Broken, Customer, Drop, FakeWhatsApp, Held, Lose, Refuse, Slow
from tests.fake_whatsapp.listener import Listener
from tests.support.clock import FakeClock

URL = f"/v25.0/{NUMBER.id}/messages"


@pytest.fixture
async def fake() -> AsyncIterator[FakeWhatsApp]:
    async with FakeWhatsApp(clock=FakeClock()) as running:
        running.courier.gaps = (0.01, 0.02, 0.04)
        yield running


@pytest.fixture
async def business(fake: FakeWhatsApp) -> AsyncIterator[Listener]:
    listener = Listener(NUMBER)
    await listener.start()
    assert await fake.register(f"{listener.url}/hook")
    yield listener
    await listener.stop()


@pytest.fixture
async def api(fake: FakeWhatsApp) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {NUMBER.token}"}
    async with httpx.AsyncClient(base_url=fake.url, headers=headers, trust_env=False) as client:
        yield client


def text(words: str, customer: Customer, **more: Any) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "to": customer.phone,
        "type": "text",
        "text": {"body": words},
    } | more


async def test_a_wrong_verify_token_is_noticed(fake: FakeWhatsApp, business: Listener) -> None:
    business.number = fake.numbers[NUMBER.id].__class__(
        **{name: getattr(NUMBER, name) for name in ("id", "display", "token", "app_secret")},
        verify_token="x",
    )
    assert not await fake.register(business.url)


async def test_bodies_are_signed_as_they_are_with_escapes(fake: FakeWhatsApp, business: Listener) -> None:
    await fake.customer().write("größer / 😀")
    (request,) = business.received
    assert b"gr\\u00f6\\u00dfer \\/ \\ud83d\\ude00" in request.body
    digest = hmac.new(NUMBER.app_secret.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-hub-signature-256"] == f"sha256={digest}"
    again = json.dumps(json.loads(request.body)).encode()
    assert hmac.new(NUMBER.app_secret.encode(), again, hashlib.sha256).hexdigest() != digest


@pytest.mark.parametrize(
    ("known", "fields"),
    [
        ("phone", {"from", "wa_id"}),
        ("both", {"from", "wa_id", "from_user_id", "user_id"}),
        ("bsuid", {"from_user_id", "user_id", "username"}),
    ],
)
async def test_a_customer_is_shown_by_phone_or_by_id(
    fake: FakeWhatsApp, business: Listener, known: Any, fields: set[str]
) -> None:
    await fake.customer(known=known).write("hello")
    (value,) = business.values
    names = {*value["messages"][0], *value["contacts"][0], *value["contacts"][0]["profile"]}
    assert names & {"from", "from_user_id", "wa_id", "user_id", "username"} == fields
    assert value["metadata"]["phone_number_id"] == NUMBER.id


async def test_everything_a_customer_can_do_is_told(fake: FakeWhatsApp, business: Listener) -> None:
    ada = fake.customer()
    said = await ada.write("hello")
    await ada.image(b"\xff\xd8\xff", "look")
    await ada.video(b"film")
    await ada.document(b"%PDF-", "a.pdf")
    await ada.voice(b"OggS")
    await ada.audio(b"ID3")
    await ada.sticker(b"RIFF")
    await ada.location(1.5, 2.5, "Shop")
    await ada.contacts(("Ben", "+491500000"))
    await ada.order(("BOOK", 2, 9.5))
    await ada.unsupported()
    await ada.template_button("Yes", "payload")
    await ada.form('{"a":1}')
    await ada.react(said)
    await ada.unreact(said)
    await ada.edit(said, "hello!")
    await ada.revoke(said)
    await ada.change_number("491511111111")
    await ada.stop_marketing()
    kinds = [item["type"] for item in business.items()]
    assert kinds == [
        *("text", "image", "video", "document", "audio", "audio", "sticker", "location", "contacts"),
        *(
            "order",
            "unsupported",
            "button",
            "interactive",
            "reaction",
            "reaction",
            "edit",
            "revoke",
            "system",
        ),
    ]
    assert all(isinstance(item["timestamp"], str) for item in business.items())
    assert "emoji" not in business.items()[14]["reaction"]
    assert business.items("user_id_update")[0]["user_id"]["current"] == ada.identity.bsuid
    assert business.items("user_preferences")[0]["value"] == "stop"
    fields = {c["field"] for body in business.bodies for e in body["entry"] for c in e["changes"]}
    assert fields == {"messages", "user_id_update", "user_preferences"}


async def test_buttons_and_rows_say_what_they_belong_to(
    fake: FakeWhatsApp, business: Listener, api: httpx.AsyncClient
) -> None:
    ada = fake.customer()
    await ada.write("hello")
    buttons = [{"type": "reply", "reply": {"id": f"b{n}", "title": t}} for n, t in enumerate(("Yes", "No"))]
    sections = [{"rows": [{"id": "r0", "title": "Books", "description": "All"}]}]
    for action, kind in (
        ({"buttons": buttons}, "button"),
        ({"button": "Menu", "sections": sections}, "list"),
    ):
        content = {"type": kind, "body": {"text": "?"}, "action": action}
        body = {
            "messaging_product": "whatsapp",
            "to": ada.phone,
            "type": "interactive",
            "interactive": content,
        }
        assert (await api.post(URL, json=body)).status_code == 200
    await ada.press("No")
    await ada.choose(1)
    pressed, chosen = business.items()[-2:]
    assert pressed["interactive"] == {"type": "button_reply", "button_reply": {"id": "b1", "title": "No"}}
    assert pressed["context"]["id"] == ada.seen[0].id
    assert chosen["interactive"]["list_reply"] == {"id": "r0", "title": "Books", "description": "All"}


async def test_statuses_are_told_with_our_words_in_any_order(
    fake: FakeWhatsApp, business: Listener, api: httpx.AsyncClient
) -> None:
    ada = fake.customer()
    await ada.write("hello")
    fake.progress = ("read", "sent", "delivered")
    await api.post(URL, json=text("hi", ada, biz_opaque_callback_data="c1:2"))
    fake.progress = ("sent", "delivered")
    await api.post(URL, json=text("hi", ada))
    await ada.read()
    ada.receipts = False
    await api.post(URL, json=text("hi", ada))
    await ada.read()
    await fake.settle()
    first, second, third = (
        [s["status"] for s in business.items("statuses") if s["id"] == m.id] for m in ada.seen
    )
    assert (first, second, third) == (
        ["read", "sent", "delivered", "read"],
        ["sent", "delivered", "read"],
        ["sent", "delivered"],
    )
    status = business.items("statuses")[0]
    assert status["biz_opaque_callback_data"] == "c1:2"
    assert (status["recipient_id"], status["recipient_user_id"]) == (ada.phone, ada.identity.bsuid)


async def test_statuses_of_the_old_form_name_the_phone_alone(
    fake: FakeWhatsApp, business: Listener, api: httpx.AsyncClient
) -> None:
    ada = fake.customer(known="phone")
    await ada.write("hello")
    await api.post(URL, json=text("hi", ada))
    await fake.settle()
    sent, delivered = business.values[-2:]
    assert "contacts" not in sent
    assert sent["statuses"][0]["conversation"]["origin"] == {"type": "service"}
    assert delivered["statuses"][0]["recipient_id"] == ada.phone
    assert "recipient_user_id" not in delivered["statuses"][0]


@pytest.mark.parametrize("reason", ["blocked", "nobody", "wrong file", "late window"])
async def test_what_fails_later_is_told_by_a_status(
    fake: FakeWhatsApp, business: Listener, api: httpx.AsyncClient, reason: str
) -> None:
    ada = fake.customer()
    await ada.write("hello")
    body, code = text("hi", ada), 131026
    if reason == "blocked":
        ada.block()
    elif reason == "nobody":
        fake.template("bare", "Hello.")
        body = text("", ada) | {"to": "4900000000", "type": "template"}
        body["template"] = {"name": "bare", "language": {"code": "en"}}
        del body["text"]
    elif reason == "wrong file":
        file = await ada.document(b"%PDF-", "a.pdf")
        body, code = text("", ada) | {"type": "image", "image": {"id": file.content["id"]}}, 131053
        del body["text"]
    else:
        assert isinstance(fake.clock, FakeClock)
        fake.late_window, code = True, 131047
        fake.clock.move(25 * 3600)
    assert (await api.post(URL, json=body)).status_code == 200
    await fake.settle()
    assert [s["status"] for s in business.items("statuses")] == ["failed"]
    assert business.items("statuses")[0]["errors"][0]["code"] == code
    assert ada.seen == []


async def test_a_refused_body_comes_again_and_holds_nobody_up(
    fake: FakeWhatsApp, business: Listener
) -> None:
    business.answers = [503]
    said = await fake.customer().write("first")
    await fake.customer("Ben").write("second")
    await fake.settle()
    assert said.statuses == [503, 200]
    assert [m["text"]["body"] for m in business.items()] == ["first", "second", "first"]
    assert business.received[0].body == business.received[2].body
    business.answers = [404] * 9
    await fake.customer().write("third")
    await fake.settle()
    assert len(fake.courier.lost) == 1


async def test_a_slow_business_gets_the_body_again(fake: FakeWhatsApp, business: Listener) -> None:
    fake.courier.timeout, business.slow = 0.05, 0.1
    said = await fake.customer().write("hello")
    fake.courier.timeout, business.slow = 10.0, 0.0
    await fake.settle()
    assert (said.statuses[0], said.statuses[-1]) == (0, 200)


async def test_things_come_in_one_body_when_they_are_held(fake: FakeWhatsApp, business: Listener) -> None:
    for batch, entries, changes in (("customers", 1, 3), ("mixed", 1, 1), ("apart", 4, 1)):
        business.received.clear()
        ada, ben = fake.customer(), fake.customer("Ben")
        with fake.courier.held(batch):  # type: ignore[arg-type]
            await ada.write("one")
            await ada.write("two")
            await ben.write("three")
            await ada.write("four")
        await fake.settle()
        (body,) = business.bodies
        assert (len(body["entry"]), len(body["entry"][0]["changes"])) == (entries, changes)
        assert [m["text"]["body"] for m in business.items()] == ["one", "two", "three", "four"]


async def test_order_and_number_of_bodies_are_chance_when_asked_for(
    fake: FakeWhatsApp, business: Listener
) -> None:
    ada = fake.customer()
    fake.courier.shuffle, fake.courier.duplicate, fake.courier.chance = 0.05, 0.5, random.Random(7)
    await asyncio.gather(*(ada.write(f"n{n}") for n in range(12)))
    await fake.settle()
    words = [m["text"]["body"] for m in business.items()]
    assert set(words) == {f"n{n}" for n in range(12)}
    assert len(words) > 12
    assert list(dict.fromkeys(words)) != [f"n{n}" for n in range(12)]


async def test_people_who_answer_from_the_shops_phone_are_echoed(
    fake: FakeWhatsApp, business: Listener
) -> None:
    ada = fake.customer()
    await ada.write("hello")
    await fake.echo(ada, "Hi, Ana here")
    (echo,) = business.items("message_echoes")
    assert (echo["from"], echo["to"], echo["text"]) == (NUMBER.display, ada.phone, {"body": "Hi, Ana here"})
    assert [(s.author, s.text) for s in ada.seen] == [("app", "Hi, Ana here")]


async def test_a_hidden_phone_is_in_no_webhook(
    fake: FakeWhatsApp, business: Listener, api: httpx.AsyncClient
) -> None:
    ada = fake.customer()
    await ada.write("one")
    await ada.hide_phone("ada.l")
    await ada.write("two")
    await api.post(URL, json=text("still reached", ada))
    await fake.settle()
    assert all(ada.phone not in json.dumps(value) for value in business.values[1:])
    assert ada.texts == ["still reached"]


async def test_faults_of_the_platform(fake: FakeWhatsApp, api: httpx.AsyncClient) -> None:
    ada = fake.customer()
    await ada.write("hello")
    gate = asyncio.Event()
    fake.faults.plan(Drop(), Lose(), Broken(status=502), Refuse(131000), Slow(seconds=0.05), Held(gate))
    for words in ("dropped", "lost"):
        with pytest.raises(httpx.RemoteProtocolError):
            await api.post(URL, json=text(words, ada))
    assert (await api.post(URL, json=text("broken", ada))).status_code == 502
    assert (await api.post(URL, json=text("refused", ada))).json()["error"]["code"] == 131000
    with pytest.raises(httpx.ReadTimeout):
        await api.post(URL, json=text("slow", ada), timeout=0.02)
    held = asyncio.create_task(api.post(URL, json=text("held", ada)))
    await asyncio.sleep(0.02)
    assert not held.done()
    gate.set()
    assert (await held).status_code == 200
    assert ada.texts == ["lost", "slow", "held"]
    statuses = [call.status for call in fake.sent()]
    assert (statuses[:4], statuses[-1]) == ([0, 0, 502, 500], 200)  # the slow one may be done by now


async def test_bad_weather_has_a_seed(fake: FakeWhatsApp, api: httpx.AsyncClient) -> None:
    ada = fake.customer()
    await ada.write("hello")
    seen = []
    for _ in range(2):
        with fake.faults.weather((0.3, Broken()), seed=5, on=("messages",)):
            seen.append([(await api.post(URL, json=text("x", ada))).status_code for _ in range(20)])
    assert seen[0] == seen[1]
    assert {200, 500} == set(seen[0])
