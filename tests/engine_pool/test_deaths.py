"""Processes that are killed, hang or end: every turn still gets exactly one outcome."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.errors import EngineError, TurnDied
from bot.engine.pool import EnginePool
from tests.engine_pool.company import Company, request
from tests.engine_pool.conftest import MakePool


async def say(pool: EnginePool, text: str, company: Company | None = None, conversation: str = "") -> str:
    """Run one turn to its end; return what was said."""
    result = await pool.turn(request(text, conversation=conversation), company or Company())
    pool.settle(result, committed=True)
    return result.messages[0].text


async def under_way(pool: EnginePool, turns: int) -> None:
    """Wait until so many turns run."""
    async with asyncio.timeout(10):
        while pool.stats["turns_under_way"] < turns:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("poison", ["kill", "exit"])
async def test_only_the_poisonous_turn_dies(make_pool: MakePool, poison: str) -> None:
    pool = make_pool()
    await pool.start()
    neighbours = [asyncio.ensure_future(say(pool, "sleep 0.2")) for _ in range(12)]
    await under_way(pool, 12)
    with pytest.raises(TurnDied):
        await say(pool, poison)
    assert await asyncio.gather(*neighbours) == ["slept"] * 12
    assert await say(pool, "hello") == "hello to you"
    assert pool.stats["deaths"] == 2  # with its neighbours, then alone


async def test_turns_go_on_elsewhere_while_suspects_run(make_pool: MakePool) -> None:
    pool, company = make_pool(processes=2, quarantine=1), Company()
    await pool.start()
    await say(pool, "hello")
    company.gates = {name: asyncio.Event() for name in "abcd"}
    suspects = [asyncio.ensure_future(say(pool, "orders", company, name)) for name in "abcd"]
    for name in "abcd":
        await company.waits_for(name)
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)
    for _ in range(30):
        assert await say(pool, "hello") == "hello to you"
    assert not any(task.done() for task in suspects)
    for gate in company.gates.values():
        gate.set()
    assert await asyncio.gather(*suspects) == ["4521"] * 4


async def test_kills_at_random_under_load(make_pool: MakePool) -> None:
    pool = make_pool(processes=2)
    await pool.start()
    await say(pool, "hello")
    chance, outcomes, kills, ends = random.Random(7), Counter[str](), 0, asyncio.Event()

    async def customer(name: int) -> None:
        number = 0
        while not ends.is_set() or number < 5:
            number += 1
            text = f"words {name} {number}" if name else "kill"
            try:
                said = await say(pool, text, conversation=f"customer-{name}")
            except TurnDied:
                outcomes["poison" if text == "kill" else "innocent died"] += 1
            except EngineError as error:
                outcomes[repr(error)] += 1
            else:
                outcomes["answered" if said == f"you said {text}" else f"wrong: {said}"] += 1
            await asyncio.sleep(0.2 if not name else 0.005)

    async def killer() -> None:
        nonlocal kills
        while kills < 10:
            await asyncio.sleep(0.2)
            if pool.pids:
                os.kill(chance.choice(pool.pids), signal.SIGKILL)
                kills += 1
        ends.set()

    await asyncio.gather(killer(), *(customer(name) for name in range(20)))
    assert set(outcomes) == {"poison", "answered"}, outcomes
    assert outcomes["poison"] >= 3
    assert outcomes["answered"] > 500


async def test_a_killed_process_is_replaced_at_once(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    await say(pool, "hello")
    (before,) = pool.pids
    began = asyncio.get_running_loop().time()
    os.kill(before, signal.SIGKILL)
    await asyncio.sleep(0.01)
    assert await say(pool, "pid") != str(before)
    assert (
        asyncio.get_running_loop().time() - began < 2.0
    )  # seldom more than half a second, on a machine that does nothing else
    assert pool.stats["restarts"] == 1


async def test_children_outlive_the_zygote(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    before = await say(pool, "pid")
    zygote = os.getpgid(int(before))
    os.kill(zygote, signal.SIGKILL)
    await asyncio.sleep(0.1)
    assert await say(pool, "pid") == before
    os.kill(int(before), signal.SIGKILL)
    await asyncio.sleep(0.05)
    after = await say(pool, "pid")
    assert after != before
    assert os.getpgid(int(after)) != zygote
    assert pool.stats["zygote_restarts"] == 1


async def test_a_zygote_that_dies_with_its_child_comes_back(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start()
    before = int(await say(pool, "pid"))
    os.killpg(os.getpgid(before), signal.SIGKILL)
    await asyncio.sleep(0.05)
    assert await say(pool, "hello") == "hello to you"


@pytest.mark.parametrize("stopped", [False, True], ids=["busy", "SIGSTOP"])
async def test_a_process_that_hangs_is_killed(make_pool: MakePool, stopped: bool) -> None:
    pool = make_pool(hang_after=1.2)
    await pool.start()
    (pid,) = {int(await say(pool, "pid"))}
    neighbours = [asyncio.ensure_future(say(pool, "sleep 0.2")) for _ in range(3)]
    await under_way(pool, 3)
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    else:
        with pytest.raises(TurnDied):
            await say(pool, "block 60")
    assert await asyncio.gather(*neighbours) == ["slept"] * 3
    assert pid not in pool.pids


async def test_a_change_is_repeated_under_the_same_key(make_pool: MakePool, tmp_path: Path) -> None:
    pool, company = make_pool(), Company()
    await pool.start()
    said = await say(pool, f"cancel-and-die-once 4521 {tmp_path / 'marker'}", company)
    assert said == "cancelled 4521"
    first, second = company.calls
    assert first == second
    assert first[1:] == ("action_otherwise", 1, "cancel_order", {"number": "4521"})


async def test_a_call_under_way_ends_before_its_turn_runs_again(make_pool: MakePool) -> None:
    pool, company = make_pool(), Company()
    await pool.start()
    company.gates["c"] = asyncio.Event()
    task = asyncio.ensure_future(say(pool, "cancel 4521", company, "c"))
    await company.waits_for("c")
    os.kill(pool.pids[0], signal.SIGKILL)
    await asyncio.sleep(0.6)
    assert len(company.calls) == 1  # the same change is never asked for twice at a time
    company.gates["c"].set()
    assert await task == "not_found not_found"
    assert [call[2] for call in company.calls] == [1, 1, 2]


async def test_suspects_whose_caller_left_are_not_run(make_pool: MakePool) -> None:
    pool, company = make_pool(quarantine=1), Company()
    await pool.start()
    company.gates = {"a": asyncio.Event(), "b": asyncio.Event()}
    tasks = [asyncio.ensure_future(say(pool, "orders", company, name)) for name in "ab"]
    await company.waits_for("a")
    await company.waits_for("b")
    os.kill(pool.pids[0], signal.SIGKILL)
    await asyncio.sleep(0.1)
    tasks[1].cancel()
    for gate in company.gates.values():
        gate.set()
    assert await tasks[0] == "4521"
    await asyncio.sleep(0.2)
    assert Counter(call[0] for call in company.calls) == {"a": 2, "b": 1}
