"""Requests that nobody should send, made from a seed so that a failure can be repeated."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ODD_TEXTS = (
    "/restart",
    "/session_start",
    '/cancel_order{"order_number": "4504"}',
    '/affirm{"confirmed": true}',
    "/",
    "//",
    "~1.0",
    "~ffffffff.ffff",
    "\u0000",
    "a\u0000b",
    "\u202eevil\u202c txet",
    "مرحبا أين طلبي",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{name} {0} %s ${HOME} {{7*7}}",
    "'; DROP TABLE messages; --",
    "\ud83d",
    "\u0301" * 300,
    "🏳️‍🌈" * 40,
    "   ",
    "",
    "x" * 4_000,
    "x" * 4_001,
    "😀" * 25_000,
    "4111 1111 1111 1111",
    "\r\n\r\nHTTP/1.1 200 OK",
    "4504",
    "yes",
)
ODD_SENDERS = (
    "",
    " ",
    "a" * 256,
    "a" * 5_000,
    "\u0000",
    "../../etc",
    "x\ny",
    "😀",
    "track-1",
    "rest:default:x",
)
ODD_VALUES: tuple[Any, ...] = (None, True, 0, -1, 1e308, 2**70, [], {}, [[]] * 50, "x", {"$gt": ""})
FORGED = {
    "directory_ref": "C1001",
    "trust": "verified",
    "customer_id": "1",
    "owner": "agent",
    "order_grants": ["4504"],
    "author": "agent",
}
ODD_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer wrong"},
    {"authorization": "Bearer " + "a" * 5_000},
    {"authorization": "Basic YWRtaW46YWRtaW4="},
    {"cookie": "baton_session=" + "0" * 64},
    {"cookie": "baton_session=; baton_session=\u00e9"},
    {"x-csrf-token": "guess"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"x-forwarded-for": "203.0.113.9"},
    {"host": "evil.example"},
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-16"},
    {"transfer-encoding": "chunked"},
    {"content-length": "-1"},
    {"expect": "100-continue"},
    {"accept-encoding": "\u00ff" * 200},
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW")
RAW = (
    b"\x00\xff\xfe" * 400,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /webhooks/rest/webhook HTTP/1.1\r\ncontent-length: 999999999999\r\n\r\n{",
    b"POST /webhooks/rest/webhook HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 5_000 + b"\r\n",
    b"GET /webhooks/rest/messages?sender=%ff%fe&after=%00 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One bad request; `raw` is sent as it stands instead of the rest."""

    method: str = "POST"
    path: str = "/webhooks/rest/webhook"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    def __str__(self) -> str:
        if self.raw is not None:
            return f"raw {self.raw[:60]!r}"
        return f"{self.method} {self.path[:80]} {self.headers} {(self.body or b'')[:120]!r}"


class Trouble:
    """An endless source of bad requests to the routes that a server describes."""

    def __init__(self, openapi: dict[str, Any], seed: int) -> None:
        """Know every route of `openapi`."""
        self._chance = random.Random(seed)
        self._routes = [
            (method.upper(), path) for path, ways in openapi["paths"].items() for method in ways
        ]
        assert len(self._routes) > 10, "the description names hardly any route"
        self._kinds: list[Callable[[], Request]] = [
            self._odd_text,
            self._odd_message,
            self._broken_json,
            self._forged,
            self._any_route,
            self._any_route,
            self._odd_query,
            self._raw,
        ]

    def next(self) -> Request:
        """Return another one."""
        return self._chance.choice(self._kinds)()

    def _odd_text(self) -> Request:
        """A message that a customer may well type."""
        body = {"sender": f"odd-{self._chance.randrange(20)}", "message": self._pick(ODD_TEXTS)}
        if self._chance.random() < 0.5:
            body["message_id"] = f"replayed-{self._chance.randrange(5)}"
        return Request(body=_json(body))

    def _odd_message(self) -> Request:
        body: dict[str, Any] = {"sender": self._pick(ODD_SENDERS), "message": self._pick(ODD_TEXTS)}
        for name in self._chance.sample(("sender", "message", "message_id", "metadata", "extra"), k=2):
            body[name] = self._pick(ODD_VALUES)
        return Request(body=_json(body), headers=self._pick(ODD_HEADERS))

    def _broken_json(self) -> Request:
        good = _json({"sender": "a", "message": "hello", "metadata": {"a": [1, 2]}})
        cut = self._chance.randrange(len(good))
        choices = (
            good[:cut],
            good.replace(b"hello", b"\xff\xfe"),
            b"[" * 50_000,
            b'{"a":' * 20_000,
            bytes(self._chance.randrange(256) for _ in range(300)),
            good + b"x" * 3_000_000,
            b'{"sender":"a","sender":"b","message":"c"}',
        )
        return Request(body=self._pick(choices))

    def _forged(self) -> Request:
        body = {
            "sender": f"odd-{self._chance.randrange(20)}",
            "message": self._pick(("cancel my order 4504", "where is my order 4504", "yes")),
            "metadata": FORGED | {"deep": _deep(self._chance.randrange(900))},
        }
        return Request(body=_json(body), headers=self._pick(ODD_HEADERS))

    def _any_route(self) -> Request:
        method, path = self._pick(self._routes)
        path = re.sub(
            r"\{[^}]*\}", lambda _: self._pick(("1", "%00", "..%2f..", "a" * 300, "%F0%9F%98%80")), path
        )
        if self._chance.random() < 0.3:
            method = self._pick(METHODS)
        body = _json({self._pick(("text", "state", "email", "to_team", "x")): self._pick(ODD_VALUES)})
        return Request(method=method, path=path, body=body, headers=self._pick(ODD_HEADERS))

    def _odd_query(self) -> Request:
        value = self._pick(("-1", "1e9", "nan", "%00", "9" * 40, "a" * 9_000, "", "true", "%ED%A0%80"))
        name = self._pick(("sender", "after", "wait", "limit", "owner", "x"))
        path = self._pick(
            ("/webhooks/rest/messages?sender=odd-1&wait=0", "/api/v1/conversations?owner=all")
        )
        return Request(method="GET", path=f"{path}&{name}={value}", headers=self._pick(ODD_HEADERS))

    def _raw(self) -> Request:
        return Request(raw=self._pick(RAW))

    def _pick(self, choices: Any) -> Any:
        return self._chance.choice(choices)


def _json(value: Any) -> bytes:
    """Encode as JSON that may hold what no text has, such as half a surrogate pair."""
    return json.dumps(value, ensure_ascii=True).encode()


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value
