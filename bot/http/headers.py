"""Headers that a handler wants on every answer to its request, errors included."""

from __future__ import annotations

from collections.abc import Mapping

from sanic import Request


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Have `headers` sent with the answer, whichever it will be; they go before the usual ones."""
    request.ctx.more_headers = {**more_headers(request), **headers}


def more_headers(request: Request) -> Mapping[str, str]:
    """Return what was asked for."""
    found: Mapping[str, str] = getattr(request.ctx, "more_headers", {})
    return found
