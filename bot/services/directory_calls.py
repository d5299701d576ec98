"""Asks the company's system within a time limit: what is slow or broken is "try later"."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import structlog

from bot.domain.customer import Answer, Status

log = structlog.get_logger(__name__)


async def within(seconds: float, call: Awaitable[Answer[Any]], method: str) -> Answer[Any]:
    """Return the answer to a call, or TRY_LATER: nobody knows then whether a change was made."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        log.warning("directory_timeout", method=method, seconds=seconds)
    except Exception as error:  # whatever the company's client raises must not end what goes on here
        log.warning("directory_error", method=method, error=type(error).__name__)
    return Answer(status=Status.TRY_LATER)
