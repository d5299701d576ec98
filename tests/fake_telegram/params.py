"""The arguments of a call, however they came: query, form, JSON or multipart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sanic.request.form import parse_multipart_form

from tests.fake_telegram.errors import Refused, bad
from tests.support.http_server import Request

UPLOAD = 50 * 1024 * 1024
"""Nothing bigger is taken from a bot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that came with a call."""

    name: str
    mime: str
    data: bytes


@dataclass(kw_only=True, slots=True)
class Params:
    """Arguments by name. Objects may come as JSON in a string, numbers as strings, as in forms."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a string; "" when it is missing."""
        value = self.values.get(name, "")
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        """Return a whole number."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Return a truth."""
        return self.text(name).lower() in {"true", "1", "yes"}

    def object(self, name: str, kind: type[Any], what: str) -> Any:
        """Return an object or a list, or None when it is missing; refuse anything else."""
        value = self.values.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                value = json.loads(value)
            except ValueError:
                raise bad(f"can't parse {what} JSON object") from None
        if value is None:
            return None
        if not isinstance(value, kind):
            raise bad(f"object expected as {what}")
        return value


def read(request: Request) -> Params:
    """Read the arguments of a request."""
    values: dict[str, Any] = dict(request.query)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            content = json.loads(request.body or b"{}")
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise bad("can't parse JSON object") from None
        values |= content
    elif kind.startswith("multipart/form-data"):
        return _multipart(request, kind, values)
    elif kind.startswith("application/x-www-form-urlencoded"):
        values |= dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return Params(values=values)


def _multipart(request: Request, kind: str, values: dict[str, Any]) -> Params:
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if not found:
        raise bad("there is no boundary in the multipart form")
    fields, parts = parse_multipart_form(  # type: ignore[no-untyped-call]
        request.body, found.group(1).encode()
    )
    values |= {name: fields.get(name) for name in fields}
    files = {}
    for name in parts:
        part = parts.get(name)
        if len(part.body) > UPLOAD:
            raise Refused(413, ours=True)
        files[name] = Upload(name=part.name or "file", mime=part.type, data=part.body)
    return Params(values=values, files=files)
