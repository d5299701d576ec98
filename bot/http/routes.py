"""Routes as data: one table is served, described at /openapi.json and walked by the tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sanic import HTTPResponse, Request, Sanic

from bot.domain.errors import BotError
from bot.http.uploads import let_go

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]
_PARAMETER = re.compile(r"{(\w+)}")


class Access(StrEnum):
    """Who may call a route."""

    PUBLIC = "public"
    AGENT = "agent"
    REST = "rest"
    METRICS = "metrics"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method on one path.

    `path` writes parameters as `{name}`. `body`, `query` and `answer` are the types that are read and
    written; `errors` are the statuses besides 500 that a caller must expect. With `stream` the body is
    one file, which the handler reads by itself (see `bot.http.uploads`).
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    access: Access = Access.PUBLIC
    body: type | None = None
    body_optional: bool = False
    query: type | None = None
    answer: Any = None
    status: int = 200
    media: str = "application/json"
    errors: tuple[int, ...] = ()
    websocket: bool = False
    stream: bool = False

    @property
    def parameters(self) -> list[str]:
        """Return the names of the path's parameters."""
        return _PARAMETER.findall(self.path)

    @property
    def name(self) -> str:
        """Return a name that is unique in the table."""
        words = re.sub(r"\W+", "_", self.path).strip("_") or "root"
        return f"{self.method.lower()}_{words}"


class Part(Protocol):
    """Something that is served over HTTP: a channel, or the agents' desk."""

    @property
    def routes(self) -> Sequence[Route]:
        """Return what is to be served."""
        ...

    async def start(self) -> None:
        """Begin what runs beside the requests."""
        ...

    async def stop(self) -> None:
        """End it, and let go of everybody who waits."""
        ...

    def gauges(self) -> Mapping[str, float]:
        """Return numbers for /metrics as they are now."""
        ...


def mount(app: Sanic[Any, Any], routes: Iterable[Route]) -> None:
    """Serve `routes`; public pages answer HEAD too."""
    for route in routes:
        methods = [route.method]
        if route.method == "GET" and route.access is Access.PUBLIC:
            methods.append("HEAD")
        if route.websocket:
            app.enable_websocket()
        app.add_route(
            _streaming(route.handler) if route.stream else route.handler,
            _PARAMETER.sub(r"<\1:str>", route.path),
            methods=methods,
            name=route.name,
            strict_slashes=route.path != "/",
        )


def _streaming(handler: Handler) -> Handler:
    """Return a function in place of a method: Sanic marks it as one that reads its body by itself."""

    async def reads_its_body(request: Request, **parameters: str) -> HTTPResponse | None:
        try:
            return await handler(request, **parameters)
        except BotError:
            await let_go(request)
            raise

    reads_its_body.is_stream = True  # type: ignore[attr-defined]
    return reads_its_body
