"""The webhook on a real server: signed bodies are stored and acknowledged, all others are turned away."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.domain.arrival import Echo, Ignored, Moved, Receipt
from bot.domain.errors import InvalidInput, StoreError
from bot.domain.message import Delivery, InboundMessage
from bot.setting_types import Secret
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.whatsapp.reception import WhatsAppReception
from tests.fake_whatsapp import NUMBER, Number
from tests.fake_whatsapp.payloads import signatures
from tests.web.fakes import FakeEngine, FakeStore
from tests.whatsapp.kit import account, body, message, said, value
from tests.whatsapp.shop import Shop, a_shop

PATH = "/webhooks/whatsapp"


@contextlib.asynccontextmanager
async def served(reception: WhatsAppReception) -> AsyncIterator[httpx.AsyncClient]:
    deps = WebDeps(
        store=FakeStore(),  # type: ignore[arg-type]
        engine=FakeEngine(),  # type: ignore[arg-type]
        metrics=Metrics(),
        public_url="http://127.0.0.1:8080",
        version="0.1.0",
        parts=(reception,),
    )
    server = WebServer(create_app(deps), port=0, parts=deps.parts)
    await server.start()
    try:
        url = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            yield client
    finally:
        await server.stop(drain=1.0)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with a_shop() as shop:
        yield shop


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with served(shop.reception) as client:
        assert await shop.fake.register(f"{client.base_url}{PATH}")
        yield client


async def post(
    client: httpx.AsyncClient, raw: bytes, *, secret: str = NUMBER.app_secret, path: str = PATH
) -> int:
    headers = {"content-type": "application/json", **signatures(raw, secret)}
    return (await client.post(path, content=raw, headers=headers)).status_code


def texts(shop: Shop) -> list[str]:
    return [taken.text for taken in shop.core.taken if isinstance(taken, InboundMessage)]


async def test_the_handshake(client: httpx.AsyncClient) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "<b>1</b>", "hub.verify_token": NUMBER.verify_token}
    for path in (PATH, f"{PATH}/default"):
        answer = await client.get(path, params=asked)
        assert (answer.status_code, answer.text) == (200, "<b>1</b>")
        assert answer.headers["content-type"].startswith("text/plain")
    assert (await client.get(PATH, params=asked | {"hub.verify_token": "x"})).status_code == 403
    assert (await client.get(PATH)).status_code == 403
    assert (await client.get(f"{PATH}/other", params=asked)).status_code == 404


async def test_a_customer_writes(client: httpx.AsyncClient, shop: Shop) -> None:
    ada = shop.fake.customer("Ada")
    said = await ada.write("Grüße / 😀")
    (taken,) = shop.core.taken
    assert isinstance(taken, InboundMessage)
    assert (taken.text, taken.external_id, taken.display_name) == ("Grüße / 😀", said.id, "Ada")
    assert (taken.address, taken.aliases) == (ada.identity.bsuid, (ada.phone,))
    assert said.webhook is not None
    assert said.webhook.statuses == [200]


async def test_everything_a_customer_does_is_understood(client: httpx.AsyncClient, shop: Shop) -> None:
    ada = shop.fake.customer("Ada")
    first = await ada.write("Hello")
    await shop.send(message("Sure?", ("Yes", "No")), ada.identity.bsuid)
    await shop.fake.settle()
    await ada.press("Yes")
    await ada.react(ada.seen[0])
    await ada.unreact(ada.seen[0])
    await ada.edit(first, "Hello!")
    await ada.revoke(first)
    await ada.location(52.5, 13.4, "Home")
    await ada.contacts(("Bob", "+49151"))
    await ada.order(("SODA", 2, 1.5))
    await ada.form('{"stars": 5}')
    await ada.template_button("Yes, please", "x")
    await ada.sticker(b"webp")
    await ada.unsupported()
    await ada.read()
    await ada.stop_marketing()
    await shop.fake.settle()
    kinds = [type(taken).__name__ for taken in shop.core.taken]
    assert kinds == [
        "InboundMessage", "Receipt", "Receipt", "InboundMessage", "Reaction", "Reaction", "Edited", "Deleted",
        *["InboundMessage"] * 7, "Receipt", "Ignored",
    ]  # fmt: skip
    pressed = shop.core.taken[3]
    assert isinstance(pressed, InboundMessage)
    assert (pressed.choice, pressed.reply_to_external) == ("~7.0", ada.seen[0].id)
    receipts = [taken for taken in shop.core.taken if isinstance(taken, Receipt)]
    assert [(r.delivery, r.ref) for r in receipts] == [
        (Delivery.SENT, "c1:7"), (Delivery.DELIVERED, "c1:7"), (Delivery.READ, "c1:7"),
    ]  # fmt: skip


@pytest.mark.parametrize("known", ["phone", "both", "bsuid"])
async def test_a_new_number_and_a_person_in_the_app(
    client: httpx.AsyncClient, shop: Shop, known: Any
) -> None:
    ada = shop.fake.customer("Ada", known)
    await ada.write("Hello")
    old = ada.identity
    await ada.change_number("4917700000000")
    moves = [taken for taken in shop.core.taken if isinstance(taken, Moved)]
    assert {move.address for move in moves} == {ada.identity.bsuid or ada.phone}
    assert all((old.bsuid or old.phone) in move.aliases for move in moves)
    await shop.fake.echo(ada, "Kim here")
    echo = shop.core.taken[-1]
    assert isinstance(echo, Echo)
    assert (echo.address, echo.text) == (ada.identity.bsuid or ada.phone, "Kim here")


async def test_a_message_that_fails_later(client: httpx.AsyncClient, shop: Shop) -> None:
    ada = shop.fake.customer("Ada")
    await ada.write("Hello")
    ada.block()
    await shop.send(message("Are you there?"), ada.identity.bsuid)
    await shop.fake.settle()
    receipt = shop.core.taken[-1]
    assert isinstance(receipt, Receipt)
    assert receipt.delivery is Delivery.FAILED
    assert "blocked" in receipt.reason


async def test_many_in_one_body_and_every_one_of_them_once_taken(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    people = [shop.fake.customer(f"P{n}") for n in range(40)]
    with shop.fake.courier.held("mixed"):
        for person in people:
            await person.write("one")
            await person.write("two")
    await shop.fake.settle()
    by_person: dict[str, list[str]] = {}
    for taken in shop.core.taken:
        assert isinstance(taken, InboundMessage)
        by_person.setdefault(taken.address, []).append(taken.text)
    assert by_person == {person.identity.bsuid: ["one", "two"] for person in people}


@pytest.mark.parametrize("batch", ["customers", "mixed", "apart"])
async def test_several_entries_changes_and_messages(
    client: httpx.AsyncClient, shop: Shop, batch: Any
) -> None:
    ada, bob = shop.fake.customer("Ada"), shop.fake.customer("Bob")
    with shop.fake.courier.held(batch):
        for text in ("a", "b"):
            await ada.write(text)
            await bob.write(text)
    await shop.fake.settle()
    assert sorted(texts(shop)) == ["a", "a", "b", "b"]
    assert [
        t.text for t in shop.core.taken if isinstance(t, InboundMessage) and t.address == ada.identity.bsuid
    ] == ["a", "b"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/default"])
async def test_only_what_meta_has_signed_comes_in(client: httpx.AsyncClient, shop: Shop, path: str) -> None:
    raw = body(value(said("text", {"body": "Hi"})))
    assert await post(client, raw, secret="wrong", path=path) == 401
    headers = {"content-type": "application/json"}
    assert (await client.post(path, content=raw, headers=headers)).status_code == 401
    only_old = {"x-hub-signature": signatures(raw, NUMBER.app_secret)["X-Hub-Signature"]}
    assert (await client.post(path, content=raw, headers=headers | only_old)).status_code == 401
    assert (await client.post(path, content=b"", headers=headers)).status_code == 401
    assert not shop.core.taken
    assert await post(client, raw, path=path) == 200
    assert texts(shop) == ["Hi"]


async def test_the_content_type_does_not_matter_but_the_form_does(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    raw = body(value(said("text", {"body": "Hi"})))
    assert (
        await client.post(PATH, content=raw, headers=signatures(raw, NUMBER.app_secret))
    ).status_code == 200
    for broken in (b"", b"{", b"[]", b"null"):
        assert await post(client, broken) == 400
    assert await post(client, b'{"object":"page"}') == 200


async def test_bodies_of_three_megabytes_are_taken(client: httpx.AsyncClient, shop: Shop) -> None:
    texts_sent = [f"{n} " + "x" * 3_000 for n in range(900)]
    messages = [said("text", {"body": text}, id=f"w{n}") for n, text in enumerate(texts_sent)]
    raw = body(value(*messages))
    assert len(raw) > 2_700_000
    assert await post(client, raw) == 200
    assert texts(shop) == texts_sent
    assert await post(client, b"x" * (5 << 20)) == 413


async def test_what_cannot_be_stored_is_told_again(client: httpx.AsyncClient, shop: Shop) -> None:
    shop.core.fail += [StoreError("away"), ZeroDivisionError()]
    ada, bob = shop.fake.customer("Ada"), shop.fake.customer("Bob")
    with shop.fake.courier.held():
        await ada.write("one")
        await ada.write("two")
        await bob.write("three")
    await shop.fake.settle()
    (webhook,) = shop.fake.courier.sent
    assert webhook.statuses == [503, 200]
    # The first try stored nothing of Ada's, so that her words keep their order.
    assert texts(shop) == ["one", "two", "three"]


async def test_what_is_not_usable_is_acknowledged(client: httpx.AsyncClient, shop: Shop) -> None:
    shop.core.fail.append(InvalidInput("too much of it"))
    ada = shop.fake.customer("Ada")
    said_now = await ada.write("one")
    assert said_now.webhook is not None
    assert said_now.webhook.statuses == [200]
    assert shop.metrics.counted["ignored", "whatsapp", InvalidInput.code] == 1


async def test_alarms_of_the_platform_reach_the_operators(client: httpx.AsyncClient, shop: Shop) -> None:
    failed = {"id": "w", "status": "failed", "errors": [{"code": 131042}]}
    assert await post(client, body(value(failed, key="statuses"))) == 200
    assert shop.reception.gauges() == {"whatsapp_alarms": 1.0}


async def test_each_number_is_its_own_account() -> None:
    second = Number(id="2", display="15550000002", token="t2", app_secret="s2", verify_token="v2")
    third = replace(second, id="3", display="15550000003")
    async with a_shop() as shop:
        accounts = {
            name: account(number, name=name)
            for name, number in (("one", NUMBER), ("two", second), ("three", third))
        }
        reception = WhatsAppReception(
            accounts=accounts,
            arrivals=shop.core,
            troubles=shop.channel.troubles,
            clock=shop.clock,
            metrics=shop.metrics,
        )
        async with served(reception) as client:
            values = [
                value(said("text", {"body": number.id}, id=number.id))
                | {"metadata": {"phone_number_id": number.id}}
                for number in (NUMBER, second, third)
            ]
            assert await post(client, body(*values), secret="s2") == 200
            found = [(t.account, t.text) for t in shop.core.taken if isinstance(t, InboundMessage)]
            assert found == [("two", "2"), ("three", "3")]
            # A number of another app is not ours with this signature, whatever the body says.
            assert [t.reason for t in shop.core.taken if isinstance(t, Ignored)] == ["foreign_number"]
            shop.core.taken.clear()
            assert await post(client, body(*values), secret="s2", path=f"{PATH}/three") == 200
            assert [(t.account, t.text) for t in shop.core.taken if isinstance(t, InboundMessage)] == [
                ("three", "3")
            ]
            assert await post(client, body(*values), secret="s2", path=f"{PATH}/one") == 401
            asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "v2"}
            assert (await client.get(f"{PATH}/two", params=asked)).status_code == 200
            assert (await client.get(f"{PATH}/one", params=asked)).status_code == 403


def test_two_accounts_with_one_number_are_a_mistake() -> None:
    accounts = {name: account(name=name, token=Secret(name)) for name in ("one", "two")}
    with pytest.raises(ValueError, match="same number"):
        WhatsAppReception(accounts=accounts, arrivals=None, troubles=None, clock=None, metrics=None)  # type: ignore[arg-type]
