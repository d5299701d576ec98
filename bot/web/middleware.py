"""What is true of every response: request id, security headers, one access record, one measurement."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from time import perf_counter

import structlog
from sanic import HTTPResponse, Request
from sanic.response import BaseHTTPResponse

from bot.http.headers import more_headers
from bot.web.metrics import Metrics

log = structlog.get_logger("baton.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_HSTS = "max-age=31536000; includeSubDomains"

Finish = Callable[[Request, BaseHTTPResponse], HTTPResponse | None]


def request_id(request: Request) -> str:
    """Return the caller's X-Request-ID if it is a plain word, otherwise one of ours."""
    known = getattr(request.ctx, "request_id", None)
    if isinstance(known, str):
        return known
    given = request.headers.getone("x-request-id", "")
    value = given if given and _REQUEST_ID.fullmatch(given) else os.urandom(8).hex()
    request.ctx.request_id = value
    return value


def route_of(request: Request) -> str:
    """Return the route's pattern: the path itself may hold what somebody typed."""
    route = request.route
    return f"/{route.path}" if route is not None else "none"


def finisher(*, metrics: Metrics, secure: bool, access_log: bool) -> Finish:
    """Return the response middleware."""
    headers = dict(_HEADERS)
    if secure:
        headers["strict-transport-security"] = _HSTS
    common = tuple(headers.items())

    def finish(request: Request, response: BaseHTTPResponse) -> None:
        target = response.headers
        identity = request_id(request)
        for name, value in common:
            target.setdefault(name, value)
        target["x-request-id"] = identity
        target.update(more_headers(request))
        if "content-security-policy" not in target:
            target["content-security-policy"] = _API_POLICY
        if "cache-control" not in target:
            target["cache-control"] = "no-store"
        begun = getattr(request.stream, "perft0", None)
        seconds = perf_counter() - begun if begun else 0.0
        route = route_of(request)
        metrics.request(request.method, route, response.status, seconds)
        if access_log:
            # A request that went well is counted in the metrics; a line for each would cost more than
            # the rest of the answer. `BATON_LOG_LEVEL=debug` shows them all.
            write = log.info if response.status >= 400 else log.debug
            write(
                "request",
                method=request.method,
                route=route,
                status=response.status,
                ms=round(seconds * 1000, 1),
                request_id=identity,
            )

    return finish
