"""Telegram in bad weather, again and again: every kind of failure happens, and nothing is lost or said twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.telegram.line import a_line
from tests.telegram.weather import WEATHER, storm


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_many_storms(mode: str) -> None:
    met = Counter[str]()
    for seed in range(100, 120):
        async with a_line(mode=mode) as line:
            met += await storm(line, seed)
            assert line.fake.violations == []
    assert set(met) == {type(fault).__name__ for _, fault in WEATHER}
    assert met.total() >= 100
