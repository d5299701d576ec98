"""The platform's refusals, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Response, as_json

WORDS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
WORDS |= {413: "Request Entity Too Large", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(eq=False)
class Refused(Exception):
    """A call that the platform does not carry out."""

    code: int
    details: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    """`retry_after` in seconds, or `migrate_to_chat_id`."""
    ours: bool = False
    """Whether the call was wrong in itself: a well-behaved client never makes it."""

    @property
    def description(self) -> str:
        word = WORDS[self.code]
        return f"{word}: {self.details}" if self.details else word

    def response(self) -> Response:
        """Write it: `{"ok": false, "error_code": N, "description": ..., "parameters": {...}}`."""
        content: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            content["parameters"] = self.parameters
        return as_json(content, self.code)


def bad(details: str, *, ours: bool = True) -> Refused:
    """Refuse a call that is wrong in itself; not `ours` when only the state of things stands against it."""
    return Refused(400, details, ours=ours)


def flood(seconds: int) -> Refused:
    """Refuse because of the pace: the wait is in the words and in `parameters.retry_after`."""
    return Refused(429, f"retry after {seconds}", {"retry_after": seconds})
