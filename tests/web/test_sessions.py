"""Signing in and out: cookies, CSRF, other sites' pages, tokens for programs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.conftest import World, sign_in
from tests.web.desk_fakes import KIM, PASSWORD

SESSION = "/api/v1/session"
CREDENTIALS = {"email": KIM.email, "password": PASSWORD}
CLAIM = "/api/v1/conversations/c1/claim"


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


async def test_sign_in_gives_cookie_and_csrf(world: World, client: httpx.AsyncClient) -> None:
    response = await client.post(SESSION, json=CREDENTIALS)
    body = response.json()
    assert set(body) == {"csrf", "expires_at", "agent"}
    assert body["agent"] == {
        "id": "a-kim",
        "email": "kim@example.com",
        "name": "Kim",
        "role": "agent",
        "team": "first",
    }
    cookie = response.headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"path=/", "httponly", "samesite=strict", "max-age=43200"} <= parts
    assert "secure" not in parts
    assert "argon2" not in response.text
    assert response.cookies["baton_session"] not in response.text
    assert world.sign_in.addresses == ["127.0.0.1"]


async def test_cookie_is_secure_behind_https(world: World) -> None:
    world.public_url = "https://desk.example"
    async with world.serve() as client:
        response = await client.post(SESSION, json=CREDENTIALS, headers={"origin": "https://desk.example"})
        assert "secure" in response.headers["set-cookie"].lower()
        assert response.headers["strict-transport-security"].startswith("max-age=")


async def test_wrong_password_is_not_told_apart(client: httpx.AsyncClient) -> None:
    wrong = await client.post(SESSION, json={**CREDENTIALS, "password": "x"})
    unknown = await client.post(SESSION, json={"email": "no@example.com", "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a"}, {"email": 1, "password": "b"}, {"email": "", "password": "b"}, {"email": "a\0", "password": "b"},
     {"email": "a" * 321, "password": "b"}, {"email": "a", "password": "b" * 1001}, {**CREDENTIALS, "role": "admin"}],
)  # fmt: skip
async def test_bad_sign_in_bodies(world: World, client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await client.post(SESSION, json=body)
    assert (response.status_code, code(response)) == (400, "invalid")
    assert world.sign_in.addresses == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_other_sites_cannot_sign_in_or_change(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    refused = await client.post(SESSION, json=CREDENTIALS, headers=headers)
    assert (refused.status_code, code(refused)) == (403, "cross_site")
    await sign_in(client)
    change = await client.post(CLAIM, headers=headers)
    assert (change.status_code, code(change)) == (403, "cross_site")


async def test_own_pages_may(world: World, client: httpx.AsyncClient) -> None:
    headers = {"origin": world.url, "sec-fetch-site": "same-origin"}
    assert (await client.post(SESSION, json=CREDENTIALS, headers=headers)).status_code == 200
    public = {"origin": world.public_url}
    assert (await client.post(SESSION, json=CREDENTIALS, headers=public)).status_code == 200


@pytest.mark.parametrize("value", [None, "", "wrong", "csrf-" + "0" * 26 + "9", b"\xff\xfe"])
async def test_changes_by_cookie_need_the_csrf_value(
    world: World, client: httpx.AsyncClient, value: Any
) -> None:
    await sign_in(client)
    del client.headers["x-csrf-token"]
    headers = [] if value is None else [("x-csrf-token", value)]
    for method, path in (("POST", CLAIM), ("PUT", "/api/v1/me/availability"), ("DELETE", SESSION)):
        response = await client.request(method, path, headers=headers)
        assert (response.status_code, code(response)) == (403, "csrf")
    assert world.desk.calls == []
    assert (await client.get("/api/v1/me")).status_code == 200


async def test_csrf_of_another_session_is_wrong(client: httpx.AsyncClient) -> None:
    await sign_in(client, "lee")
    other = client.headers["x-csrf-token"]
    await sign_in(client, "kim")
    assert code(await client.post(CLAIM, headers={"x-csrf-token": other})) == "csrf"


@pytest.mark.parametrize(
    "cookie", ["", "x", "0" * 64, "a" * 5_000, "'; drop table agents", "\xff\xe9" * 20, "baton_session"]
)
async def test_forged_cookies(client: httpx.AsyncClient, cookie: str) -> None:
    headers = [(b"cookie", b"baton_session=" + cookie.encode("latin-1"))]
    response = await client.get("/api/v1/me", headers=headers)
    assert (response.status_code, code(response)) == (401, "unauthorized")


async def test_me_tells_the_csrf_value_again(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    me = (await client.get("/api/v1/me")).json()
    assert me["csrf"] == client.headers["x-csrf-token"]
    assert (me["agent"]["id"], me["state"]) == ("a-kim", "offline")
    await client.put("/api/v1/me/availability", json={"state": "online"})
    assert (await client.get("/api/v1/me")).json()["state"] == "online"
    assert world.bus.states == {"a-kim": "online"}


async def test_sign_out_ends_the_session(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    response = await client.delete(SESSION)
    assert (response.status_code, response.content) == (204, b"")
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert world.sign_in.sessions == {}
    headers = {"cookie": f"baton_session={token}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_session_ends_with_its_time(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    world.clock.move(12 * 3600)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_program_token_needs_no_csrf_and_makes_no_other(
    world: World, client: httpx.AsyncClient
) -> None:
    await sign_in(client)
    made = await client.post("/api/v1/tokens", json={"label": "crm", "days": 30})
    assert made.status_code == 201
    token = made.json()["token"]
    headers = {"authorization": f"Bearer {token}", "origin": "https://crm.example"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, trust_env=False) as program:
        assert (await program.post(CLAIM)).status_code == 200
        again = await program.post("/api/v1/tokens", json={"label": "more"})
        assert (again.status_code, code(again)) == (403, "forbidden")
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as page:
        # A program's token in a cookie can read, but can never pass the CSRF check.
        page.cookies.set("baton_session", token)
        assert code(await page.post(CLAIM, headers={"x-csrf-token": ""})) == "csrf"


async def test_wrong_bearer_does_not_fall_back_on_the_cookie(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    response = await client.get("/api/v1/me", headers={"authorization": "Bearer " + "f" * 64})
    assert response.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": ""},
        {"label": "a", "days": 0},
        {"label": "a", "days": "30"},
        {"label": "a", "agent": "b"},
    ],
)
async def test_bad_token_bodies(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    await sign_in(client)
    assert (await client.post("/api/v1/tokens", json=body)).status_code == 400
