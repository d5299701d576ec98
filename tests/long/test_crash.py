"""SIGKILL to the server and its engines under load: nothing is lost and nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.product import Baton
from tests.bench.shop import shop_orders
from tests.long.storm import Diary, crowd
from tests.long.world import SETTINGS, Storm

LONG_PLAN = [
    "engine", "engine after effect", "server", "engine", "server after effect", "engine after effect",
    "zygote", "engine", "server after effect", "engine after effect", "engine", "server",
    "engine after effect", "server after effect", "engine", "zygote", "engine after effect", "server",
    "engine", "server after effect", "engine after effect", "engine", "server after effect", "server",
]  # fmt: skip
EFFECTS = sum("effect" in kill for kill in LONG_PLAN)
SHORT_PLAN = ["engine", "engine after effect", "server after effect"]


@contextmanager
def serving(folder: Path, **env: str) -> Iterator[Baton]:
    """Give a server that is not started yet, and see to it that it ends."""
    server = Baton(folder=folder, env=SETTINGS | env)
    try:
        yield server
    finally:
        server.stop()


def slow_ones() -> str:
    """Return delays that keep some turns under way for long, so that kills meet them half done."""
    refs = sorted({order.customer for order in shop_orders()})
    return ",".join(f"{ref}=0.3" for ref in refs[::4])


def show(capsys: pytest.CaptureFixture[str], storm: Storm) -> None:
    """Print the counts, passed or not."""
    with capsys.disabled():
        print()
        for name, number in storm.counts.items():
            print(f"  {name}: {number}")
        for problem in storm.problems[:40]:
            print(f"  BROKEN {problem}")


@pytest.mark.long
@pytest.mark.timeout(3000)
async def test_crash_storm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """200 customers, five agents, two dozen kills."""
    diary = Diary()
    with serving(tmp_path, BATON_ENGINE_PROCESSES="2", BATON_DEMO_DELAYS=slow_ones()) as server:
        customers = crowd(server.url, 200, diary, spare=EFFECTS)
        storm = Storm(server=server, customers=customers, diary=diary, agents=5, plan=LONG_PLAN)
        await storm.run()
    show(capsys, storm)
    assert not storm.problems
    kills = sum(
        n for kind, n in storm.counts.items() if kind.startswith("kills: ") and "nobody" not in kind
    )
    assert kills >= 20
    assert storm.counts["kills between effect and commit"] >= 3
    assert storm.counts["acknowledged"] >= 2000
    assert storm.counts["agents' replies"] >= 10


@pytest.mark.rasa
@pytest.mark.timeout(300)
async def test_crash_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same with 20 customers and three kills."""
    diary = Diary()
    with serving(tmp_path, BATON_DEMO_DELAYS=slow_ones()) as server:
        customers = crowd(server.url, 20, diary, spare=2, think=(0.3, 1.5), least=5)
        storm = Storm(server=server, customers=customers, diary=diary, agents=1, plan=SHORT_PLAN)
        await storm.run()
    show(capsys, storm)
    assert not storm.problems
    assert storm.counts["acknowledged"] >= 100
