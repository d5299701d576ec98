"""Random frames, bodies and bytes at the chat: a clear answer each time, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from connectors.channels.webchat import ChatLimits
from tests.support.world import World
from tests.webchat.kit import ADA, SHOP, Chat, new_id

_texts = st.text(max_size=40) | st.sampled_from(
    ["\0", "~1.0", "/restart", "-1", "null", "😀" * 9, "person", "\u202e", "w1.e30.AAAA"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=10,
)
NEAR: dict[str, dict[str, Any]] = {
    "hello": {"v": 1, "session": "", "identity": "", "after": 0, "language": "en", "page": "/"},
    "message": {"id": "12345678", "text": "hi"},
    "typing": {},
    "read": {"seq": 1},
    "history": {"before": 9, "limit": 5},
    "rate": {"score": 5, "comment": ""},
    "identify": {"identity": ""},
    "new": {},
    "erase": {},
    "ping": {},
}
ANSWERS = {
    "ready", "messages", "ack", "refused", "state", "typing", "history", "identity_needed", "rated", "pong",
    "error", "close",
}  # fmt: skip


class Target:
    """A running server, served in a thread of its own: Hypothesis calls from synchronous code."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.ready, self.done = threading.Event(), asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))

    async def serve(self) -> None:
        world = await World().start()
        plenty = ChatLimits(
            messages=10**6, connects=10**6, polls=10**6, uploads=10**6, identities=10**6, changes=10**6
        )
        async with Chat(world, limits=plenty).serve() as chat:
            self.chat, self.token = chat, chat.token(ADA, minutes=600)
            with httpx.Client(base_url=chat.url, trust_env=False, timeout=20) as client:
                self.client = client
                self.ready.set()
                await self.done.wait()

    @property
    def port(self) -> int:
        return int(self.chat.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    target = Target()
    target.thread.start()
    assert target.ready.wait(20)
    try:
        yield target
    finally:
        target.loop.call_soon_threadsafe(target.done.set)
        target.thread.join(20)
        target.loop.close()


def frame(data: st.DataObject, token: str) -> dict[str, Any]:
    """Draw a frame that is right or nearly right."""
    kind = data.draw(st.sampled_from(sorted(NEAR)))
    value: dict[str, Any] = {"type": kind, **NEAR[kind]}
    if kind == "message":
        value["id"] = data.draw(st.sampled_from(["12345678", new_id()]))
        value.update(
            data.draw(st.sampled_from([{"text": "x"}, {"choice": "~2.0"}, {"files": ["12345678"]}]))
        )
    if kind in ("hello", "identify") and data.draw(st.booleans()):
        value["identity"] = token
    field = data.draw(st.sampled_from(["", "", *value, "extra"]))
    return {**value, field: data.draw(_values)} if field else value


_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}


def try_socket(target: Target, data: st.DataObject) -> None:
    with connect(target.chat.url.replace("http", "ws") + "/chat", proxy=None) as connection:
        try:
            for _ in range(data.draw(st.integers(1, 8))):
                noise = st.binary(max_size=99) | st.text(max_size=99)
                raw: Any = data.draw(st.none() | st.none() | st.none() | noise)
                if raw is None:
                    raw = json.dumps(frame(data, target.token))
                if isinstance(raw, str):
                    raw = raw.encode("utf-8", "replace").decode()
                connection.send(raw)
            connection.send('{"type":"ping"}')
            while True:
                found = json.loads(connection.recv(timeout=10))
                assert found["type"] in ANSWERS, found
                assert found.get("code") != "internal", found
                if found["type"] == "pong":
                    break
        except ConnectionClosed:
            code = connection.protocol.close_code
            assert code in (1000, 1008, 4401, 4429), code
    assert target.client.get("/health/live").status_code == 200


@settings(max_examples=150, **_SETTINGS)
@given(data=st.data())
def test_no_frame_breaks_a_socket(target: Target, data: st.DataObject) -> None:
    try_socket(target, data)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=2_000, **_SETTINGS)
@given(data=st.data())
def test_no_frame_breaks_a_socket_long(target: Target, data: st.DataObject) -> None:
    try_socket(target, data)


@settings(max_examples=150, **_SETTINGS)
@given(data=st.data())
def test_no_request_breaks_a_route(target: Target, data: st.DataObject) -> None:
    path = data.draw(
        st.sampled_from(["/chat/frames", "/chat/transcript", "/chat/files", "/chat", "/widget.js"])
    )
    body: Any = {
        "/chat/frames": {"hello": {"type": "hello"}, "frames": [frame(data, target.token)], "wait": 0},
        "/chat/transcript": {"session": "", "identity": ""},
    }.get(path, {})
    field = data.draw(st.sampled_from(["", *body, "extra"]))
    if field:
        body[field] = 0 if field == "wait" else data.draw(_values)
    content = json.dumps(body).encode() if data.draw(st.booleans()) else data.draw(st.binary(max_size=99))
    headers = {
        "content-type": data.draw(st.sampled_from(["application/json", "application/json", "text/plain"])),
        "origin": data.draw(st.sampled_from([SHOP, "https://evil.example", "null", "://", "x" * 500])),
        "x-baton-session": data.draw(st.sampled_from(["", "w1.x.y", "x" * 900])),
        "x-baton-identity": data.draw(st.sampled_from(["", "a.b.c", target.token])),
    }
    method = data.draw(st.sampled_from(["POST", "POST", "POST", "GET", "OPTIONS", "PUT"]))
    response = target.client.request(method, path, content=content, headers=headers)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert isinstance(response.json()["error"]["code"], str)
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed in (None, "*", SHOP)
    assert (allowed == "*") == (path == "/widget.js" and response.status_code < 400)


@settings(max_examples=100, **_SETTINGS)
@given(noise=st.binary(max_size=300))
def test_no_bytes_break_an_open_socket(target: Target, noise: bytes) -> None:
    head = (
        f"GET /chat HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", target.port), timeout=5) as raw:
        raw.sendall(head.encode() + noise)
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := raw.recv(65_536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 101"), answer[:200]
    assert target.client.get("/health/live").status_code == 200
