"""Teams, canned replies and the own name over HTTP, on the real services."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.desk import admin_shapes, shapes
from bot.domain.agents import AuditEntry
from tests.web.conftest import World, sign_in
from tests.web.test_real_services import holds
from tests.web.test_sessions import code

TEAMS, CANNED = "/api/v1/teams", "/api/v1/canned"
GREETING = {
    "shortcut": "/Hello",
    "title": "Greeting",
    "text": "Hello {customer.first_name}, {agent.name} here.",
}


async def audited(world: World) -> list[AuditEntry]:
    """Return what was noted, by action: the clock stands still here."""
    return sorted(await world.kept.read(lambda tx: tx.audit()), key=lambda entry: entry.action)


async def test_me_says_what_the_role_may(client: httpx.AsyncClient) -> None:
    await sign_in(client, "tess")
    me = holds(shapes.MeView, await client.get("/api/v1/me"))
    assert (me["may"], me["totp"]) == (["read", "train"], False)
    await sign_in(client, "sam")
    assert (await client.get("/api/v1/me")).json()["may"] == ["read", "answer", "supervise", "audit"]


@pytest.mark.parametrize("name", ["Zoë 👩‍🚀", "<b>Kim</b>", "كيم", "x" * 100, "  Kim Lee "])
async def test_names_are_kept_as_text(world: World, client: httpx.AsyncClient, name: str) -> None:
    await sign_in(client)
    response = await client.put("/api/v1/me", json={"name": name})
    assert holds(shapes.MeView, response)["agent"]["name"] == name.strip()
    agent = await world.kept.read(lambda tx: tx.agent("a-kim"))
    assert agent is not None
    assert agent.name == name.strip()
    (entry,) = await audited(world)
    assert entry.detail == {"agent": "a-kim", "name": {"before": "Kim", "after": name.strip()}}


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, "\u202eKim", "a\0b", "\u200d"])
async def test_names_that_cannot_be(client: httpx.AsyncClient, name: str) -> None:
    await sign_in(client)
    assert (await client.put("/api/v1/me", json={"name": name})).status_code == 400


async def test_teams_are_made_and_removed(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "sam")
    made = holds(
        admin_shapes.TeamView, await client.post(TEAMS, json={"name": " sales/EU 👋 "}), status=201
    )
    assert made == {"name": "sales/EU 👋", "agents": 0, "waiting": 0}
    again = await client.post(TEAMS, json={"name": "SALES/eu 👋"})
    assert (again.status_code, code(again)) == (409, "conflict")
    listed = holds(admin_shapes.TeamList, await client.get(TEAMS))["teams"]
    assert [team["name"] for team in listed] == ["first", "sales/EU 👋"]
    assert listed[0]["agents"] == 5
    used = await client.delete(f"{TEAMS}/first")
    assert (used.status_code, used.json()["error"]["agents"]) == (409, 5)
    assert (await client.delete(f"{TEAMS}/sales%2FEU%20%F0%9F%91%8B")).status_code == 204
    assert (await client.delete(f"{TEAMS}/nowhere")).status_code == 404
    assert [entry.action for entry in await audited(world)] == ["team.added", "team.removed"]


async def test_canned_replies_are_made_changed_and_removed(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "sam")
    made = holds(admin_shapes.CannedView, await client.post(CANNED, json=GREETING), status=201)
    assert (made["shortcut"], made["updated_by"]) == ("hello", "a-sam")
    taken = await client.post(CANNED, json={**GREETING, "shortcut": "HELLO"})
    assert (taken.status_code, taken.json()["error"]["field"]) == (409, "shortcut")
    one = f"{CANNED}/{made['id']}"
    changed = holds(admin_shapes.CannedView, await client.put(one, json={**GREETING, "text": "Hi"}))
    assert changed["text"] == "Hi"
    listed = holds(admin_shapes.CannedList, await client.get(CANNED))["replies"]
    assert listed == [changed]
    assert (await client.delete(one)).status_code == 204
    assert (
        (await client.delete(one)).status_code == (await client.put(one, json=GREETING)).status_code == 404
    )
    entries = await audited(world)
    assert [entry.action for entry in entries] == ["canned.added", "canned.changed", "canned.removed"]
    assert entries[1].detail == {
        "reply": made["id"], "text": {"before": GREETING["text"], "after": "Hi"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": "Dear {customer.nmae}"}, "text"),
        ({"text": "Dear {customer.name"}, "text"),
        ({"text": "  "}, "text"),
        ({"title": "a\nb"}, "title"),
        ({"shortcut": "two words"}, "shortcut"),
        ({"shortcut": "/"}, "shortcut"),
        ({"language": "English"}, "language"),
        ({"team": "nowhere"}, "team"),
        ({"text": "x" * 10_000}, "text"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_canned_replies_that_cannot_be(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    await sign_in(client, "sam")
    response = await client.post(CANNED, json={**GREETING, **change})
    assert (response.status_code, response.json()["error"]["field"]) == (400, field)
    assert (await client.get(CANNED)).json() == {"replies": []}


async def test_agents_read_what_supervisors_change(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "kim")
    for path in (TEAMS, CANNED):
        assert (await client.get(path)).status_code == 200
    for method, path, body in (
        ("POST", TEAMS, {"name": "a"}), ("DELETE", f"{TEAMS}/first", None),
        ("POST", CANNED, GREETING), ("PUT", f"{CANNED}/r", GREETING), ("DELETE", f"{CANNED}/r", None),
    ):  # fmt: skip
        assert (await client.request(method, path, json=body)).status_code == 403
    assert await audited(world) == []
