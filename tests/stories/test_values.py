"""Values in what customers write: counted from the day of the turn, used by actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stories.dialogue import Conversation, Start

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def values(c: Conversation) -> dict[str, str]:
    assert c.last is not None
    return {e.name: e.value for e in c.last.nlu.entities}


async def test_relative_dates_count_from_the_turn_in_the_companys_calendar(start: Start) -> None:
    c = start()
    for now, day in (
        (datetime(2026, 6, 10, 9, tzinfo=UTC), "2026-06-09"),
        (datetime(2026, 6, 10, 23, 30, tzinfo=UTC), "2026-06-10"),  # it is half past midnight in London
        (datetime(2026, 12, 10, 23, 30, tzinfo=UTC), "2026-12-09"),
    ):
        c.context = replace(c.context, now=now)
        await c.say("I ordered it yesterday")
        assert values(c)["date"] == day


async def test_without_a_turn_the_words_stay(turns: Any) -> None:
    seen = await turns.understand("call 07700 900123 tomorrow about the £12.50")
    found = {e.name: e.value for e in seen.entities}
    assert (found["phone"], found["date"], found["amount"]) == ("+447700900123", "tomorrow", "12.50 GBP")


async def test_a_number_in_a_telephone_number_is_no_order(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is my parcel? my number is 020 7946 4521")
    assert "order_number" not in values(c)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("where is the order I placed last Tuesday", "4521"),
        ("where is what I ordered on saturday", "4522"),
        ("where is the order from 28 February", "4522"),
        ("where is my lampshde", "4521"),
    ],
)
async def test_an_order_by_its_day_or_a_misspelt_article(start: Start, text: str, number: str) -> None:
    c = start(jane=True)  # Monday the 2nd of March 2026
    await c.say(text)
    assert c.last is not None
    assert c.last.slots["order_number"] == number


async def test_a_day_on_which_nothing_was_ordered_is_no_order(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is the order I placed last Sunday")
    assert c.last is not None
    assert "order_number" not in c.last.slots


@pytest.mark.parametrize(
    ("setting", "value"),
    [("region", "XX"), ("date_order", "ymd"), ("time_zone", "Mars/Base"), ("currencies", ["EUR"])],
)
def test_a_setting_that_makes_no_sense_is_named(setting: str, value: object) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    from bot.nlu.entities import PatternEntityExtractor
    from bot.nlu.patterns import Patterns

    config = {**PatternEntityExtractor.get_default_config(), setting: value}
    resource: Any = None
    with pytest.raises(InvalidConfigException, match=setting.replace("_", "[_ ]")):
        PatternEntityExtractor(config, resource, resource, Patterns())
