"""Logging set-up: structlog for ours and others' records, JSON or console, no bodies and no secrets."""

from __future__ import annotations

import logging
import logging.config
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
LONGEST = 500
"""Characters of a single value; a log line is for reading."""
_PRIVATE = ("text", "message", "body", "token", "password", "authorization", "cookie", "secret", "csrf")
_DEEPEST = 4


def configure(level: str, style: str) -> None:
    """Send all logs to standard error at `level`, as `style` (`console` or `json`)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_private,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(_standard_logging(level.upper(), shared, _renderers(style)))


def hide_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask values whose key names a message body or a secret, and shorten long ones."""
    return {key: _clean(key, value, 0) for key, value in event.items()}


def _renderers(style: str) -> list[Processor]:
    if style == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=False)]
    # The plain formatter: the rich one prints local variables, and message bodies are among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _standard_logging(level: str, shared: list[Processor], renderers: list[Processor]) -> dict[str, Any]:
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    }
    quiet, silent = {"level": "WARNING"}, {"level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structlog": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
        "root": {"handlers": ["stderr"], "level": level},
        # These write addresses with tokens in them, or lines that tell an operator nothing. Telegram's
        # library writes what its calls carry, and answers that it cannot read.
        "loggers": dict.fromkeys(("httpx", "httpcore", "websockets", "sanic.access", "alembic"), quiet)
        | {"telegram": silent},
    }


def _clean(key: str, value: Any, depth: int) -> Any:
    # `exc_info`, `_record` and the like are structlog's own and are rendered later.
    if key == "exc_info" or key.startswith("_"):
        return value
    if key != "event" and _is_private(key):
        return HIDDEN
    if isinstance(value, MutableMapping):
        return (
            {str(k): _clean(str(k), v, depth + 1) for k, v in value.items()} if depth < _DEEPEST else HIDDEN
        )
    if isinstance(value, list | tuple):
        return [_clean("", item, depth + 1) for item in value[:20]] if depth < _DEEPEST else HIDDEN
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}... ({len(value)} characters)"
    return value


def _is_private(key: str) -> bool:
    """`rest_token` is private, `message_id` and `text_length` are not."""
    last = key.lower().replace("-", "_").rsplit("_", 1)[-1]
    return last in _PRIVATE or last.removesuffix("s") in _PRIVATE
