"""A new model beside the old one, and models that do not load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain.errors import EngineUnavailable
from tests.engine_pool.company import Company, request
from tests.engine_pool.conftest import MakePool, vanish
from tests.engine_pool.test_deaths import say


async def test_turns_move_to_the_new_model_between_turns(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool("old", processes=2)
    await pool.start()
    await say(pool, "hello")
    before = set(pool.pids)
    company = Company()
    company.gates["long"] = asyncio.Event()
    running = asyncio.ensure_future(pool.turn(request("orders", conversation="long"), company))
    await company.waits_for("long")
    (tmp_path / "new").write_text("new slow")
    loading = asyncio.ensure_future(pool.load(tmp_path / "new"))
    served = []
    while not loading.done():
        result = await pool.turn(request("hello"), Company())
        served.append(result.model)
        pool.settle(result, committed=True)
        await asyncio.sleep(0.005)
    await loading
    assert set(served[:-1]) == {"old"}
    assert len(served) > 20
    after = await pool.turn(request("hello"), Company())
    assert (after.model, pool.status.model) == ("new", "new")
    assert not running.done()
    company.gates["long"].set()
    assert (await running).model == "old"
    assert not before & set(pool.pids)
    await vanish(lambda: [pid for pid in before if Path(f"/proc/{pid}/cwd").exists()])
    pool.settle(after, committed=True)


async def test_a_model_that_does_not_load_changes_nothing(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool("old")
    await pool.start()
    pid = await say(pool, "pid")
    (tmp_path / "new").write_text("broken")
    with pytest.raises(EngineUnavailable, match="ValueError: the model is broken"):
        await pool.load(tmp_path / "new")
    assert pool.status.model == "old"
    assert await say(pool, "pid") == pid


@pytest.mark.parametrize(
    ("words", "options", "detail"),
    [
        ("", {}, "No such file"),
        ("broken", {}, "ValueError: the model is broken"),
        ("deadly", {}, "ended with code 5"),
        (
            "one",
            {"loader": "tests.engine_pool.nowhere:load"},
            "No module named 'tests.engine_pool.nowhere'",
        ),
        ("one", {"loader": "nonsense"}, "does not have the form"),
    ],
)
async def test_a_failed_start_says_why_at_once(
    make_pool: MakePool, words: str, options: dict[str, str], detail: str
) -> None:
    pool = make_pool(words, processes=2, **options)
    await pool.start()
    async with asyncio.timeout(15):
        with pytest.raises(EngineUnavailable, match=detail):
            await say(pool, "hello")
    assert not pool.status.ready
    assert detail in pool.status.detail
    began = asyncio.get_running_loop().time()
    with pytest.raises(EngineUnavailable):
        await say(pool, "hello")
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_it_comes_up_by_itself_once_the_model_is_there(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool("")
    await pool.start()
    with pytest.raises(EngineUnavailable):
        await say(pool, "hello")
    (tmp_path / "model").write_text("late")
    async with asyncio.timeout(15):
        while not pool.status.ready:
            await asyncio.sleep(0.05)
    assert await say(pool, "hello") == "hello to you"
    assert pool.status.detail == ""


async def test_a_first_model_can_be_loaded_later(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool("")
    await pool.start()
    with pytest.raises(EngineUnavailable):
        await say(pool, "hello")
    (tmp_path / "trained").write_text("first")
    await pool.load(tmp_path / "trained")
    assert await say(pool, "hello") == "hello to you"
    assert pool.status.model == "first"
