"""The main job over HTTP on real services, and every answer held against what /openapi.json promises."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from bot.desk import DeskApi, correction_shapes, order_shapes, shapes
from bot.domain.agents import Role
from bot.services.desk_files import DeskFiles
from bot.services.passwords import hash_password
from bot.services.search import Search
from bot.services.signin import SignIns
from bot.web import Metrics, WebDeps, WebServer, create_app
from bot.web.media import MediaPages
from connectors.channels.rest import RestChannel
from connectors.channels.rest.render import Entries
from tests.support.office import KEY, an_office
from tests.support.world import World

HOOK = "/webhooks/rest/webhook"
POLL = "/webhooks/rest/messages"
LIST = "/api/v1/conversations"
PASSWORD = "a password of the tests"


def holds(kind: Any, response: httpx.Response, *, status: int = 200) -> Any:
    """Return the body after checking it: right types, nothing missing, nothing undescribed."""
    assert response.status_code == status, response.text
    body = response.json()
    typed = msgspec.convert(body, kind)
    undescribed(body, msgspec.to_builtins(typed), kind.__name__)
    return body


def undescribed(given: Any, described: Any, where: str) -> None:
    """Fail for a key of the answer that the description does not know."""
    if isinstance(given, dict):
        assert set(given) <= set(described), f"{where}: {set(given) - set(described)}"
        for key, value in given.items():
            undescribed(value, described[key], f"{where}.{key}")
    if isinstance(given, list):
        for index, value in enumerate(given):
            undescribed(value, described[index], f"{where}[{index}]")


@contextlib.asynccontextmanager
async def served(world: World, *, identity_secret: str = "") -> AsyncIterator[str]:
    shared: dict[str, Any] = {"bus": world.bus, "clock": world.clock}
    office = an_office(
        world.store,
        world.bus,
        world.clock,
        record=world.record,
        handoffs=world.handoffs,
        attention=world.attention,
        hours=world.hours,
    )
    signins = SignIns(
        store=world.store, lasts=timedelta(hours=12), key=KEY, factors=office.factors, **shared
    )
    rest = RestChannel(
        intake=world.intake,
        replies=world.replies,
        transcript=world.transcript,
        token="",
        demo=True,
        identity_secret=identity_secret,
        file_url=world.media.url,
        **shared,
    )
    files = DeskFiles(store=world.store, media=world.media, feedback=world.feedback)
    desk = DeskApi(
        desk=world.desk,
        files=files,
        orders=world.orders,
        actions=world.actions,
        corrections=world.corrections,
        search=Search(store=world.store),
        sign_in=signins,
        admin=office,
        **shared,
    )
    parts = (rest, desk, MediaPages(world.media))
    deps = WebDeps(
        store=world.store,
        engine=world.engine,
        metrics=Metrics(),
        public_url="http://127.0.0.1:8080",
        version="0",
        parts=parts,
        access_log=False,
    )
    server = WebServer(create_app(deps), port=0, parts=parts)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.stop(drain=1.0)


@pytest.fixture
async def world() -> World:
    return await World().start()


async def person(world: World, name: str, role: Role = Role.AGENT) -> None:
    agent = replace(
        await world.agent(name, role), password_hash=await asyncio.to_thread(hash_password, PASSWORD)
    )
    await world.store.write(lambda tx: tx.put_agent(agent))


async def enter(client: httpx.AsyncClient, name: str) -> None:
    body = {"email": f"{name}@example.com", "password": PASSWORD}
    session = holds(shapes.SessionView, await client.post("/api/v1/session", json=body))
    client.headers["x-csrf-token"] = session["csrf"]


async def test_main_job_over_http(world: World) -> None:
    for name, role in (("ana", Role.AGENT), ("bob", Role.AGENT), ("sue", Role.SUPERVISOR)):
        await person(world, name, role)
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await enter(client, "ana")

        async def ask(text: str) -> list[str]:
            response = await client.post(HOOK, json={"sender": "kim", "message": text})
            assert response.status_code == 200, response.text
            return [reply["text"] for reply in response.json()]

        assert await ask("cancel 7") == ["cancel 7: not_allowed"]
        assert await ask("prove 7") == ["prove 7: ok"]
        assert await ask("cancel 7") == ["cancel 7: ok"]
        assert (await ask("person please"))[0].startswith("utter_system_handoff")

        queue = holds(shapes.ConversationList, await client.get(LIST, params={"owner": "queue"}))
        (waiting,) = queue["conversations"]
        assert (waiting["address"], waiting["reason"]) == ("kim", "asked_for_human")
        one = f"{LIST}/{waiting['id']}"
        packet = holds(shapes.ConversationWithPacket, await client.get(one))["packet"]
        assert packet["reason"] == "asked_for_human"
        assert [order["number"] for order in packet["orders"]] == ["7"]
        assert [done["what"] for done in packet["done"]] == ["cancel_order"]

        holds(shapes.ConversationDetail, await client.post(f"{one}/claim"))
        await enter(client, "bob")
        late = await client.post(f"{one}/claim")
        assert late.status_code == 409
        error = late.json()["error"]
        assert (error["code"], error["owner"], error["assignee"]) == ("not_owner", "agent", "ana")
        refused = await client.post(f"{one}/messages", json={"text": "me", "client_id": "k"})
        assert refused.status_code == 409
        assert (await client.get("/api/v1/audit")).status_code == 403

        await enter(client, "ana")
        assert await ask("are you there?") == []
        for _ in range(2):
            body = {"text": "I am Ana", "client_id": "k1"}
            holds(shapes.MessageView, await client.post(f"{one}/messages", json=body))
        note = {"text": "between us", "kind": "note", "client_id": "k2"}
        holds(shapes.MessageView, await client.post(f"{one}/messages", json=note))
        seen = (await client.get(POLL, params={"sender": "kim", "wait": 0})).json()
        msgspec.convert(seen, Entries)
        assert [m["text"] for m in seen["messages"] if m["author"] == "agent"] == ["I am Ana"]
        assert "between us" not in str(seen)
        assert seen["owner"] == "agent"

        listed = holds(shapes.MessageList, await client.get(f"{one}/messages"))
        assert {"note", "event", "text"} <= {m["kind"] for m in listed["messages"]}
        holds(shapes.ConversationDetail, await client.post(f"{one}/release", json={"note": "done"}))
        assert (await ask("hello"))[0].startswith("echo")
        closed = holds(shapes.ConversationDetail, await client.post(f"{one}/resolve"))
        assert closed["owner"] == "nobody"

        holds(shapes.AvailabilityView, await client.put("/api/v1/me/availability", json={"state": "away"}))
        assert holds(shapes.MeView, await client.get("/api/v1/me"))["state"] == "away"
        holds(shapes.AgentList, await client.get("/api/v1/agents"))
        made = await client.post("/api/v1/tokens", json={"label": "crm"})
        token = holds(shapes.TokenView, made, status=201)["token"]
        await enter(client, "sue")
        audit = holds(shapes.AuditList, await client.get("/api/v1/audit"))
        assert {"session.opened", "conversation.claim", "token.made"} <= {
            e["action"] for e in audit["entries"]
        }
        paged = holds(shapes.AuditList, await client.get("/api/v1/audit", params={"limit": 1}))
        assert paged["after"] == paged["entries"][0]["id"]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as program:
            assert (await program.get(LIST)).status_code == 200
        await client.delete("/api/v1/session")
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_actions_for_a_customer_over_http(world: World) -> None:
    await person(world, "ana")
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await enter(client, "ana")
        for text in ("prove 7", "person"):
            await client.post(HOOK, json={"sender": "kim", "message": text})
        (found,) = (await client.get(LIST)).json()["conversations"]
        one = f"{LIST}/{found['id']}"
        body = {"action": "cancel_order", "client_id": "k1", "arguments": {"number": "7"}}
        refused = await client.post(f"{one}/actions", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_owner")
        await client.post(f"{one}/claim")
        seen = holds(order_shapes.OrdersView, await client.get(f"{one}/orders"))
        assert [(o["number"], o["access"]) for o in seen["orders"]] == [("7", "proved")]
        looked = await client.post(f"{one}/orders", json={"number": "8", "reason": "Read out by phone."})
        holds(order_shapes.OrderView, looked)
        for _ in range(2):
            done = holds(order_shapes.ActionView, await client.post(f"{one}/actions", json=body))
            assert (done["status"], done["result"]["refund"]) == ("ok", "20.00")
        again = await client.post(f"{one}/actions", json={**body, "client_id": "k2"})
        assert holds(order_shapes.ActionView, again)["detail"] == "cancelled"
        other = {**body, "arguments": {"number": "8"}}
        assert (await client.post(f"{one}/actions", json=other)).status_code == 409
        assert world.shop.cancelled == ["7"]
        holds(shapes.ConversationWithPacket, await client.get(one))


async def test_corrections_over_http(world: World) -> None:
    for name, role in (("ana", Role.AGENT), ("tom", Role.TRAINER)):
        await person(world, name, role)
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await client.post(HOOK, json={"sender": "kim", "message": "where is it"})
        await enter(client, "ana")
        (found,) = (await client.get(f"{LIST}?owner=bot")).json()["conversations"]
        holds(correction_shapes.IntentList, await client.get("/api/v1/intents"))
        one = f"{LIST}/{found['id']}/messages"
        made = await client.post(f"{one}/1/correction", json={"intent": "track_order"})
        assert holds(shapes.MessageView, made)["correction"]["by_name"] == "ana"
        holds(shapes.MessageList, await client.get(one))
        await enter(client, "tom")
        listed = holds(correction_shapes.CorrectionList, await client.get("/api/v1/corrections"))
        assert [c["text"] for c in listed["corrections"]] == ["where is it"]
        assert (await client.post("/api/v1/corrections/1/drop")).status_code == 204
        assert (await client.post("/api/v1/corrections/1/drop")).status_code == 409
        holds(correction_shapes.CorrectionList, await client.get("/api/v1/corrections?status=dropped"))
        assert holds(shapes.MessageView, await client.delete(f"{one}/1/correction"))["correction"] is None


async def test_button_pressed_by_its_token(world: World) -> None:
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        (reply,) = (await client.post(HOOK, json={"sender": "kim", "message": "ask me"})).json()
        (button,) = reply["buttons"]
        assert button["title"] == "Yes"
        assert "affirm" not in str(reply)
        await client.post(HOOK, json={"sender": "kim", "message": button["payload"]})
        assert world.engine.requests[-1].payload == "/affirm"
        # The same token in another conversation means nothing there.
        await client.post(HOOK, json={"sender": "lee", "message": button["payload"]})
        assert all(r.payload != "/affirm" for r in world.engine.requests[2:])
        await client.post(HOOK, json={"sender": "kim", "message": "/restart"})
        assert (world.engine.requests[-1].text, world.engine.requests[-1].payload) == ("/restart", "")


async def test_repeated_message_id_is_answered_once(world: World) -> None:
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        body = {"sender": "kim", "message": "hello", "message_id": "m-1"}
        first, second = [(await client.post(HOOK, json=body)).json() for _ in range(2)]
        assert first == second
        assert len(world.engine.requests) == 1
        same_words = await client.post(HOOK, json={"sender": "kim", "message": "hello"})
        assert same_words.json()[0]["text"] == "echo 2: hello"


async def test_wrong_sign_ins_are_slowed_down(world: World) -> None:
    await person(world, "ana")
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        body = {"email": "ana@example.com", "password": "x"}
        statuses = [(await client.post("/api/v1/session", json=body)).status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
        right = await client.post("/api/v1/session", json={**body, "password": PASSWORD})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0
