"""rasa_sdk's action protocol over HTTP, for calls that an engine process of ours has signed.

The same three routes as the stock action server, which would answer anybody, and whose errors quote
the whole dialogue, in the answer and in the log.
"""

from __future__ import annotations

import itertools
import traceback
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import structlog
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from sanic import HTTPResponse, Request, Sanic
from sanic.config import Config
from sanic.response import raw

from bot.domain.customer import Answer
from bot.engine.directory import RemoteDirectory, current_action
from bot.engine.signing import FIELD, ActionCall, NotVouchedFor, unseal
from bot.ports import Clock, DirectoryCall, TurnServices, turn_services

log = structlog.get_logger(__name__)

BODY_LIMIT = 8 * 1024 * 1024
"""Bytes in one call, decompressed: a dialogue and the whole domain."""
CHANGES_PER_RUN = 100
"""The ordinals of an action's second run in a turn begin here: each run is a request of its own."""

_numbers = itertools.count(1)


class ActionApp:
    """Runs signed calls on an executor, with the context and directory of their turn."""

    def __init__(
        self, executor: ActionExecutor, *, key: bytes, clock: Clock, directory: DirectoryCall
    ) -> None:
        """`directory` answers what actions ask; `key` is the one that engine processes sign with."""
        self._executor = executor
        self._key = key
        self._clock = clock
        self._directory = directory

    def build(self) -> Sanic[Any, Any]:
        """Return a new application."""
        app: Sanic[Any, Any] = Sanic(
            f"baton-actions-{next(_numbers)}", config=_config(), configure_logging=False
        )
        app.add_route(self._health, "/health")
        app.add_route(self._names, "/actions")
        app.add_route(self._webhook, "/webhook", methods=["POST"])
        return app

    async def _health(self, request: Request) -> HTTPResponse:
        return _json({"status": "ok"})

    async def _names(self, request: Request) -> HTTPResponse:
        return _json([{"name": name} for name in self._executor.actions])

    async def _webhook(self, request: Request) -> HTTPResponse:
        """Run one action; refuse a call that is not signed."""
        try:
            body = _body(request)
            name = str(body.get("next_action", ""))
        except (ValueError, msgspec.DecodeError, zlib.error):
            return _json({"error": "this is not an action call"}, 400)
        try:
            call = unseal(body.pop(FIELD, None), self._key, action=name, now=self._clock.now())
        except NotVouchedFor as error:
            log.warning("action_call_refused", reason=str(error))
            return _json({"error": f"the call is refused: {error}"}, 401)
        return await self._run(call, body)

    async def _run(self, call: ActionCall, body: dict[str, Any]) -> HTTPResponse:
        name = call.action
        services = TurnServices(call.context, RemoteDirectory(partial(self._ask, call)))
        services_token, action_token = turn_services.set(services), current_action.set(name)
        try:
            return _json(await self._executor.run(body))
        except ActionExecutionRejection as error:
            return _json({"error": error.message, "action_name": error.action_name}, 400)
        except ActionNotFoundException:
            log.error("action_not_found", action=name)  # noqa: TRY400 (its frames say nothing)
            return _json({"error": "nobody has written this action", "action_name": name}, 404)
        except Exception as error:
            # Frames and the type, not the exception's text: that may quote the customer.
            frames = "".join(traceback.format_tb(error.__traceback__)[-4:])
            log.error("action_raised", action=name, error=type(error).__name__, frames=frames)  # noqa: TRY400
            return _json({"error": type(error).__name__, "action_name": name}, 500)
        finally:
            current_action.reset(action_token)
            turn_services.reset(services_token)

    def _ask(
        self, call: ActionCall, action: str, ordinal: int, method: str, arguments: dict[str, Any]
    ) -> Awaitable[Answer[Any]]:
        if ordinal:
            ordinal += (call.run - 1) * CHANGES_PER_RUN
        return self._directory(call.context, action, ordinal, method, arguments)


def _body(request: Request) -> dict[str, Any]:
    """Return the call. Raises ValueError, DecodeError or zlib.error."""
    data = request.body or b""
    if request.headers.get("content-encoding") == "deflate":
        inflater = zlib.decompressobj()
        data = inflater.decompress(data, BODY_LIMIT)
        if inflater.unconsumed_tail:
            raise ValueError("too large")
    body: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    return body


def _plain(value: Any) -> Any:
    """Turn a numpy number, as an action may leave it, into a plain one; anything else into text."""
    return value.item() if hasattr(value, "item") else str(value)


_encode: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=_plain).encode


def _json(value: Any, status: int = 200) -> HTTPResponse:
    return raw(_encode(value), status=status, content_type="application/json")


def _config() -> Config:
    """Return Sanic's settings, none of them from the environment."""
    config = Config(env_prefix="")
    config.update(
        {
            "REQUEST_MAX_SIZE": BODY_LIMIT,
            "RESPONSE_TIMEOUT": 150,  # above the longest turn
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "MOTD": False,
            "FALLBACK_ERROR_FORMAT": "json",
            # See bot.web.application: the rewriting holds for the whole process and fails twice.
            "TOUCHUP": not hasattr(Sanic, "__touched__"),
        }
    )
    return config
