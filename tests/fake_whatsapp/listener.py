"""A business that only listens: for tests of the fake itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.fake_whatsapp.payloads import Number, signatures
from tests.support.http_server import HttpServer, Request, Response


class Listener(HttpServer):
    """Takes webhooks, checks their signatures, and answers as `answers` says, with 200 in the end."""

    def __init__(self, number: Number) -> None:
        super().__init__()
        self.number = number
        self.received: list[Request] = []
        self.answers: list[int] = []
        self.slow = 0.0

    async def answer(self, request: Request) -> Response:
        if request.method == "GET":
            right = request.query.get("hub.verify_token") == self.number.verify_token
            challenge = request.query.get("hub.challenge", "").encode()
            return Response(body=challenge) if right else Response(status=403)
        await asyncio.sleep(self.slow)
        signed = signatures(request.body, self.number.app_secret)["X-Hub-Signature-256"]
        assert request.headers["x-hub-signature-256"] == signed
        self.received.append(request)
        return Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.received]

    @property
    def values(self) -> list[dict[str, Any]]:
        """Every `value` of every body."""
        return [c["value"] for body in self.bodies for e in body["entry"] for c in e["changes"]]

    def items(self, key: str = "messages") -> list[dict[str, Any]]:
        """Every message, status, echo... of every body."""
        return [item for value in self.values for item in value.get(key, [])]
