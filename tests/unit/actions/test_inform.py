"""A bare answer belongs to what was talked about last."""

from __future__ import annotations

from typing import Any

import pytest

from actions.inform import ActionInform
from tests.unit.actions.support import StrictDirectory, ok, order, run, tracker, turn
from tests.unit.actions.test_talk import LAMP

USER = {"event": "user", "text": "hello"}


def ended(topic: str, turns: int = 1) -> list[dict[str, Any]]:
    return [USER, {"event": "slot", "name": "last_topic", "value": topic}, *[USER] * turns]


async def followed(text: str, **said: Any) -> Any:
    answers = {("orders",): ok((order(),)), ("find_products", "cheapest"): ok(())}
    with turn(StrictDirectory({**answers, ("find_products", "a brass lamp"): ok((LAMP,))})):
        outcome = await run(ActionInform(), tracker(text, **{"confidence": 0.9, **said}))
    return [e["name"] for e in outcome.events if e["event"] == "followup"], outcome.responses


@pytest.mark.parametrize(
    ("events", "form"),
    [
        ([USER], "track_order_form"),
        (ended("get_invoice"), "get_invoice_form"),
        (ended("get_invoice", 2), "get_invoice_form"),
        (ended("get_invoice", 3), "track_order_form"),
        (ended("newsletter_subscription"), "track_order_form"),
        (ended("product_question"), "track_order_form"),
    ],
)
async def test_a_number_belongs_to_the_order_topic_that_ended_last(
    events: list[dict[str, Any]], form: str
) -> None:
    said = await followed("4522", entities={"order_number": "4522"}, events=events)
    assert said == ([form], [])


async def test_words_name_an_order_or_the_article_just_shown_or_nothing() -> None:
    assert await followed("the rug", events=[USER]) == (["track_order_form"], [])
    assert await followed("the rug", events=ended("product_question")) == (["product_question_form"], [])
    measure = {"entities": {"order_number": "140"}, "events": ended("product_question")}
    assert await followed("is it only 140x200 or bigger", **measure) == (["product_question_form"], [])
    first = {"entities": {"ordinal": "1"}, "events": [USER]}
    assert await followed("the first one", **first) == (["action_fallback"], [])
    assert await followed("a brass lamp", events=[USER]) == (["product_question_form"], [])
    assert await followed("cheapest", events=[USER]) == (["action_fallback"], [])


async def test_a_choice_of_something_that_is_over_starts_nothing() -> None:
    assert await followed("One", entities={"item": "One"}, confidence=1.0) == ([], ["utter_what_next"])
