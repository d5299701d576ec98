"""Turns that go wrong without taking their process with them, and what the pool tells of itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import EngineUnavailable, TurnFailed
from bot.engine.stderr import BURST
from tests.engine_pool.company import Company, request
from tests.engine_pool.conftest import MakePool
from tests.engine_pool.test_deaths import say


async def test_an_error_names_its_place_and_no_words(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    pid = await say(pool, "pid")
    with pytest.raises(TurnFailed, match=r"^ValueError at .*faults\.py:\d+ _raise$") as caught:
        await say(pool, "raise")
    assert "secret words" not in str(caught.value)
    with pytest.raises(TurnFailed, match="the policies did not come to listen"):
        await say(pool, "fail")
    assert await say(pool, "pid") == pid


@pytest.mark.parametrize("text", ["leave", "big", "odd", "wrong"])
async def test_a_bad_ending_fails_one_turn_only(make_pool: MakePool, text: str) -> None:
    pool = make_pool()
    await pool.start()
    pid = await say(pool, "pid")
    neighbour = asyncio.ensure_future(say(pool, "sleep 0.2"))
    with pytest.raises(TurnFailed):
        await say(pool, text)
    assert await neighbour == "slept"
    assert await say(pool, "pid") == pid


async def test_a_request_over_the_bound_fails(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    with pytest.raises(TurnFailed, match="bytes is over"):
        await pool.turn(request("hello", state=b"x" * 9_000_000), Company())
    assert await say(pool, "hello") == "hello to you"
    assert pool.stats["deaths"] == 0


async def test_the_budget_holds_also_in_a_directory_call(make_pool: MakePool) -> None:
    pool, company = make_pool(turn_budget=1.0), Company()
    await pool.start()
    pid = await say(pool, "pid")
    company.gates["c"] = asyncio.Event()
    late = [say(pool, "sleep 30"), say(pool, "orders", company, "c"), say(pool, "stubborn")]
    for outcome in await asyncio.gather(*late, return_exceptions=True):
        assert isinstance(outcome, TurnFailed)
        assert "budget of 1 s" in str(outcome)
    company.gates["c"].set()
    assert await say(pool, "pid") == pid


async def test_a_conversation_waits_for_its_cancelled_turn(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    await say(pool, "hello")
    task = asyncio.ensure_future(say(pool, "stubborn", conversation="c"))
    await asyncio.sleep(0.1)
    task.cancel()
    began = asyncio.get_running_loop().time()
    assert await say(pool, "hello", conversation="c") == "hello to you"
    assert asyncio.get_running_loop().time() - began > 0.15
    assert pool.stats["turns_under_way"] == 0


async def test_each_change_of_an_action_has_its_ordinal(make_pool: MakePool) -> None:
    pool, company = make_pool(), Company()
    await pool.start()
    await say(pool, "cancel 4521", company)
    assert [call[1:4] for call in company.calls] == [
        ("action_otherwise", 1, "cancel_order"),
        ("action_otherwise", 2, "cancel_order"),
    ]
    await say(pool, "orders", company)
    assert company.calls[-1][1:4] == ("action_orders", 0, "orders")


async def test_a_conversation_stays_with_its_process(make_pool: MakePool) -> None:
    pool = make_pool(processes=3)
    await pool.start()
    async with asyncio.timeout(20):
        while pool.status.processes < 3:
            await asyncio.sleep(0.02)
    busy = [asyncio.ensure_future(say(pool, "sleep 0.4")) for _ in range(6)]
    await asyncio.sleep(0)
    first = await asyncio.gather(*(say(pool, "pid", conversation=f"c{n}") for n in range(9)))
    for _ in range(3):
        again = [await say(pool, "pid", conversation=f"c{n}") for n in range(9)]
        assert again == first
    assert len(set(first)) == 3
    await asyncio.gather(*busy)


async def test_what_engines_print_is_logged_within_bounds(make_pool: MakePool) -> None:
    pool = make_pool()
    with capture_logs() as logs:
        await pool.start()
        for _ in range(BURST * 2):
            await say(pool, "print")
        await asyncio.sleep(0.1)
    printed = [entry for entry in logs if entry["event"] == "engine printed"]
    assert printed[0] == {"event": "engine printed", "line": "something is odd", "log_level": "warning"}
    assert len(printed) <= BURST


async def test_nothing_is_started_when_it_does_not_run(make_pool: MakePool) -> None:
    pool = make_pool()
    with pytest.raises(EngineUnavailable):
        await say(pool, "hello")
    await pool.start()
    assert not pool.status.ready
    assert pool.status.detail == "starting"
    assert await say(pool, "hello") == "hello to you"
    under_way = asyncio.ensure_future(say(pool, "sleep 0.3"))
    await asyncio.sleep(0.05)
    stopping = asyncio.ensure_future(pool.stop())
    await asyncio.sleep(0.05)
    with pytest.raises(EngineUnavailable):
        await say(pool, "hello")
    assert await under_way == "slept"  # the drain waits for it
    await stopping
    assert not pool.status.ready


async def test_a_turn_over_the_drain_is_given_up(make_pool: MakePool) -> None:
    pool = make_pool(drain=0.2)
    await pool.start()
    await say(pool, "hello")
    task = asyncio.ensure_future(say(pool, "sleep 30"))
    await asyncio.sleep(0.05)
    await pool.stop()
    with pytest.raises(EngineUnavailable):
        await task


async def test_nobody_ready_in_time(make_pool: MakePool) -> None:
    pool = make_pool("slow", ready_wait=0.3)
    await pool.start()
    with pytest.raises(EngineUnavailable, match=r"ready in 0\.3 s"):
        await say(pool, "hello")


async def test_counters(make_pool: MakePool) -> None:
    pool = make_pool(processes=2)
    await pool.start()
    for _ in range(20):
        await say(pool, "hello")
    assert pool.stats["turns"] == 20
    assert pool.stats["cpu_ms"] > 0
    assert pool.stats["restarts"] == pool.stats["deaths"] == pool.stats["zygote_restarts"] == 0
    assert len(pool.pids) == pool.status.processes


async def test_the_model_may_be_named_by_a_path(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool("named")
    await pool.start()
    await say(pool, "hello")
    assert pool.status.model == "named"
