"""The bus of several nodes, over Redis.

Redis is a helper here, never a need: hints reach this node's subscribers directly, presence and limits
are kept in this node's memory as well, and while Redis is away (down, or too slow to answer) the node
goes on with that alone. One background task connects, watches and connects again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import msgspec
import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.bus.memory import MemoryBus, Subscription
from bot.bus.scripts import ALLOW, PRESENT, SET_PRESENCE
from bot.domain.ids import new_secret
from bot.ports import Clock, Hint

T = TypeVar("T")
CALL_SECONDS = 0.5
"""How long a caller may wait for Redis before this node goes on alone."""
CONNECTIONS = 16
CONNECT_SECONDS = 1.0
BEAT_SECONDS = 1.0
SILENCE_SECONDS = 3.0
"""Without our own beat for so long, the connection counts as lost."""
OUTGOING = 10_000
BATCH = 200
_RETRY_SECONDS = (0.1, 5.0)
_UNREACHABLE = (RedisError, OSError, TimeoutError)

_log = structlog.get_logger(__name__)


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What goes over the wire; `hint` is missing in a beat."""

    node: str
    hint: Hint | None = None


class RedisBus:
    """Hints by pub/sub, presence in one hash, limits by a script; all times are Redis's own."""

    def __init__(self, url: str, clock: Clock, prefix: str = "baton") -> None:
        self._clock = clock
        self._local = MemoryBus(clock)
        self._node = new_secret(8)
        self._hints_channel, self._beat_channel = f"{prefix}:hints", f"{prefix}:beat:{self._node}"
        self._presence_key, self._limit_key = f"{prefix}:presence", f"{prefix}:limit:"
        self._redis = _client(url)
        self._allow = self._redis.register_script(ALLOW)
        self._set_presence = self._redis.register_script(SET_PRESENCE)
        self._present = self._redis.register_script(PRESENT)
        self._outgoing: deque[bytes] = deque(maxlen=OUTGOING)
        self._to_send = asyncio.Event()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Envelope)
        self._healthy = False
        self._tried = asyncio.Event()
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def healthy(self) -> bool:
        """Say whether hints reach other nodes at the moment."""
        return self._healthy

    async def start(self) -> None:
        """Connect in the background; wait for the first try, a second or two at most."""
        self._task = asyncio.create_task(self._run(), name="redis bus")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * CONNECT_SECONDS):
                await self._tried.wait()

    async def stop(self) -> None:
        """Disconnect and end all subscriptions; hints still under way are sent if that is quick."""
        if self._healthy and self._outgoing:
            await self._ask(self._send_batch())
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._healthy = False
        await self._local.stop()
        with contextlib.suppress(*_UNREACHABLE):
            await self._redis.aclose()

    async def publish(self, hint: Hint) -> None:
        """Tell this node's subscribers now and the others as soon as the sender gets to it."""
        self._local.deliver(hint)
        if not self._healthy:
            return
        try:
            self._outgoing.append(self._encoder.encode(_Envelope(self._node, hint)))
        except (TypeError, ValueError, OverflowError) as error:
            _log.error("hint cannot be sent to other nodes", kind=hint.kind, error=str(error))
            return
        self._to_send.set()

    def subscribe(self) -> Subscription:
        """Yield hints from now on, this node's and the others'."""
        return self._local.subscribe()

    async def set_presence(self, agent_id: str, state: str, ttl: float) -> None:
        """Note an agent's state for `ttl` seconds, here and on Redis."""
        await self._local.set_presence(agent_id, state, ttl)
        if self._healthy:
            await self._ask(self._put_presence(agent_id, state, ttl))

    async def presence(self) -> dict[str, str]:
        """Return the agents whose presence has not lapsed; without Redis, those of this node."""
        if self._healthy:
            found = await self._ask(
                cast("Awaitable[list[bytes]]", self._present(keys=[self._presence_key]))
            )
            if found is not None:
                return dict(zip(map(_text, found[::2]), map(_text, found[1::2]), strict=True))
        return await self._local.presence()

    async def allow(self, key: str, *, limit: int, window: float) -> float:
        """Count one event on Redis; without it, on this node."""
        if self._healthy:
            call = self._allow(keys=[self._limit_key + key], args=[limit, int(window * 1_000_000)])
            wait = await self._ask(cast("Awaitable[int]", call))
            if wait is not None:
                return wait / 1_000_000
        return await self._local.allow(key, limit=limit, window=window)

    async def forgive(self, key: str) -> None:
        """Take back one event where it was counted: on Redis, or without it on this node."""
        if self._healthy:
            await self._ask(cast("Awaitable[Any]", self._redis.lpop(self._limit_key + key)))
        else:
            await self._local.forgive(key)

    async def _ask(self, call: Awaitable[T]) -> T | None:
        """Await a call to Redis for a short time; None, and on with this node alone, if it fails."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await call
        except _UNREACHABLE as error:
            if self._healthy:
                _log.warning("redis does not answer; this node goes on alone", error=_reason(error))
            self._healthy = False
            return None

    async def _run(self) -> None:
        """Stay connected until stopped."""
        shortest, longest = _RETRY_SECONDS
        delay = shortest
        while True:
            began = time.monotonic()
            reason = await self._session()
            if self._stopping:
                return  # what failed at the same moment took the place of the cancellation
            if self._healthy or not self._tried.is_set():
                _log.warning("redis is not there; this node goes on alone", error=reason)
            self._healthy = False
            self._outgoing.clear()  # hints are old by the time it is back; screens poll meanwhile
            self._tried.set()
            lasted = time.monotonic() - began > SILENCE_SECONDS + CONNECT_SECONDS
            delay = shortest if lasted else min(longest, delay * 2)
            # Jitter: many nodes lose Redis at the same moment and must not come back as one.
            await self._clock.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)

    async def _session(self) -> str:
        """Connect, serve until something fails, and return what it was."""
        reason = "ended"
        try:
            async with self._redis.pubsub() as pubsub, asyncio.TaskGroup() as group:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await pubsub.subscribe(self._hints_channel, self._beat_channel)
                    await self._resume()
                group.create_task(self._receive(pubsub))
                group.create_task(self._send())
                group.create_task(self._beat())
        except* _UNREACHABLE as group_of_errors:
            reason = _reason(group_of_errors.exceptions[0])
        except* Exception as group_of_errors:
            # A defect of ours: a dead task would leave the node alone for ever, so try again and say so.
            _log.exception("the bus failed", exc_info=group_of_errors.exceptions[0])
            reason = "a defect"
        return reason

    async def _resume(self) -> None:
        """Bring what this node knows, and declare the bus whole when our own beat came back."""
        self._heard = 0.0
        for agent_id, (state, ttl) in self._local.present().items():
            await self._put_presence(agent_id, state, ttl)

    async def _receive(self, pubsub: Any) -> None:
        """Pass other nodes' hints on to this node's subscribers."""
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=BEAT_SECONDS)
            if message is not None:
                self._take(message["data"])

    def _take(self, data: bytes) -> None:
        try:
            envelope = self._decoder.decode(data)
        except msgspec.MsgspecError as error:
            _log.warning("hint from another node is not readable", error=str(error))
            return
        if envelope.hint is None:
            self._on_beat()
        elif envelope.node != self._node:
            self._local.deliver(envelope.hint)

    def _on_beat(self) -> None:
        self._heard = time.monotonic()
        if not self._healthy:
            _log.info("redis is connected")
        self._healthy = True
        self._tried.set()

    async def _send(self) -> None:
        """Send hints in the order of `publish`, many in one round trip when there are many."""
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            while self._outgoing:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._send_batch()

    async def _send_batch(self) -> None:
        batch = [self._outgoing.popleft() for _ in range(min(BATCH, len(self._outgoing)))]
        pipeline = self._redis.pipeline(transaction=False)
        for data in batch:
            pipeline.publish(self._hints_channel, data)
        await pipeline.execute()

    async def _beat(self) -> None:
        """Send ourselves a beat through Redis: the whole way is sound only if it comes back."""
        beat = self._encoder.encode(_Envelope(self._node))
        began = time.monotonic()
        while True:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._redis.publish(self._beat_channel, beat)
            await asyncio.sleep(BEAT_SECONDS)
            if time.monotonic() - max(began, self._heard) > SILENCE_SECONDS:
                raise TimeoutError("our own beat did not come back")

    async def _put_presence(self, agent_id: str, state: str, ttl: float) -> None:
        arguments: list[str | int] = [agent_id, state, int(ttl * 1_000)]
        await cast("Awaitable[Any]", self._set_presence(keys=[self._presence_key], args=arguments))


def _client(url: str) -> Redis:
    # No retries inside the client: a caller would wait for them. A burst of callers waits for one of a
    # few connections; opening one for each would cost more than the calls.
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=CONNECT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        decode_responses=False,
    )
    return Redis.from_pool(pool)


def _text(value: bytes) -> str:
    return value.decode()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
