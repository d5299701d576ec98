"""Random requests to every route: a clear answer each time, never a 5xx."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.http.routes import Route
from bot.web.application import routes_of
from tests.web.conftest import World
from tests.web.desk_fakes import SAM

OPEN = {
    "/webhooks/rest/webhook": {"sender": "a", "message": "b", "message_id": "c", "metadata": {"d": 1}},
    "/api/v1/session": {"email": "kim@example.com", "password": "x"},
    "/api/v1/tokens": {"label": "a", "days": 3},
    "/api/v1/me/availability": {"state": "online"},
}
NEAR = {
    "messages": {"text": "a", "client_id": "b", "kind": "note"},
    "claim": {"take": False},
    "read": {"seq": 1},
    "release": {"note": ""},
    "transfer": {"to_team": "a", "note": ""},
    "resolve": {"note": "", "reopens_to": "bot"},
}
_texts = st.text(max_size=40) | st.sampled_from(
    ["\0", "~7.1", "/restart", "c1", "-1", "1e9", "nan", "..", "😀" * 9]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


@dataclass
class Target:
    """A running server with its routes, and the credentials that open it."""

    client: httpx.Client
    routes: list[Route]
    port: int
    headers: list[dict[str, str]]


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Serve in a thread of its own: Hypothesis calls from synchronous code."""
    world = World()
    world.bus.unlimited = True
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    tokens: list[dict[str, str]] = [{}]

    async def stay(token: str) -> None:
        """Sign-out must not end the session that the other requests use."""

    world.sign_in.sign_out = stay  # type: ignore[method-assign]

    async def serve() -> None:
        async with world.serve():
            for csrf in ("csrf-of-the-fuzz", ""):
                token, _ = world.sign_in._session(SAM, f"{'c' if csrf else 'p'}" * 64, csrf=csrf, hours=9)
                cookie = {"cookie": f"baton_session={token}", "x-csrf-token": csrf}
                tokens.append(cookie if csrf else {"authorization": f"Bearer {token}"})
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    try:
        with httpx.Client(base_url=world.url, trust_env=False, timeout=20) as client:
            port = int(world.url.rpartition(":")[2])
            yield Target(client=client, routes=routes_of(world.deps()), port=port, headers=tokens)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(20)
        loop.close()


def check(response: httpx.Response) -> None:
    """Whatever came in, the answer is ours."""
    assert response.status_code < 500, (response.request.method, response.request.url, response.text)
    assert len(response.headers["x-request-id"]) == 16
    if response.status_code >= 400:
        error = response.json()["error"]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)


def body_of(data: st.DataObject, path: str) -> bytes | None:
    """Draw no body, noise, any JSON, or a body that is nearly right."""
    kind = data.draw(st.sampled_from(["none", "bytes", "json", "near", "near", "near"]))
    if kind == "none":
        return None
    if kind == "bytes":
        return data.draw(st.binary(max_size=200))
    value: Any = data.draw(_values)
    if kind == "near":
        right = OPEN.get(path) or NEAR.get(path.rpartition("/")[2]) or {"a": 1}
        field = data.draw(st.sampled_from(["", *right, "extra"]))
        value = {**right, field: value} if field else right
    return json.dumps(value, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")


def try_one(target: Target, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(target.routes))
    identity = data.draw(st.just("c1") | _texts.map(lambda text: quote(text, safe="") or "x"))
    method = data.draw(st.sampled_from([route.method] * 15 + ["GET", "POST", "PUT", "DELETE", "PATCH"]))
    names = st.sampled_from(["sender", "after", "wait", "limit", "owner", "actor", "x"]) | _texts
    query = data.draw(st.lists(st.tuples(names, _texts | st.integers().map(str)), max_size=4))
    if route.path.endswith("rest/messages"):
        query.append(("wait", "0"))
    types = ["application/json"] * 12 + [
        "text/plain",
        "application/json; charset=latin-1",
        "multipart/form-data",
        "",
    ]
    headers = dict(data.draw(st.sampled_from(target.headers + target.headers[1:])))
    headers["content-type"] = data.draw(st.sampled_from(types))
    if data.draw(st.integers(0, 9)) == 0:
        headers["upgrade"] = "websocket"
    encoded = [(quote(n, safe="", errors="replace"), quote(v, safe="", errors="replace")) for n, v in query]
    path = re.sub(r"{\w+}", lambda _: identity, route.path)
    url = path + "?" + "&".join(f"{n}={v}" for n, v in encoded)
    check(target.client.request(method, url, content=body_of(data, route.path), headers=headers))


_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}


@settings(max_examples=300, **_SETTINGS)
@given(data=st.data())
def test_no_request_breaks_a_route(target: Target, data: st.DataObject) -> None:
    try_one(target, data)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=3_000, **_SETTINGS)
@given(data=st.data())
def test_no_request_breaks_a_route_long(target: Target, data: st.DataObject) -> None:
    try_one(target, data)


@settings(max_examples=60, **_SETTINGS)
@given(
    head=st.sampled_from(
        [b"", b"GET / HTTP/1.1\r\n", b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: localhost\r\n"]
    ),
    noise=st.binary(max_size=300),
)
def test_no_bytes_break_the_server(target: Target, head: bytes, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target.port), timeout=5) as raw:
        raw.sendall(head + noise + b"\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := raw.recv(65_536):
            answer += chunk
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert target.client.get("/health/live").status_code == 200
