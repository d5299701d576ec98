"""How fast channels send: a burst, then steadily, and not at all while a platform says so."""

from __future__ import annotations

import asyncio

import pytest

from connectors.channels.core.pacing import Pacing
from tests.support.clock import FakeClock


async def test_the_pace_lends_a_burst_and_then_keeps_time() -> None:
    clock = FakeClock()
    pace = Pacing(clock, every=6.0, burst=3)
    for _ in range(3):
        await asyncio.wait_for(pace.ready("a"), 1)
    later = [asyncio.create_task(pace.ready("a")) for _ in range(2)]
    await asyncio.wait_for(pace.ready("b"), 1)
    await clock.advance(5.9)
    assert not later[0].done()
    await clock.advance(0.1)
    await asyncio.sleep(0)
    assert [task.done() for task in later] == [True, False]
    pace.hold("a", 20.0)
    await clock.advance(19.0)
    await asyncio.sleep(0)
    assert not later[1].done()
    await clock.advance(1.0)
    await asyncio.wait_for(later[1], 1)


async def test_the_pace_forgets_whom_it_need_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.channels.core.pacing.MANY", 10)
    clock = FakeClock()
    pace = Pacing(clock, every=1.0, burst=1)
    pace.hold("held", 100.0)
    for number in range(30):
        await pace.ready(str(number))
        await clock.advance(2.0)
    assert len(pace._lanes) <= 11
    assert "held" in pace._lanes
