"""The likely wait, out of what others waited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.waits import FEWEST, LONGEST, differs, expected

WAITS = st.lists(st.floats(0, 20_000), max_size=60)


def test_a_few_say_nothing() -> None:
    assert expected([60.0] * (FEWEST - 1), place=1, online=1) is None
    assert expected([60.0] * FEWEST, place=1, online=1) == (1, 2)


def test_nobody_online_says_nothing() -> None:
    assert expected([60.0] * 20, place=1, online=0) is None


def test_a_single_long_wait_does_not_count() -> None:
    assert expected([180.0] * 9 + [9_000.0], place=1, online=1) == (3, 4)


@given(waits=WAITS, place=st.integers(1, 300), online=st.integers(0, 20))
def test_a_range_is_a_range(waits: list[float], place: int, online: int) -> None:
    found = expected(waits, place=place, online=online)
    if found is not None:
        low, high = found
        assert 1 <= low < high <= LONGEST + 5


@given(waits=WAITS, place=st.integers(1, 100), online=st.integers(1, 20))
def test_further_back_is_never_shorter(waits: list[float], place: int, online: int) -> None:
    here = expected(waits, place=place, online=online)
    behind = expected(waits, place=place + 1, online=online)
    if here and behind:
        assert behind >= here


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, (3, 8), False),
        ((3, 8), None, False),
        ((3, 8), (4, 9), False),
        ((3, 8), (3, 12), True),
        ((3, 8), (5, 8), True),
        ((60, 90), (50, 80), False),
        ((60, 90), (20, 40), True),
    ],
)
def test_small_changes_are_not_worth_a_word(
    before: tuple[int, int] | None, after: tuple[int, int] | None, told: bool
) -> None:
    assert differs(before, after) is told
