"""The only network code: sends a request, within its time and again where that is safe.

Every request may be repeated: reads change nothing, and a change carries its key. What a request or an
answer says of a customer is never logged.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from bot.domain.errors import ConfigError
from bot.ports import Clock, MetricsPort
from connectors.customers.http.breaker import Admission, Breaker
from connectors.customers.http.wire import WITH_BODY, AnswerInvalid, Reply, Request

TRIES = 3
FIRST_PAUSE = 0.2
"""Seconds before the second try; twice as long before the third, each shortened by up to a half."""
LONGEST_ANSWER = 1 << 20
CONNECTIONS = 64
TOO_MANY = 429


class Unavailable(Exception):
    """No answer to be had now; `reason` is for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LeftAlone(Unavailable):
    """The breaker is open: nothing was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Where the company's system is and how to speak to it; `limit` is for all tries of a call."""

    url: str
    token: str = field(default="", repr=False)
    connect_limit: float = 2.0
    limit: float = 5.0
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    reason: str
    retry_after: float | None = None


class Client:
    """One company's system behind a circuit breaker; counts every try as `directory_http`."""

    def __init__(
        self,
        access: Access,
        *,
        breaker: Breaker,
        clock: Clock,
        metrics: MetricsPort,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance` gives numbers from 0 to 1, for the pauses."""
        self._access, self._breaker, self._clock, self._metrics = access, breaker, clock, metrics
        self._chance = chance
        self._base = access.url.rstrip("/")
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make the pool of connections; nothing is asked yet. Raises ConfigError."""
        self._http = httpx.AsyncClient(
            verify=_trust(self._access.ca_file),
            headers=_headers(self._access.token),
            timeout=httpx.Timeout(self._access.limit, connect=self._access.connect_limit),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS // 4),
            follow_redirects=False,
            # Neither proxies nor .netrc of the machine: the settings say everything.
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def call(self, request: Request) -> Reply:
        """Send a request and return its answer. Raises Unavailable or AnswerInvalid."""
        admission = self._breaker.admit()
        if admission is None:
            self._metrics.count("directory_http", operation=request.operation, outcome="left_alone")
            raise LeftAlone("it failed too often and is left alone for a while")
        return await self._watched(admission, request)

    async def _watched(self, admission: Admission, request: Request) -> Reply:
        """Tell the breaker whether the system answered; what it answered is another matter."""
        try:
            async with asyncio.timeout(self._access.limit):
                reply = await self._until_answered(request)
        except AnswerInvalid:
            self._breaker.report(admission, ok=True)
            raise
        except Unavailable:
            self._breaker.report(admission, ok=False)
            raise
        except TimeoutError:
            self._breaker.report(admission, ok=False)
            raise Unavailable(f"no answer within {self._access.limit:g} s") from None
        except BaseException:
            self._breaker.forget(admission)
            raise
        self._breaker.report(admission, ok=True)
        return reply

    async def _until_answered(self, request: Request) -> Reply:
        begun = self._clock.now()
        for attempt in range(1, TRIES + 1):
            outcome = await self._once(request)
            if isinstance(outcome, Reply):
                return outcome
            pause = self._pause(attempt) if outcome.retry_after is None else outcome.retry_after
            passed = (self._clock.now() - begun).total_seconds()
            if attempt == TRIES or passed + pause >= self._access.limit:
                raise Unavailable(outcome.reason)
            await self._clock.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _pause(self, attempt: int) -> float:
        return float(FIRST_PAUSE * 2 ** (attempt - 1) * (1 - self._chance() / 2))

    async def _once(self, request: Request) -> Reply | _Failure:
        if self._http is None:
            raise RuntimeError("the client is not started")
        outcome: Reply | _Failure
        told = "given_up"
        try:
            async with self._http.stream(
                request.method, self._base + request.path, content=request.body, headers=_for(request)
            ) as response:
                outcome = await _taken(response, self._clock.now())
            told = str(response.status_code)
        except httpx.TransportError as error:
            told = type(error).__name__
            outcome = _Failure(reason=told)
        except AnswerInvalid:
            told = "invalid"
            raise
        finally:
            self._metrics.count("directory_http", operation=request.operation, outcome=told)
        return outcome


async def _taken(response: httpx.Response, now: datetime) -> Reply | _Failure:
    status = response.status_code
    if status == TOO_MANY or status >= 500:
        return _Failure(reason=str(status), retry_after=_retry_after(response.headers, now))
    if status not in WITH_BODY:
        return Reply(status=status)
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Reply(status=status, media=media, body=await _bounded(response))


async def _bounded(response: httpx.Response) -> bytes:
    """Read the body as it was sent: unpacking a small one could fill the memory."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerInvalid("content-encoding", "must not be there")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > LONGEST_ANSWER:
            raise AnswerInvalid("body", f"is longer than {LONGEST_ANSWER} bytes")
    return bytes(body)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise ConfigError(f"BATON_CUSTOMERS_CA_FILE: {ca_file} has no certificates: {error}") from error
    return context


def _headers(token: str) -> dict[str, str]:
    about = {
        "Accept": "application/json, application/problem+json",
        "Accept-Encoding": "identity",
        "User-Agent": "baton",
    }
    return about | ({"Authorization": f"Bearer {token}"} if token else {})


def _for(request: Request) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if request.body else {}
    return headers | ({"Idempotency-Key": request.key} if request.key else {})


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds to wait, or None when nothing usable is said."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())
