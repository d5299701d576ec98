"""Describes the route table as OpenAPI 3.1, from the same types that read and write the requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sanic import HTTPResponse, Request

from bot.http.routes import Access, Route

_REF = "#/components/schemas/{name}"
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.AGENT: [{"session": []}, {"agentToken": []}],
    Access.REST: [{"restToken": []}, {}],
    Access.METRICS: [{"metricsToken": []}, {}],
}
_SCHEMES: dict[str, dict[str, str]] = {
    "session": {"type": "apiKey", "in": "cookie", "name": "baton_session"},
    "agentToken": {"type": "http", "scheme": "bearer", "description": "From POST /api/v1/tokens."},
    "restToken": {"type": "http", "scheme": "bearer", "description": "BATON_REST_TOKEN."},
    "metricsToken": {"type": "http", "scheme": "bearer", "description": "BATON_METRICS_TOKEN."},
}
_BYTES = "application/octet-stream"
_REASONS = {
    400: "The request is not valid; `field` names what is wrong",
    401: "Not signed in, or a token is wrong or has expired",
    403: "Not permitted, a missing CSRF token, or sent from a foreign page",
    404: "There is no such thing",
    408: "The file took too long to arrive",
    409: "Not possible in the present state (the error names the present owner), or somebody else's",
    413: "Over a size limit",
    415: "The body is not application/json, or a file of a kind that is not taken",
    416: "The range lies beyond the file's end",
    426: "Not a WebSocket request",
    429: "Too many requests; see Retry-After",
    503: "Not available at the moment; see Retry-After",
}


class ErrorDetail(msgspec.Struct):
    """What went wrong. Some codes come with more fields, such as `field`, `owner` or `retry_after`."""

    code: str
    message: str


class ErrorBody(msgspec.Struct):
    """The shape of every error."""

    error: ErrorDetail


class Description:
    """The document at /openapi.json."""

    def __init__(self, *, version: str, public_url: str) -> None:
        """Describe the product's `version` as served at `public_url`."""
        self._version, self._public_url = version, public_url
        self._routes: list[Route] = []
        self._document = b""
        self.route = Route(
            method="GET", path="/openapi.json", handler=self.page, tag="description",
            answer=dict[str, Any], summary="Describe every address",
        )  # fmt: skip

    def cover(self, routes: Iterable[Route]) -> None:
        """Describe `routes`; the document is made when it is first asked for."""
        self._routes = list(routes)

    async def page(self, request: Request) -> HTTPResponse:
        """Return the document."""
        if not self._document:
            self._document = msgspec.json.encode(self.document())
        return HTTPResponse(self._document, content_type="application/json")

    def document(self) -> dict[str, Any]:
        """Return the document as plain values."""
        kinds = {kind for route in self._routes for kind in (route.body, route.answer) if _named(kind)}
        ordered = [ErrorBody, *sorted(kinds, key=str)]
        schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
        self._schemas = dict(zip(ordered, schemas, strict=True))
        paths: dict[str, dict[str, Any]] = {}
        for route in self._routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route)
        return {
            "openapi": "3.1.0",
            "info": {"title": "Baton", "version": self._version},
            "servers": [{"url": self._public_url.rstrip("/") or "/"}],
            "paths": paths,
            "components": {"schemas": components, "securitySchemes": _SCHEMES},
        }

    def _operation(self, route: Route) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "summary": route.summary,
            "operationId": route.name,
            "tags": [route.tag],
            "security": _SECURITY[route.access],
            "responses": self._responses(route),
        }
        parameters = [_path_parameter(name) for name in route.parameters] + _query_parameters(route.query)
        if parameters:
            operation["parameters"] = parameters
        if route.body is not None:
            operation["requestBody"] = {
                "required": not route.body_optional,
                "content": {"application/json": {"schema": self._schemas[route.body]}},
            }
        if route.stream:
            content = {_BYTES: {"schema": {"type": "string", "format": "binary"}}}
            operation["requestBody"] = {"required": True, "content": content}
        return operation

    def _responses(self, route: Route) -> dict[str, Any]:
        if route.websocket:
            responses: dict[str, Any] = {"101": {"description": "The connection is a WebSocket now"}}
        else:
            responses = {str(route.status): {"description": route.summary}}
            if route.answer is not None:
                schema = self._schemas.get(route.answer, {"type": "string"})
                responses[str(route.status)]["content"] = {route.media: {"schema": schema}}
        problem = {"application/json": {"schema": self._schemas[ErrorBody]}}
        for status in sorted(route.errors):
            responses[str(status)] = {"description": _REASONS[status], "content": problem}
        return responses


def _named(kind: Any) -> bool:
    return kind is not None and kind is not str


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(kind: type | None) -> list[dict[str, Any]]:
    """Return the query's parameters from the type that reads it."""
    if kind is None:
        return []
    schema = msgspec.json.schema(kind)
    body = schema["$defs"][kind.__name__] if "$defs" in schema else schema
    required = set(body.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in body["properties"].items()
    ]
