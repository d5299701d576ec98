"""A bot's webhook that only listens: for tests of the fake itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.fake_telegram.courier import HEADER
from tests.support.http_server import HttpServer, Request, Response


class Listener(HttpServer):
    """Takes updates with the right secret, and answers as `answers` says, with 200 in the end."""

    def __init__(self, secret: str = "s3cret") -> None:
        super().__init__()
        self.secret = secret
        self.received: list[Request] = []
        self.answers: list[Response | int] = []
        self.slow: dict[int, float] = {}
        """By chat, how long an answer takes."""
        self.under_way = self.most_under_way = 0

    async def answer(self, request: Request) -> Response:
        """Take one update."""
        assert request.headers.get(HEADER.lower(), "") == self.secret
        self.received.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.slow.get(chat_of(json.loads(request.body)), 0))
        self.under_way -= 1
        answer = self.answers.pop(0) if self.answers else 200
        return answer if isinstance(answer, Response) else Response(status=answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.received]

    @property
    def kinds(self) -> list[str]:
        """What each update was about."""
        return [next(name for name in body if name != "update_id") for body in self.bodies]

    @property
    def texts(self) -> list[str]:
        """The words of each message."""
        return [body["message"].get("text", "") for body in self.bodies if "message" in body]


def chat_of(body: dict[str, Any]) -> int:
    """Return the chat of an update."""
    content = next(value for name, value in body.items() if name != "update_id")
    chat = content.get("chat") or content.get("message", {}).get("chat", {})
    return int(chat.get("id", 0))
