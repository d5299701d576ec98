"""The bus contract, over memory and a real Redis, and what the Redis bus does when Redis is ill."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot.bus import MemoryBus, open_bus
from bot.bus.redis import RedisBus
from bot.clock import SystemClock
from bot.ports import Bus, Hint
from tests.servers import RedisServer
from tests.support.clock import FakeClock

PassTime = Callable[[float], Awaitable[None]]


async def first(hints: AsyncIterator[Hint], seconds: float = 5.0) -> Hint:
    return await asyncio.wait_for(anext(hints), seconds)


async def nothing(hints: AsyncIterator[Hint], seconds: float = 0.2) -> bool:
    try:
        await asyncio.wait_for(anext(hints), seconds)
    except TimeoutError:
        return True
    return False


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


class BusContract:
    """What every bus keeps; a subclass supplies `bus` (started) and `pass_time`."""

    async def test_every_subscriber_gets_every_hint_in_order(self, bus: Bus) -> None:
        one, two = bus.subscribe(), bus.subscribe()
        sent = [Hint(conversation_id=f"c{n % 3}", seq=n) for n in range(500)]
        for hint in sent:
            await bus.publish(hint)
        assert [await first(one) for _ in sent] == sent
        assert [await first(two) for _ in sent] == sent
        assert await nothing(one)

    async def test_hint_arrives_whole_and_once(self, bus: Bus) -> None:
        hints = bus.subscribe()
        hint = Hint(conversation_id="c", seq=7, kind="owner", data={"owner": "agent", "at": [1, None, "ü"]})
        await bus.publish(hint)
        assert await first(hints) == hint
        assert await nothing(hints)

    async def test_subscription_begins_with_the_call(self, bus: Bus) -> None:
        await bus.publish(Hint(conversation_id="before"))
        hints = bus.subscribe()
        await bus.publish(Hint(conversation_id="after"))
        assert (await first(hints)).conversation_id == "after"

    async def test_lagging_subscriber_loses_the_oldest(self, bus: Bus) -> None:
        hints = bus.subscribe()
        for n in range(5_000):
            await bus.publish(Hint(conversation_id="c", seq=n))
        seen = [await first(hints)]
        while seen[-1].seq < 4_999:
            seen.append(await first(hints))
        assert 100 <= len(seen) < 5_000
        assert [hint.seq for hint in seen] == list(range(5_000 - len(seen), 5_000))

    async def test_cancelled_subscriber_does_not_disturb_others(self, bus: Bus) -> None:
        async def follow() -> None:
            async for _ in bus.subscribe():
                pass

        follower = asyncio.create_task(follow())
        await asyncio.sleep(0)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        hints = bus.subscribe()
        await bus.publish(Hint(conversation_id="c"))
        assert (await first(hints)).conversation_id == "c"

    async def test_odd_data_does_not_raise(self, bus: Bus) -> None:
        hints = bus.subscribe()
        await bus.publish(Hint(conversation_id="c", data={"thing": object()}))
        await bus.publish(
            Hint(conversation_id="d", data={"at": datetime(2026, 1, 1, tzinfo=UTC), "n": 2**70})
        )
        assert [(await first(hints)).conversation_id for _ in range(2)] == ["c", "d"]
        await bus.publish(Hint(conversation_id="e"))
        assert (await first(hints)).conversation_id == "e"

    async def test_stop_ends_subscriptions(self, bus: Bus) -> None:
        hints = bus.subscribe()
        await bus.stop()
        with pytest.raises(StopAsyncIteration):
            await first(hints)

    async def test_presence_lapses(self, bus: Bus, pass_time: PassTime) -> None:
        await bus.set_presence("ana", "online", 30.0)
        await bus.set_presence("ben", "away", 0.4)
        assert await bus.presence() == {"ana": "online", "ben": "away"}
        await pass_time(0.5)
        assert await bus.presence() == {"ana": "online"}

    async def test_presence_is_renewed_changed_and_forgotten(self, bus: Bus, pass_time: PassTime) -> None:
        await bus.set_presence("ana", "online", 0.4)
        await pass_time(0.25)
        await bus.set_presence("ana", "quite away", 0.4)
        await pass_time(0.25)
        assert await bus.presence() == {"ana": "quite away"}
        await bus.set_presence("ana", "offline", 0)
        assert await bus.presence() == {}

    async def test_limit(self, bus: Bus, pass_time: PassTime) -> None:
        async def ask(key: str = "a") -> float:
            return await bus.allow(key, limit=3, window=0.6)

        assert [await ask() for _ in range(3)] == [0.0, 0.0, 0.0]
        wait = await ask()
        assert 0.0 < wait <= 0.6
        assert await ask("b") == 0.0
        await pass_time(wait + 0.01)
        assert await ask() == 0.0

    async def test_limit_is_exact_in_any_window(self, bus: Bus, pass_time: PassTime) -> None:
        allowed = 0
        await bus.allow("k", limit=4, window=1.0)
        await pass_time(0.8)
        for _ in range(10):
            allowed += await bus.allow("k", limit=4, window=1.0) == 0.0
        await pass_time(0.3)  # the first one no longer counts, the other three do
        for _ in range(10):
            allowed += await bus.allow("k", limit=4, window=1.0) == 0.0
        assert allowed == 4

    async def test_refused_events_do_not_count(self, bus: Bus, pass_time: PassTime) -> None:
        for _ in range(50):
            await bus.allow("k", limit=1, window=0.4)
        await pass_time(0.45)
        assert await bus.allow("k", limit=1, window=0.4) == 0.0

    async def test_a_forgiven_event_does_not_count(self, bus: Bus) -> None:
        await bus.forgive("k")  # nothing to forgive
        for _ in range(5):
            assert await bus.allow("k", limit=2, window=60) == 0.0
            await bus.forgive("k")
        answers = [await bus.allow("k", limit=2, window=60) for _ in range(3)]
        assert [answer > 0 for answer in answers] == [False, False, True]

    async def test_lowered_limit_counts_at_once(self, bus: Bus) -> None:
        for _ in range(5):
            assert await bus.allow("k", limit=5, window=60) == 0.0
        assert await bus.allow("k", limit=2, window=60) > 0.0

    async def test_limit_holds_when_asked_at_once(self, bus: Bus) -> None:
        answers = await asyncio.gather(*(bus.allow("k", limit=5, window=60) for _ in range(40)))
        assert answers.count(0.0) == 5

    async def test_healthy_after_start(self, bus: Bus) -> None:
        assert bus.healthy


class TestMemoryBus(BusContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    async def bus(self, clock: FakeClock) -> AsyncIterator[Bus]:
        bus = open_bus("", clock)
        assert isinstance(bus, MemoryBus)
        await bus.start()
        yield bus
        await bus.stop()

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> PassTime:
        return clock.advance

    async def test_old_keys_are_forgotten(self, bus: MemoryBus, clock: FakeClock) -> None:
        for n in range(9_999):
            await bus.allow(f"sender {n}", limit=5, window=60)
        clock.move(61)
        for n in range(5):
            await bus.allow(f"other {n}", limit=5, window=60)
        assert len(bus._counts) <= 5


@pytest.fixture
async def make_bus(redis: RedisServer) -> AsyncIterator[Callable[[], Awaitable[RedisBus]]]:
    """Start nodes on an empty Redis; they are stopped, and Redis runs again, at the end."""
    redis.restart()
    nodes: list[RedisBus] = []

    async def make(prefix: str = "test") -> RedisBus:
        bus = RedisBus(redis.url, SystemClock(), prefix)
        nodes.append(bus)
        await bus.start()
        return bus

    yield make
    for node in nodes:
        await node.stop()
    redis.start()


@pytest.mark.services
class TestRedisBus(BusContract):
    @pytest.fixture
    async def bus(self, make_bus: Callable[[], Awaitable[RedisBus]]) -> RedisBus:
        return await make_bus()

    @pytest.fixture
    def pass_time(self) -> PassTime:
        return asyncio.sleep


MakeBus = Callable[..., Awaitable[RedisBus]]


@pytest.mark.services
class TestNodes:
    """Several nodes, and Redis killed, frozen and started again under them."""

    async def test_hints_presence_and_limits_are_shared(self, make_bus: MakeBus) -> None:
        one, two = await make_bus(), await make_bus()
        at_one, at_two = one.subscribe(), two.subscribe()
        sent = [Hint(conversation_id="c", seq=n) for n in range(300)]
        for hint in sent:
            await one.publish(hint)
        assert [await first(at_two) for _ in sent] == sent
        assert [await first(at_one) for _ in sent] == sent
        assert await nothing(at_one)  # no echo
        await one.set_presence("ana", "online", 30)
        assert await two.presence() == {"ana": "online"}
        assert [await one.allow("k", limit=2, window=60), await two.allow("k", limit=2, window=60)] == [
            0,
            0,
        ]
        assert await one.allow("k", limit=2, window=60) > 0

    async def test_prefixes_keep_systems_apart(self, make_bus: MakeBus) -> None:
        one, other = await make_bus(), await make_bus("other")
        hints = other.subscribe()
        await one.publish(Hint(conversation_id="c"))
        await one.set_presence("ana", "online", 30)
        assert await nothing(hints)
        assert await other.presence() == {}

    async def test_goes_on_when_redis_is_killed_and_resumes(
        self, make_bus: MakeBus, redis: RedisServer
    ) -> None:
        one, two = await make_bus(), await make_bus()
        at_one, at_two = one.subscribe(), two.subscribe()
        await one.set_presence("ana", "online", 60)
        redis.kill()
        await until(lambda: not one.healthy and not two.healthy)
        started = time.perf_counter()
        await one.publish(Hint(conversation_id="alone"))
        assert (await first(at_one)).conversation_id == "alone"
        assert await one.presence() == {"ana": "online"}
        assert await two.presence() == {}
        answers = [await one.allow("k", limit=2, window=60) for _ in range(3)]
        assert answers[:2] == [0.0, 0.0]
        assert answers[2] > 0
        assert time.perf_counter() - started < 1.0
        redis.start()
        await until(lambda: one.healthy and two.healthy)
        await one.publish(Hint(conversation_id="together"))
        assert (await first(at_two)).conversation_id == "together"
        assert await two.presence() == {"ana": "online"}  # brought back by the node that knew it

    async def test_publishing_through_a_kill_never_raises_nor_waits(
        self, make_bus: MakeBus, redis: RedisServer
    ) -> None:
        bus = await make_bus()
        hints = bus.subscribe()
        longest = 0.0
        for n in range(600):
            if n == 200:
                redis.kill()
            if n == 400:
                redis.start()
            started = time.perf_counter()
            await bus.publish(Hint(conversation_id="c", seq=n))
            await bus.allow("k", limit=10_000, window=60)
            longest = max(longest, time.perf_counter() - started)
        assert longest < 1.0
        assert [(await first(hints)).seq for _ in range(600)] == list(range(600))
        await until(lambda: bus.healthy)

    async def test_frozen_redis_holds_nobody_up(self, make_bus: MakeBus, redis: RedisServer) -> None:
        one, two = await make_bus(), await make_bus()
        at_one, at_two = one.subscribe(), two.subscribe()
        assert redis.process is not None
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            started = time.perf_counter()
            await one.publish(Hint(conversation_id="c"))
            assert time.perf_counter() - started < 0.1
            assert (await first(at_one)).conversation_id == "c"
            answers = await asyncio.gather(*(one.allow("k", limit=9, window=60) for _ in range(20)))
            assert answers.count(0.0) == 9
            await one.set_presence("ana", "online", 60)
            assert await one.presence() == {"ana": "online"}
            assert time.perf_counter() - started < 2.0
            assert not one.healthy
            await until(lambda: not two.healthy, 10)  # by its own beat, nobody asked it anything
            started = time.perf_counter()
            for n in range(100):
                await one.allow("other", limit=1_000, window=60)
                await one.publish(Hint(conversation_id="c", seq=n))
            assert time.perf_counter() - started < 0.5
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)
        await until(lambda: one.healthy and two.healthy)
        while not await nothing(at_two):
            pass
        await one.publish(Hint(conversation_id="again"))
        assert (await first(at_two)).conversation_id == "again"

    async def test_starts_without_redis_and_finds_it_later(
        self, make_bus: MakeBus, redis: RedisServer
    ) -> None:
        redis.kill()
        started = time.perf_counter()
        bus = await make_bus()
        assert time.perf_counter() - started < 3.0
        assert not bus.healthy
        assert await bus.allow("k", limit=1, window=60) == 0.0
        redis.start()
        await until(lambda: bus.healthy)

    async def test_burst_of_callers_is_no_illness(self, make_bus: MakeBus) -> None:
        bus = await make_bus()
        answers = await asyncio.gather(*(bus.allow(f"k{n}", limit=1, window=60) for n in range(300)))
        assert set(answers) == {0.0}
        assert bus.healthy
        assert await bus._redis.dbsize() == 300

    async def test_forgotten_scripts_are_sent_again(self, make_bus: MakeBus) -> None:
        bus = await make_bus()
        await bus.allow("k", limit=1, window=60)
        await bus._redis.script_flush()
        assert await bus.allow("k", limit=1, window=60) > 0
        assert bus.healthy

    async def test_unreadable_hint_is_skipped(self, make_bus: MakeBus) -> None:
        bus = await make_bus()
        hints = bus.subscribe()
        await bus._redis.publish("test:hints", b"\xff not a hint")
        await bus.publish(Hint(conversation_id="c"))
        assert (await first(hints)).conversation_id == "c"
        assert bus.healthy

    async def test_stops_although_something_fails_at_that_moment(
        self, make_bus: MakeBus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def beat(bus: RedisBus) -> None:
            try:
                await real(bus)
            except asyncio.CancelledError:
                raise ConnectionError("closed while it was cancelled") from None

        real = RedisBus._beat
        monkeypatch.setattr(RedisBus, "_beat", beat)
        bus = await make_bus()
        assert bus.healthy
        async with asyncio.timeout(5):
            await bus.stop()

    async def test_wrong_address_is_only_unhealthy(self) -> None:
        bus = RedisBus("redis://127.0.0.1:1/0", SystemClock())
        await bus.start()
        await bus.publish(Hint(conversation_id="c"))
        assert not bus.healthy
        await bus.stop()
