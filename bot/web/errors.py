"""Turns every exception into the one error shape; the log learns where it happened, not what was said."""

from __future__ import annotations

import traceback
from typing import Any

import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import RequestCancelled, SanicException
from sanic.handlers import ErrorHandler

from bot.domain.errors import BotError
from bot.http.bodies import error_answer
from bot.web.middleware import request_id, route_of

log = structlog.get_logger("baton.web")

_STATUS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read."),
    401: ("unauthorized", "Sign in first."),
    403: ("forbidden", "You are not allowed to do this."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    408: ("request_timeout", "The request took too long to arrive."),
    413: ("too_large", "The request is too large."),
    416: ("bad_range", "The range cannot be served."),
    417: ("expectation_failed", "The Expect header is not understood."),
    426: ("upgrade_required", "This address speaks WebSocket."),
    503: ("unavailable", "The service is not available at the moment."),
}
_INTERNAL = ("internal", BotError.public_message)
_RETRY_AFTER = 5


class Errors(ErrorHandler):
    """The application's only error handler."""

    def response(self, request: Request, exception: BaseException) -> HTTPResponse:
        """Answer `exception` as JSON; nothing of an unexpected one is shown."""
        if isinstance(exception, BotError):
            return self._refused(request, exception)
        if isinstance(exception, SanicException):
            return self._protocol(request, exception)
        if isinstance(exception, RequestCancelled):  # the other side hung up; nobody reads this
            return error_answer(499, "cancelled", "The request was given up.")
        self._report(request, exception)
        return error_answer(500, *_INTERNAL, {"request_id": request_id(request)})

    # Sanic calls this by itself when an error handler fails.
    default = response

    def _refused(self, request: Request, error: BotError) -> HTTPResponse:
        status = error.http_status if error.http_status >= 400 else 500
        if status >= 500:
            # The message may name internals; only the class's own sentence is public.
            self._report(request, error)
            response = error_answer(status, error.code, error.public_message)
        else:
            response = error_answer(status, error.code, error.message, error.fields)
        if status == 401:
            response.headers["www-authenticate"] = 'Bearer realm="baton"'
        if status in (429, 503):
            seconds = error.fields.get("retry_after", _RETRY_AFTER)
            response.headers["retry-after"] = str(max(1, int(float(seconds) + 0.999)))
        return response

    def _protocol(self, request: Request, error: SanicException) -> HTTPResponse:
        status = error.status_code
        code, message = _STATUS.get(status, _INTERNAL if status >= 500 else _STATUS[400])
        if status >= 500 and not error.quiet:
            self._report(request, error)
        response = error_answer(status, code, message)
        response.headers.update(_allowed(error))
        return response

    @staticmethod
    def _report(request: Request, exception: BaseException) -> None:
        """Log type and places; the exception's own text may quote a customer."""
        frames = traceback.extract_tb(exception.__traceback__)
        log.error(
            "request_failed",
            request_id=request_id(request),
            method=request.method,
            route=route_of(request),
            error=type(exception).__qualname__,
            at=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
        )


def _allowed(error: SanicException) -> dict[str, Any]:
    """Keep the Allow header of a 405; other headers of Sanic's exceptions are not ours to pass on."""
    return {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
