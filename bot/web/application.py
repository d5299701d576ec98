"""Builds the Sanic application: limits, error shape, response headers, and every part's routes."""

from __future__ import annotations

import itertools
from typing import Any

from sanic import Sanic
from sanic.config import Config

from bot.http.routes import Route, mount
from bot.web.demo import DemoPage
from bot.web.deps import WebDeps
from bot.web.errors import Errors
from bot.web.health import Health
from bot.web.landing import Landing
from bot.web.middleware import finisher
from bot.web.openapi import Description

BODY_LIMIT = 256 * 1024
"""Bytes in one request's body; what a customer may write is bounded further by the channel."""
FRAME_LIMIT = 16 * 1024
"""Bytes in one WebSocket frame from a client."""

WebApp = Sanic[Any, Any]
_numbers = itertools.count(1)


def create_app(deps: WebDeps) -> WebApp:
    """Return a new application; several can live in one process."""
    app: WebApp = Sanic(
        f"baton-{next(_numbers)}",
        config=_config(deps),
        error_handler=Errors(),
        configure_logging=False,
    )
    mount(app, routes_of(deps))
    secure = deps.public_url.startswith("https://")
    finish = finisher(metrics=deps.metrics, secure=secure, access_log=deps.access_log)
    app.register_middleware(finish, "response")
    return app


def routes_of(deps: WebDeps) -> list[Route]:
    """Return the whole route table, the description of the table included."""
    routes = [*Health(deps).routes, *Landing(deps).routes]
    if deps.shop is not None:
        routes.extend(DemoPage(deps.shop, public_url=deps.public_url).routes)
    for part in deps.parts:
        routes.extend(part.routes)
    description = Description(version=deps.version, public_url=deps.public_url)
    routes.append(description.route)
    description.cover(routes)
    return routes


def _config(deps: WebDeps) -> Config:
    """Return Sanic's settings, none of them from the environment."""
    config = Config(env_prefix="")
    config.update(
        {
            "REQUEST_MAX_SIZE": BODY_LIMIT,
            "WEBSOCKET_MAX_SIZE": FRAME_LIMIT,
            "REQUEST_TIMEOUT": 20,
            "RESPONSE_TIMEOUT": 70,  # above the longest long poll
            "KEEP_ALIVE_TIMEOUT": 75,
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "MOTD": False,
            "FALLBACK_ERROR_FORMAT": "json",
            # Sanic rewrites its own classes at start-up to drop unused signals. That holds for the
            # whole process, and doing it twice fails.
            "TOUCHUP": not hasattr(Sanic, "__touched__"),
        }
    )
    if deps.proxies:
        config.PROXIES_COUNT = deps.proxies
    return config
