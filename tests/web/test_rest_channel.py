"""The REST channel over a real socket: Rasa's shape, bad input, tokens, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.domain.errors import InvalidInput, StoreError, TooManyRequests
from bot.domain.message import Attachment, Author, Choice, IdentityClaim, Kind
from connectors.channels.core.identity import sign
from connectors.channels.rest import RestLimits
from tests.web.conftest import TOKEN, World
from tests.web.fakes import message

HOOK = "/webhooks/rest/webhook"
POLL = "/webhooks/rest/messages"


def error(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"])
    return body["error"]


async def test_message_is_answered_in_rasas_shape(world: World, client: httpx.AsyncClient) -> None:
    world.core.answers = [
        message(
            seq=7,
            text="Cancel it?",
            kind=Kind.CHOICES,
            choices=(Choice(title="Yes", payload="/affirm"), Choice(title="No", payload="/deny")),
        ),
        message(
            seq=8,
            kind=Kind.MEDIA,
            attachments=(
                Attachment(kind="image", url="https://cdn.example/a.png"),
                Attachment(kind="file", url="https://cdn.example/a.pdf"),
            ),
        ),
        message(seq=9, custom={"map": [1, 2]}),
        message(seq=10, text="for agents", kind=Kind.NOTE),
        message(seq=11, text="owner changed", kind=Kind.EVENT),
    ]
    response = await client.post(HOOK, json={"sender": "ann", "message": "hi", "metadata": {"a": 1}})
    assert response.status_code == 200
    assert response.json() == [
        {
            "recipient_id": "ann",
            "text": "Cancel it?",
            "buttons": [{"title": "Yes", "payload": "~7.0"}, {"title": "No", "payload": "~7.1"}],
        },
        {"recipient_id": "ann", "image": "https://cdn.example/a.png"},
        {"recipient_id": "ann", "attachment": "https://cdn.example/a.pdf"},
        {"recipient_id": "ann", "custom": {"map": [1, 2]}},
    ]
    (inbound,) = world.core.accepted
    assert (inbound.channel, inbound.account, inbound.address) == ("rest", "default", "ann")
    assert (inbound.text, inbound.choice, inbound.raw) == ("hi", "", {"a": 1})
    assert inbound.received_at == world.clock.now()


async def test_metadata_is_never_identity(world: World, client: httpx.AsyncClient) -> None:
    forged = {
        "identity": {"trust": "verified"},
        "customer_id": "c-1",
        "directory_ref": "C1",
        "trust": "verified",
    }
    await client.post(HOOK, json={"sender": "ann", "message": "hi", "metadata": forged})
    (inbound,) = world.core.accepted
    assert inbound.identity is None
    assert inbound.display_name == ""
    assert inbound.raw == forged


KEY = "k" * 32
JANE = IdentityClaim(trust="verified", directory_ref="C1001", name="Jane Miller", email="jane@example.com")


async def test_signed_identity_reaches_the_core(world: World) -> None:
    world.identity_secret = KEY
    async with world.serve() as client:
        token = sign(JANE, secret=KEY, now=world.clock.now())
        await client.post(HOOK, json={"sender": "ann", "message": "hi", "identity": token})
        await client.post(HOOK, json={"sender": "ann", "message": "hi", "identity": None})
        await client.post(HOOK, json={"sender": "ann", "message": "hi", "metadata": {"identity": token}})
    assert [inbound.identity for inbound in world.core.accepted] == [JANE, None, None]


async def test_wrong_identity_is_refused_and_nothing_is_taken_in(world: World) -> None:
    world.identity_secret = KEY
    now = world.clock.now()
    async with world.serve() as client:
        for given, reason in (
            (sign(JANE, secret="x" * 32, now=now), "signature"),
            (sign(JANE, secret=KEY, now=now - timedelta(hours=1)), "expired"),
            ("", "malformed"),
        ):
            body = {"sender": "ann", "message": "hi", "identity": given}
            response = await client.post(HOOK, json=body)
            assert response.status_code == 401
            found = error(response)
            assert (found["code"], found["field"], found["reason"]) == (
                "identity_refused", "identity", reason,
            )  # fmt: skip
        long = {"sender": "ann", "message": "hi", "identity": "a" * 5_000}
        assert (await client.post(HOOK, json=long)).status_code == 400
        number = {"sender": "ann", "message": "hi", "identity": 7}
        assert error(await client.post(HOOK, json=number))["field"] == "identity"
    assert world.core.accepted == []


async def test_without_a_secret_an_identity_is_an_error(world: World, client: httpx.AsyncClient) -> None:
    token = sign(JANE, secret=KEY, now=world.clock.now())
    response = await client.post(HOOK, json={"sender": "ann", "message": "hi", "identity": token})
    assert response.status_code == 403
    assert "BATON_CHAT_IDENTITY_SECRET" in error(response)["message"]
    assert world.core.accepted == []


@pytest.mark.parametrize("extra", [{"input_channel": "rest"}, {"stream": False}, {"metadata": None}])
async def test_rasas_own_fields_are_tolerated(client: httpx.AsyncClient, extra: dict[str, Any]) -> None:
    response = await client.post(
        f"{HOOK}?stream=false&token=x", json={"sender": "a", "message": "b", **extra}
    )
    assert response.status_code == 200


async def test_button_token_becomes_a_choice(world: World, client: httpx.AsyncClient) -> None:
    for typed in ("~7.1", "~ffffffff.0"):
        await client.post(HOOK, json={"sender": "ann", "message": typed})
    for typed in ("~", "~x.1", "~-1.0", "~1_0.0", "~" + "f" * 20 + ".1", " ~7.1", "/affirm"):
        await client.post(HOOK, json={"sender": "ann", "message": typed})
    choices = [(m.choice, m.text) for m in world.core.accepted]
    assert choices[:2] == [("~7.1", ""), ("~ffffffff.0", "")]
    assert [choice for choice, _ in choices[2:]] == [""] * 7
    assert choices[-1] == ("", "/affirm")


async def test_message_id_is_kept_apart_from_our_own(world: World, client: httpx.AsyncClient) -> None:
    body = {"sender": "ann", "message": "hi"}
    for extra in ({"message_id": "k1"}, {"message_id": "k1"}, {}, {}):
        await client.post(HOOK, json={**body, **extra})
    first, again, third, fourth = (m.external_id for m in world.core.accepted)
    assert first == again == "=k1"
    assert len({first, third, fourth}) == 3
    assert third.startswith("!")


async def test_person_or_pending(world: World, client: httpx.AsyncClient) -> None:
    world.core.answers = []
    held = await client.post(HOOK, json={"sender": "ann", "message": "hi"})
    world.core.answers = None
    late = await client.post(HOOK, json={"sender": "ann", "message": "hi"})
    assert held.json() == late.json() == []
    assert "x-baton-pending" not in held.headers
    assert late.headers["x-baton-pending"] == "1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "sender"),
        ({"sender": "a"}, "message"),
        ({"sender": 1, "message": "b"}, "sender"),
        ({"sender": None, "message": "b"}, "sender"),
        ({"sender": "", "message": "b"}, "sender"),
        ({"sender": " ", "message": "b"}, "sender"),
        ({"sender": "a\nb", "message": "b"}, "sender"),
        ({"sender": "a\u0000", "message": "b"}, "sender"),
        ({"sender": "a" * 256, "message": "b"}, "sender"),
        ({"sender": "a", "message": ""}, "message"),
        ({"sender": "a", "message": " \n\t"}, "message"),
        ({"sender": "a", "message": "a\u0000b"}, "message"),
        ({"sender": "a", "message": ["b"]}, "message"),
        ({"sender": "a", "message": {"text": "b"}}, "message"),
        ({"sender": "a", "message": "b", "message_id": ""}, "message_id"),
        ({"sender": "a", "message": "b", "message_id": "i" * 129}, "message_id"),
        ({"sender": "a", "message": "b", "message_id": 5}, "message_id"),
        ({"sender": "a", "message": "b", "metadata": "x"}, "metadata"),
        ({"sender": "a", "message": "b", "metadata": {"x": "\u0000"}}, "metadata"),
        ({"sender": "a", "message": "b", "customer": "c"}, "customer"),
        ({"sender": "a", "message": "b", "stream": "yes"}, "stream"),
    ],
)
async def test_bad_values_name_their_field(
    world: World, client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    response = await client.post(HOOK, json=body)
    assert response.status_code == 400
    assert error(response)["code"] == "invalid"
    assert error(response)["field"] == field
    assert world.core.accepted == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b'{"sender":"a","message":"\xff\xfe"}',
        b'{"sender":"a","message":"\\ud800"}',
        b'{"sender":"a","message":"b"} trailing',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'{"sender":"a","message":"b","metadata":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
        b"[" * 200_000,
        b'{"sender":"a","message":"b","metadata":{"n":1e999}}',
        b'{"sender":"a","message":"b","metadata":{"n":NaN}}',
    ],
    ids=range(15),
)
async def test_malformed_bodies(world: World, client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(HOOK, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400, response.text
    assert error(response)["code"] == "invalid"
    assert world.core.accepted == []


async def test_sizes(world: World, client: httpx.AsyncClient) -> None:
    edge = await client.post(HOOK, json={"sender": "s" * 255, "message": "😀" * 4_000})
    assert edge.status_code == 200
    emoji = await client.post(HOOK, json={"sender": "a", "message": "😀" * 25_000})
    assert emoji.status_code == 413
    assert error(emoji) == {
        "code": "too_large",
        "field": "message",
        "limit": 4000,
        "message": "A message may have 4000 characters; this one has 25000.",
    }
    metadata = await client.post(HOOK, json={"sender": "a", "message": "b", "metadata": {"x": "y" * 9_000}})
    assert (metadata.status_code, error(metadata)["field"]) == (413, "metadata")
    huge = await client.post(HOOK, content=b" " * 300_000, headers={"content-type": "application/json"})
    assert (huge.status_code, error(huge)["code"]) == (413, "too_large")
    assert len(world.core.accepted) == 1


@pytest.mark.parametrize(
    "text", ["שלום עולם", "<script>alert(1)</script>", "/restart", '/intent{"a": "b"}', "a\tb\r\nc"]
)
async def test_strange_texts_are_texts(world: World, client: httpx.AsyncClient, text: str) -> None:
    assert (await client.post(HOOK, json={"sender": "a", "message": text})).status_code == 200
    assert world.core.accepted[0].text == text


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
)
async def test_other_content_types(world: World, client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post(
        HOOK, content=b'{"sender":"a","message":"b"}', headers={"content-type": kind}
    )
    assert (response.status_code, error(response)["code"]) == (415, "unsupported_media_type")
    fine = await client.post(
        HOOK,
        content=b'{"sender":"a","message":"b"}',
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )
    assert fine.status_code == 200


async def test_errors_of_the_core_keep_their_meaning(world: World, client: httpx.AsyncClient) -> None:
    body = {"sender": "a", "message": "b"}
    world.core.fails = StoreError("password=hunter2 at db.internal")
    store = await client.post(HOOK, json=body)
    assert (store.status_code, error(store)["code"]) == (503, "store")
    assert "hunter2" not in store.text
    assert int(store.headers["retry-after"]) >= 1
    world.core.fails = TooManyRequests(retry_after=7.2)
    busy = await client.post(HOOK, json=body)
    assert (busy.status_code, busy.headers["retry-after"], error(busy)["retry_after"]) == (429, "8", 7.2)
    world.core.fails = InvalidInput("Not like this.", field="text")
    assert (await client.post(HOOK, json=body)).status_code == 400
    world.core.fails = RuntimeError("customer said: hunter2")
    broken = await client.post(HOOK, json=body, headers={"x-request-id": "abc-1"})
    assert broken.status_code == 500
    assert error(broken) == {
        "code": "internal",
        "message": "Something went wrong on our side.",
        "request_id": "abc-1",
    }


async def test_sender_is_limited_and_others_are_not(world: World) -> None:
    world.limits = RestLimits(messages=2)
    async with world.serve() as client:
        body = {"sender": "a", "message": "b"}
        statuses = [(await client.post(HOOK, json=body)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert (await client.post(HOOK, json={**body, "sender": "c"})).status_code == 200


# --- who may -----------------------------------------------------------------------------------


async def test_token_decides_alone(world: World) -> None:
    world.rest_token = TOKEN
    async with world.serve() as client:
        body = {"sender": "a", "message": "b"}
        wrong = [
            {},
            {"authorization": "Bearer no"},
            {"authorization": TOKEN},
            {"authorization": "Basic " + TOKEN},
        ]
        wrong += [{"authorization": f"Bearer {TOKEN}x"}, {"authorization": "Bearer"}]
        for headers in wrong:
            response = await client.post(HOOK, json=body, headers=headers)
            assert (response.status_code, error(response)["code"]) == (401, "unauthorized")
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert (await client.get(POLL, params={"sender": "a"}, headers=headers)).status_code == 401
        assert world.core.accepted == []
        good = {
            "authorization": f"bearer {TOKEN}",
            "x-forwarded-for": "203.0.113.9",
            "host": "chat.example",
        }
        assert (await client.post(HOOK, json=body, headers=good)).status_code == 200


async def test_non_ascii_token_is_wrong_not_an_error(world: World) -> None:
    world.rest_token = TOKEN
    async with world.serve() as client:
        response = await client.post(HOOK, json={}, headers=[(b"authorization", b"Bearer \xff\xc3\xa9")])
        assert response.status_code == 401


async def test_off_without_token(world: World) -> None:
    world.demo = False
    async with world.serve() as client:
        response = await client.post(HOOK, json={"sender": "a", "message": "b"})
        assert response.status_code == 404
        assert "BATON_REST_TOKEN" in error(response)["message"]
        assert (await client.get(POLL, params={"sender": "a"})).status_code == 404
    assert world.core.accepted == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
        {"x-real-ip": "203.0.113.9"},
        {"host": "evil.example"},
        {"host": "evil.example:8080"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_demo_mode_is_for_this_machine(
    world: World, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.post(HOOK, json={"sender": "a", "message": "b"}, headers=headers)
    assert (response.status_code, error(response)["code"]) == (403, "forbidden")
    assert world.core.accepted == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "LOCALHOST"])
async def test_demo_mode_knows_this_machines_names(client: httpx.AsyncClient, host: str) -> None:
    response = await client.post(HOOK, json={"sender": "a", "message": "b"}, headers={"host": host})
    assert response.status_code == 200


# --- long poll ---------------------------------------------------------------------------------


async def test_messages_after_a_number(world: World, client: httpx.AsyncClient) -> None:
    world.core.stored = [
        message(seq=1, text="hi", author=Author.CUSTOMER),
        message(
            seq=2, text="Cancel?", choices=(Choice(title="Yes", payload="/affirm"),), kind=Kind.CHOICES
        ),
        message(seq=3, text="secret note", kind=Kind.NOTE),
        message(seq=4, text="Hello, I am Kim.", author=Author.AGENT, author_id="a1", author_name="Kim"),
    ]
    world.core.owned_by = "agent"
    response = await client.get(POLL, params={"sender": "ann", "after": 1, "wait": 0})
    assert response.json() == {
        "messages": [
            {
                "seq": 2,
                "author": "bot",
                "kind": "choices",
                "created_at": "2026-03-02T12:00:00Z",
                "text": "Cancel?",
                "buttons": [{"title": "Yes", "payload": "~2.0"}],
            },
            {
                "seq": 4,
                "author": "agent",
                "kind": "text",
                "created_at": "2026-03-02T12:00:00Z",
                "text": "Hello, I am Kim.",
                "author_name": "Kim",
            },
        ],
        "last": 4,
        "owner": "agent",
    }
    assert "a1" not in response.text
    assert world.core.polls == [("rest", "default", "ann", 1, 0.0)]
    nothing = await client.get(POLL, params={"sender": "ann", "after": 9})
    assert nothing.json() == {"messages": [], "last": 9, "owner": "agent"}
    assert world.core.polls[-1] == ("rest", "default", "ann", 9, 25.0)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "sender"),
        ("sender=", "sender"),
        ("sender=a%00", "sender"),
        ("sender=a&after=x", "after"),
        ("sender=a&after=-1", "after"),
        ("sender=a&after=1.5", "after"),
        ("sender=a&after=99999999999999999999", "after"),
        ("sender=a&wait=56", "wait"),
        ("sender=a&wait=nan", "wait"),
        ("sender=a&wait=inf", "wait"),
        ("sender=a&other=1", "other"),
        ("sender=a&sender=b", "sender"),
    ],
)
async def test_bad_queries_name_their_field(client: httpx.AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"{POLL}?{query}")
    assert response.status_code == 400, response.text
    assert error(response)["field"] == field


async def test_status_is_rasas(client: httpx.AsyncClient) -> None:
    assert (await client.get("/webhooks/rest/")).json() == {"status": "ok"}
