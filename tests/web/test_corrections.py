"""Corrections over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import World, sign_in

ONE = "/api/v1/conversations/c1/messages/3/correction"
BODY = {"intent": "track_order", "note": "parcel"}


async def test_they_are_passed_on(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client, "tess")
    assert (await client.get("/api/v1/intents")).json()["intents"][0]["title"] == "Track an order"
    assert (await client.post(ONE, json=BODY)).json()["correction"] == {"intent": "track_order"}
    assert (await client.delete(ONE)).json()["correction"] is None
    assert (await client.get("/api/v1/corrections")).json() == {"corrections": []}
    assert (await client.get("/api/v1/corrections?status=dropped")).status_code == 200
    assert (await client.post("/api/v1/corrections/7/drop", json={"reason": "no"})).status_code == 204
    assert (await client.post("/api/v1/corrections/8/drop")).status_code == 204
    assert [call[1:] for call in world.desk.calls] == [
        ("intents",),
        ("correct", "c1", 3, "track_order", "parcel"),
        ("withdraw", "c1", 3),
        ("corrections", "open"),
        ("corrections", "dropped"),
        ("drop", 7, "no"),
        ("drop", 8, ""),
    ]
    world.corrections.taken = True
    assert (await client.post(ONE, json=BODY)).status_code == 409


@pytest.mark.parametrize("seq", ["x", "-1", "1.5", "9" * 17, "%00", "\u0663"])
async def test_numbers_that_are_none(world: World, client: httpx.AsyncClient, seq: str) -> None:
    await sign_in(client, "tess")
    path = f"/api/v1/conversations/c1/messages/{seq}/correction"
    assert (await client.post(path, json=BODY)).status_code == 404
    assert (await client.post(f"/api/v1/corrections/{seq}/drop")).status_code == 404
    assert world.desk.calls == []


async def test_bad_bodies_and_who_may_not(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/intents")).status_code == 401
    assert (await client.post(ONE, json=BODY)).status_code == 401
    await sign_in(client)
    for body in ({}, {"intent": ""}, {**BODY, "note": "x" * 501}, {**BODY, "more": 1}):
        assert (await client.post(ONE, json=body)).status_code == 400
    assert (await client.get("/api/v1/corrections?status=all")).status_code == 400
    assert (await client.get("/api/v1/corrections")).status_code == 403
    assert (await client.post("/api/v1/corrections/1/drop")).status_code == 403
