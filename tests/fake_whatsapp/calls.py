"""The business's requests: what they are about, and the record of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fake_whatsapp.faults import Fault
from tests.fake_whatsapp.payloads import Number
from tests.support.http_server import Request


@dataclass(kw_only=True, slots=True)
class Call:
    """One request of the business, and what became of it."""

    kind: str
    request: Request
    content: Mapping[str, Any]
    """The body, if it is JSON."""
    at: datetime
    status: int = 0
    """0: the client got no answer."""
    code: int = 0
    """The error code, if it was refused."""
    fault: Fault | None = None


def route(request: Request, numbers: Collection[str]) -> tuple[str, str, str]:
    """Say what a request is about: its kind, the number it names, and the id of anything else."""
    if request.path.startswith("/whatsapp_business/attachments"):
        return ("file" if request.method == "GET" else "unknown"), "", ""
    # The version may be left out.
    path = re.sub(r"^/v\d+\.\d+(?=/)", "", request.path)
    found = re.fullmatch(r"/(\d+)(?:/(messages|media))?", path)
    if not found:
        return "unknown", "", ""
    thing, edge = found.groups()
    if request.method == "POST" and edge:
        return ("messages" if edge == "messages" else "upload"), thing, ""
    if request.method == "GET" and not edge:
        return ("number", thing, "") if thing in numbers else ("media", "", thing)
    return "unknown", thing, ""


def describe(number: Number) -> dict[str, Any]:
    """Write what the platform says of a number."""
    return {
        "verified_name": number.name,
        "display_phone_number": "+" + number.display,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "id": number.id,
    }


def content_of(request: Request) -> Mapping[str, Any]:
    """Return a JSON body; nothing when it is none."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        content = json.loads(request.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
