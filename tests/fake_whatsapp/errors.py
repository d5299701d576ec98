"""The platform's refusals: their codes, HTTP statuses and shape."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.support.http_server import Response, as_json

TITLES = {
    4: "Application request limit reached",
    100: "Invalid parameter",
    190: "Error validating access token",
    80007: "Rate limit hit",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "Meta chose not to deliver",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132015: "Template is paused",
    132018: "There's an issue with the parameters in your template",
}
# Rates are refused with 429, tokens with 401, an unknown template with 404, the platform's own troubles
# with 5xx; everything else is 400. Clients are told to look at the code and not at the status.
STATUSES = {4: 429, 80007: 429, 130429: 429, 131048: 429, 131056: 429, 190: 401, 132001: 404}
STATUSES |= {131000: 500, 131016: 503}
OURS = frozenset({100, 131008, 131009, 131051, 131053, 132000, 132001, 132018})
"""Codes that say that the request was wrong in itself: a well-behaved client never gets one."""

_traces = itertools.count(1)


@dataclass(eq=False)
class Refused(Exception):
    """A request that the platform does not take."""

    code: int
    details: str = ""
    subcode: int = 0

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 400)

    def response(self) -> Response:
        """Write it as the platform does."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {title(self.code)}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": f"A{next(_traces):010d}",
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode:
            error["error_subcode"] = self.subcode
        return as_json({"error": error}, self.status)


def title(code: int) -> str:
    """Return the title of a code."""
    return TITLES.get(code, "Error")


def in_webhook(code: int, details: str) -> dict[str, Any]:
    """Write an error as it stands in a webhook."""
    return {
        "code": code,
        "title": title(code),
        "message": title(code),
        "error_data": {"details": details or title(code)},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
