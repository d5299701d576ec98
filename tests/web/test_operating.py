"""Health, metrics, headers, errors of the protocol, and what the log says."""

from __future__ import annotations

import asyncio
import logging
import socket

import httpx
import pytest
import structlog

from bot.domain.errors import ConfigError
from bot.ports import EngineStatus
from bot.web import Metrics, WebServer, create_app
from bot.web import health as health_module
from tests.web.conftest import World, sign_in

HOOK = "/webhooks/rest/webhook"


async def test_live_and_ready(world: World, client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "live"}
    ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "reasons": [], "model": "m1", "engine_processes": 2}


async def test_not_ready_says_why(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine.status = EngineStatus(ready=False, processes=0, model="", detail="loading at /srv")
    response = await client.get("/health/ready")
    assert (response.status_code, response.json()["reasons"]) == (503, ["engine_not_ready"])
    assert "/srv" not in response.text
    world.store.reachable = False
    response = await client.get("/health/ready")
    assert response.json()["reasons"] == ["store_unreachable", "engine_not_ready"]
    assert "db.internal" not in response.text
    monkeypatch.setattr(health_module, "_STORE_BOUND", 0.05)
    world.store.reachable, world.store.hangs = True, True
    assert (await client.get("/health/ready")).json()["reasons"][0] == "store_unreachable"
    assert (await client.get("/health/live")).status_code == 200


async def test_metrics_for_this_machine(world: World, client: httpx.AsyncClient) -> None:
    await client.post(HOOK, json={"sender": "a", "message": "b"})
    await client.get("/nothing/here")
    world.metrics.count("messages_in", channel="rest")
    world.metrics.observe("turn", 0.2)
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.text.splitlines()
    assert 'baton_messages_in_total{channel="rest"} 1.0' in lines
    assert "baton_turn_seconds_count 1.0" in lines
    assert (
        'baton_http_requests_total{method="POST",route="/webhooks/rest/webhook",status="200"} 1.0' in lines
    )
    assert 'baton_http_requests_total{method="any",route="none",status="404"} 1.0' in lines
    assert "baton_engine_ready 1.0" in lines
    assert "baton_store_transactions 3.0" in lines
    assert "baton_live_sockets 0.0" in lines


@pytest.mark.parametrize(
    "headers", [{"x-forwarded-for": "1.2.3.4"}, {"host": "evil.example"}, {"forwarded": "for=1"}]
)
async def test_metrics_are_not_for_others(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.get("/metrics", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")


async def test_metrics_token(world: World) -> None:
    world.metrics_token = "metrics-token-of-the-tests"
    async with world.serve() as client:
        away = {"x-forwarded-for": "203.0.113.9"}
        for wrong in ({}, {"authorization": "Bearer no"}, {"authorization": "Bearer "[:6]}):
            assert (await client.get("/metrics", headers={**away, **wrong})).status_code == 401
        right = {"authorization": f"Bearer {world.metrics_token}"}
        assert (await client.get("/metrics", headers={**away, **right})).status_code == 200


def test_metrics_never_raise_on_labels() -> None:
    metrics = Metrics()
    for labels in ({"channel": "rest"}, {}, {"other": "x"}, {"channel": "rest", "other": "x"}):
        metrics.count("messages_in", **labels)
        metrics.count("something_new", 2.0, **labels)
        metrics.observe("something_seconds", 0.1, **labels)
        metrics.set("level", 4.0, **labels)
    text = metrics.export().decode()
    assert 'baton_messages_in_total{channel="rest"} 2.0' in text
    assert 'baton_something_new_total{channel="rest"} 4.0' in text
    assert 'baton_something_seconds_count{channel="rest"} 2.0' in text


# --- headers -----------------------------------------------------------------------------------

EVERYWHERE = ["/", "/health/live", "/openapi.json", "/nothing", "/api/v1/me", "/webhooks/rest/"]


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert "strict-transport-security" not in headers
    assert len(headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-1.2_Z", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("a b", False),
        ("<script>", False),
        ("", False),
    ],
)
async def test_request_id(client: httpx.AsyncClient, given: str, kept: bool) -> None:
    headers = (await client.get("/health/live", headers={"x-request-id": given})).headers
    assert (headers["x-request-id"] == given) is kept


# --- the protocol ------------------------------------------------------------------------------


async def test_protocol_errors_have_the_one_shape(client: httpx.AsyncClient) -> None:
    for method, path, status, code in [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/%00", 404, "not_found"),
        ("GET", HOOK, 405, "method_not_allowed"),
        ("PATCH", "/api/v1/session", 405, "method_not_allowed"),
        ("POST", "/webhooks/rest/webhook/", 404, "not_found"),
        ("OPTIONS", HOOK, 405, "method_not_allowed"),
        ("BREW", "/", 405, "method_not_allowed"),
    ]:
        response = await client.request(method, path)
        assert response.status_code == status, (method, path, response.text)
        assert response.json()["error"]["code"] == code
        assert response.headers["x-content-type-options"] == "nosniff"
    assert (await client.get(HOOK)).headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b"POST " + HOOK.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST " + HOOK.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST " + HOOK.encode() + b" HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 413),
        (b"POST " + HOOK.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n", 413),
    ],
    ids=range(8),
)  # fmt: skip
async def test_broken_http(world: World, client: httpx.AsyncClient, raw: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(world.url.rpartition(":")[2]))
    writer.write(raw)
    answer = await asyncio.wait_for(reader.read(4_000), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b'{"error":{"code"' in answer
    assert (await client.get("/health/live")).status_code == 200


async def test_hanging_up_is_no_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*args: object, **values: object) -> list[object]:
        await asyncio.sleep(30)
        return []

    world.access_log = True
    monkeypatch.setattr(world.core, "by_address", slow)
    with structlog.testing.capture_logs() as logs:
        async with world.serve() as client, asyncio.timeout(10):
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/webhooks/rest/messages?sender=jane&wait=20", timeout=0.3)
            while not (seen := [entry for entry in logs if entry["event"] == "request"]):
                await asyncio.sleep(0.01)
    assert seen[0]["status"] == 499
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_head_of_public_pages(client: httpx.AsyncClient) -> None:
    for path in ("/", "/health/live", "/openapi.json"):
        response = await client.head(path)
        assert (response.status_code, response.content) == (200, b"")


# --- log ---------------------------------------------------------------------------------------


async def test_log_has_no_bodies_queries_or_secrets(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.access_log = True
    caplog.set_level(logging.DEBUG)
    secret = "zebra-4711"
    with structlog.testing.capture_logs() as logs:
        async with world.serve() as client:
            token = await sign_in(client)
            await client.post(HOOK, json={"sender": secret, "message": secret})
            await client.get(f"/webhooks/rest/messages?sender={secret}&wait=0")
            await client.get(f"/api/v1/conversations/{secret}")
            await client.get(f"/{secret}")
            world.core.fails = RuntimeError(secret)
            await client.post(
                HOOK, json={"sender": secret, "message": secret}, headers={"x-request-id": "r-1"}
            )
    seen = [entry for entry in logs if entry["event"] == "request"]
    assert [entry["route"] for entry in seen] == [
        "/api/v1/session",
        "/webhooks/rest/webhook",
        "/webhooks/rest/messages",
        "/api/v1/conversations/<conversation_id:str>",
        "none",
        "/webhooks/rest/webhook",
    ]
    assert [entry["status"] for entry in seen] == [200, 200, 200, 404, 404, 500]
    (failure,) = [entry for entry in logs if entry["event"] == "request_failed"]
    assert (failure["request_id"], failure["error"]) == ("r-1", "RuntimeError")
    assert any("channel.py" in place for place in failure["at"])
    everything = repr(logs) + "".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore"))
    )
    for private in (secret, token, "correct horse", "csrf-0"):
        assert private not in everything


# --- server ------------------------------------------------------------------------------------


async def test_taken_port_is_one_clear_error(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        deps = world.deps()
        with pytest.raises(
            ConfigError, match=rf"Port {port} on 127.0.0.1 cannot be used \(Address .* set PORT"
        ):
            await WebServer(create_app(deps), port=port, parts=deps.parts).start()


async def test_stop_lets_requests_end_and_polls_go(world: World) -> None:
    async def slow(*args: object, **values: object) -> list[object]:
        await asyncio.sleep(30)
        return []

    async def soon(accepted: object, timeout: float) -> list[object]:
        await asyncio.sleep(0.3)
        return []

    world.core.by_address = slow  # type: ignore[method-assign,assignment]
    world.core.wait = soon  # type: ignore[method-assign,assignment]
    async with world.serve() as client:
        poll = asyncio.create_task(client.get("/webhooks/rest/messages?sender=a"))
        post = asyncio.create_task(client.post(HOOK, json={"sender": "a", "message": "b"}))
        await asyncio.sleep(0.15)
        assert "baton_rest_polls 1.0" in (await client.get("/metrics")).text
        await world.server.stop(drain=5.0)
        assert (await poll).json()["messages"] == []
        assert (await post).json() == []


async def test_two_servers_in_one_process() -> None:
    one, two = World(), World()
    async with one.serve() as first, two.serve() as second:
        await first.post(HOOK, json={"sender": "a", "message": "b"})
        assert (len(one.core.accepted), len(two.core.accepted)) == (1, 0)
        assert (await second.get("/health/live")).status_code == 200


async def test_landing_page(world: World, client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert f"{world.public_url}/webhooks/rest/webhook" in page.text
    assert "BATON_REST_TOKEN" not in page.text
    world.demo = False
    async with world.serve() as other:
        assert "Bearer $BATON_REST_TOKEN" in (await other.get("/")).text
