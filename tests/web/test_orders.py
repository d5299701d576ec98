"""Orders and what agents do for customers, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.conftest import World, sign_in

ONE = "/api/v1/conversations/c1"
CANCEL = {"action": "cancel_order", "client_id": "k1", "arguments": {"number": "4522"}}
LOOK = {"number": "4522", "reason": "Named its postcode."}


async def test_they_are_passed_on(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    assert (await client.get(f"{ONE}/orders")).json()["status"] == "stranger"
    assert (await client.post(f"{ONE}/orders", json=LOOK)).json() == {"number": "4522"}
    done = await client.post(f"{ONE}/actions", json=CANCEL)
    assert done.json() == {"status": "ok", "detail": "", "message": "Done.", "result": {}}
    assert world.desk.calls == [
        ("a-kim", "orders", "c1"),
        ("a-kim", "look_up", "c1", "4522", "Named its postcode."),
        ("a-kim", "act", "c1", "cancel_order", {"number": "4522"}),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("orders", {"number": "4522"}),
        ("orders", {**LOOK, "reason": ""}),
        ("orders", {**LOOK, "reason": "x" * 501}),
        ("actions", {**CANCEL, "action": "close_account"}),
        ("actions", {**CANCEL, "client_id": ""}),
        ("actions", {**CANCEL, "client_id": "x" * 129}),
        ("actions", {**CANCEL, "arguments": []}),
        ("actions", {**CANCEL, "force": True}),
        ("actions", {"action": "cancel_order", "client_id": "k"}),
    ],
)
async def test_bad_bodies(world: World, client: httpx.AsyncClient, path: str, body: Any) -> None:
    await sign_in(client)
    response = await client.post(f"{ONE}/{path}", json=body)
    assert response.status_code == 400
    assert world.desk.calls == []


async def test_who_may_not(client: httpx.AsyncClient) -> None:
    for path, body in (("orders", LOOK), ("actions", CANCEL)):
        assert (await client.post(f"{ONE}/{path}", json=body)).status_code == 401
    assert (await client.get(f"{ONE}/orders")).status_code == 401
    await sign_in(client, "tess")
    assert (await client.get(f"{ONE}/orders")).status_code == 200
    for path, body in (("orders", LOOK), ("actions", CANCEL)):
        assert (await client.post(f"{ONE}/{path}", json=body)).status_code == 403
    await sign_in(client)
    unknown = await client.post("/api/v1/conversations/c9/actions", json=CANCEL)
    assert unknown.status_code == 404
    del client.headers["x-csrf-token"]
    assert (await client.post(f"{ONE}/actions", json=CANCEL)).json()["error"]["code"] == "csrf"
