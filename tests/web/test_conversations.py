"""The agents' API over a real socket: what is passed on, roles, conflicts, bad input."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.domain.agents import Availability
from bot.domain.errors import StoreError
from tests.web.conftest import World, sign_in

LIST = "/api/v1/conversations"
ONE = f"{LIST}/c1"


async def test_list_passes_the_query_on(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    first = await client.get(LIST, params={"owner": "mine", "after": "c0", "limit": 1})
    assert first.json()["conversations"][0]["id"] == "c1"
    assert first.json()["after"] == "c1"
    assert (await client.get(LIST)).json()["after"] == ""
    assert world.desk.calls == [
        ("a-kim", "conversations", "mine", "c0", 1),
        ("a-kim", "conversations", "queue", "", 50),
    ]


async def test_list_is_narrowed_and_counted(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    query = {"owner": "work", "team": "billing", "channel": "rest", "reason": "vip", "unread": 1}
    assert (await client.get(LIST, params=query)).status_code == 200
    assert (await client.get("/api/v1/counts")).json() == {"queue": 1}
    assert world.desk.calls == [
        ("a-kim", "conversations", "work", "", 50, "billing", "rest", "vip", True),
        ("a-kim", "counts"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "owner=me",
        "unread=2",
        "unread=true",
        "team=" + "a" * 201,
        "limit=0",
        "limit=201",
        "limit=x",
        "after=" + "a" * 65,
        "x=1",
        "owner=bot&owner=queue",
        "after=%00",
    ],
)
async def test_bad_list_queries(client: httpx.AsyncClient, query: str) -> None:
    await sign_in(client)
    response = await client.get(f"{LIST}?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["field"]


async def test_show_and_unknown(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    assert (await client.get(ONE)).json()["customer"] == {"name": "Ann"}
    for other in ("c2", "c1%00", "c1%2F..", "%F0%9F%98%80", "a" * 300, "..%2f..%2fetc"):
        response = await client.get(f"{LIST}/{other}")
        assert response.status_code == 404, other
        assert response.json()["error"]["code"] == "unknown_conversation"


async def test_main_job(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    early = await client.post(f"{ONE}/messages", json={"text": "Hi", "client_id": "k1"})
    assert early.status_code == 409
    assert early.json() == {
        "error": {
            "code": "not_owner",
            "message": "The conversation is not in a state that allows this.",
            "owner": "queue",
            "assignee": "",
            "owner_version": 3,
        }
    }
    assert (await client.post(f"{ONE}/claim")).json()["assignee"] == "a-kim"
    for _ in range(2):
        said = await client.post(f"{ONE}/messages", json={"text": "Hi", "kind": "reply", "client_id": "k2"})
        assert said.json()["seq"] == 1
    note = await client.post(f"{ONE}/messages", json={"text": "vip", "kind": "note", "client_id": "k3"})
    assert note.json()["kind"] == "note"
    read = (await client.get(f"{ONE}/messages", params={"after": 1})).json()
    assert ([m["text"] for m in read["messages"]], read["last"]) == (["vip"], 2)
    assert (await client.get(f"{ONE}/messages", params={"after": 2})).json() == {"messages": [], "last": 2}
    assert (await client.post(f"{ONE}/release", json={"note": "done"})).json()["owner"] == "bot"
    assert (await client.post(f"{ONE}/claim", json={})).status_code == 200
    moved = await client.post(f"{ONE}/transfer", json={"to_team": "billing"})
    assert moved.json()["owner"] == "queue"
    closed = await client.post(f"{ONE}/resolve", json={"reopens_to": "queue"})
    assert closed.json()["owner"] == "nobody"
    assert world.desk.calls[-1] == ("a-kim", "resolve", "c1", "", "queue")


async def test_second_claim_names_the_owner(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "kim")
    await client.post(f"{ONE}/claim")
    await sign_in(client, "lee")
    for move in ("claim", "release", "resolve"):
        response = await client.post(f"{ONE}/{move}")
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (409, "not_owner")
        assert (error["owner"], error["assignee"]) == ("agent", "a-kim")
    assert world.desk.owners["c1"] == ("agent", "a-kim")


async def test_roles_are_the_desks_business(client: httpx.AsyncClient) -> None:
    await sign_in(client, "tess")
    assert (await client.get(LIST)).status_code == 200
    refused = await client.post(f"{ONE}/claim")
    assert refused.status_code == 403
    assert refused.json()["error"] == {
        "code": "forbidden",
        "message": "The role trainer does not allow this.",
        "role": "trainer",
    }
    assert (await client.get("/api/v1/audit")).status_code == 403
    await sign_in(client, "sam")
    audit = await client.get("/api/v1/audit", params={"actor": "a-kim", "limit": 5})
    assert audit.json() == {"entries": [], "after": ""}
    assert (await client.get("/api/v1/agents")).json()["agents"][0]["id"] == "a-kim"


async def test_take_is_passed_on(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "sam")
    await client.post(f"{ONE}/claim", json={"take": True})
    assert world.desk.calls == [("a-sam", "claim", "c1", True)]


@pytest.mark.parametrize("state", ["online", "away", "offline"])
async def test_availability(world: World, client: httpx.AsyncClient, state: str) -> None:
    await sign_in(client)
    response = await client.put("/api/v1/me/availability", json={"state": state})
    assert response.json()["state"] == state
    assert world.desk.calls == [("a-kim", "availability", Availability(state))]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages", {}),
        ("messages", {"text": "a"}),
        ("messages", {"text": "", "client_id": "k"}),
        ("messages", {"text": "a", "client_id": ""}),
        ("messages", {"text": "a", "client_id": "k", "kind": "event"}),
        ("messages", {"text": "a", "client_id": "k", "author": "bot"}),
        ("messages", {"text": "a\0", "client_id": "k"}),
        ("messages", {"text": "😀" * 4_001, "client_id": "k"}),
        ("messages", {"text": 5, "client_id": "k"}),
        ("messages", [1]),
        ("claim", {"take": "yes"}),
        ("claim", {"agent": "a-lee"}),
        ("release", {"note": None}),
        ("release", {"note": "a" * 4_001}),
        ("transfer", {"to_agent": 1}),
        ("transfer", {"to_agent": "a" * 65}),
        ("resolve", {"reopens_to": "agent"}),
    ],
)
async def test_bad_bodies(world: World, client: httpx.AsyncClient, path: str, body: Any) -> None:
    await sign_in(client)
    response = await client.post(f"{ONE}/{path}", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid")
    assert world.desk.calls == []


async def test_nobody_gets_in_without_signing_in(world: World, client: httpx.AsyncClient) -> None:
    routes = [route for part in world.parts for route in part.routes if route.access == "agent"]
    assert len(routes) >= 14
    for route in routes:
        path = route.path.replace("{conversation_id}", "c1")
        response = await client.request(route.method, path, headers={"upgrade": "websocket"})
        assert response.status_code == 401, route.path
    assert world.desk.calls == []


async def test_failing_store_is_a_503(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    world.desk.fails = StoreError("db.internal is gone")
    response = await client.get(LIST)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "store")
    assert "db.internal" not in response.text


async def test_requests_of_one_agent_are_bounded(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    world.bus.counts["desk:a-kim"] = 600
    response = await client.get(LIST)
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")


async def test_a_task_is_closed_with_or_without_a_note(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    assert (await client.post(f"{ONE}/task/close")).status_code == 200
    noted = await client.post(f"{ONE}/task/close", json={"note": "phoned"})
    assert noted.json()["id"] == "c1"
    assert world.desk.calls == [("a-kim", "close_task", "c1", ""), ("a-kim", "close_task", "c1", "phoned")]
