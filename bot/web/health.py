"""Health and metrics: what a supervisor of processes and a monitoring system ask."""

from __future__ import annotations

import asyncio

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.errors import BotError, NotPermitted, NotSignedIn
from bot.http.bodies import answer
from bot.http.peers import bearer, is_local, same_secret
from bot.http.routes import Access, Route
from bot.web.deps import WebDeps
from bot.web.metrics import CONTENT_TYPE

_STORE_BOUND = 2.0
"""Seconds that the store may take before it counts as unreachable."""


class Live(msgspec.Struct):
    """The process answers."""

    status: str


class Ready(msgspec.Struct):
    """Whether messages are answered; `reasons` say why not."""

    status: str
    reasons: list[str]
    model: str
    engine_processes: int


class Health:
    """Answers for the process as a whole."""

    def __init__(self, deps: WebDeps) -> None:
        """Ask the store and the engine among `deps`."""
        self._deps = deps

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        tag = "health"
        return [
            Route(
                method="GET", path="/health/live", handler=self.live, tag=tag, answer=Live,
                summary="Say that the process answers",
            ),
            Route(
                method="GET", path="/health/ready", handler=self.ready, tag=tag, answer=Ready,
                summary="Say whether the store is reachable and an engine answers", errors=(503,),
            ),
            Route(
                method="GET", path="/metrics", handler=self.metrics, tag=tag, answer=str,
                media="text/plain", access=Access.METRICS, errors=(401, 403),
                summary="Numbers in Prometheus' text format",
            ),
        ]  # fmt: skip

    async def live(self, request: Request) -> HTTPResponse:
        """Answer as long as the event loop turns."""
        return answer(Live("live"))

    async def ready(self, request: Request) -> HTTPResponse:
        """Answer 200 once customers are answered, 503 with reasons before."""
        reasons = []
        if not await self._store_reachable():
            reasons.append("store_unreachable")
        engine = self._deps.engine.status
        if not engine.ready:
            reasons.append("engine_not_ready")
        body = Ready(
            status="not_ready" if reasons else "ready",
            reasons=reasons,
            model=engine.model,
            engine_processes=engine.processes,
        )
        return answer(body, status=503 if reasons else 200)

    async def metrics(self, request: Request) -> HTTPResponse:
        """Give the numbers to this machine, or to who has the token."""
        self._admit(request)
        metrics, engine = self._deps.metrics, self._deps.engine.status
        metrics.set("engine_ready", float(engine.ready))
        metrics.set("engine_processes", engine.processes)
        for name, value in self._deps.store.stats.items():
            metrics.set(f"store_{name}", value)
        for part in self._deps.parts:
            for name, value in part.gauges().items():
                metrics.set(name, value)
        if self._deps.gauges is not None:
            for name, value, labels in await self._deps.gauges():
                metrics.set(name, value, **labels)
        return HTTPResponse(metrics.export(), content_type=CONTENT_TYPE)

    def _admit(self, request: Request) -> None:
        token = self._deps.metrics_token
        if same_secret(bearer(request), token) or is_local(request):
            return
        if token:
            raise NotSignedIn("Send BATON_METRICS_TOKEN as a bearer token.")
        raise NotPermitted("Metrics are for this machine only until BATON_METRICS_TOKEN is set.")

    async def _store_reachable(self) -> bool:
        try:
            await asyncio.wait_for(self._deps.store.check(), _STORE_BOUND)
        except (BotError, TimeoutError):
            return False
        return True
