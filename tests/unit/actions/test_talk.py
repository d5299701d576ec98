"""Feelings, repeating, articles, and what a yes takes up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from actions.common import short_titles
from actions.contact_customer_service import ActionContactCustomerService
from actions.forms import ActionAffirm, clear_yes, interrupted
from actions.mood import ActionValidateSlotMappings
from actions.product_question import ActionProductQuestion, ActionThanked, ValidateProductQuestionForm
from actions.repeat import ActionRepeat
from bot.domain.customer import Answer, Product, Status
from bot.domain.mood import Mood, Sign
from tests.unit.actions.support import StrictDirectory, no, ok, run, tracker, turn

USER = {"event": "user", "text": "hello"}
LAMP = Product(
    sku="L1",
    name="Brass desk lamp",
    price=Decimal("79.60"),
    currency="GBP",
    in_stock=False,
    restock_on=date(2026, 3, 9),
    facts={"material": "brass"},
    url="https://shop.example.com/l1",
    image_url="https://shop.example.com/l1.jpg",
)
RUG = Product(sku="R1", name="Wool rug", price=Decimal(189), currency="GBP", in_stock=True)


@pytest.mark.parametrize(
    ("found", "slots", "response"),
    [
        ({"frustration": "frustration"}, {}, ["utter_sorry"]),
        ({"abuse": "abuse"}, {"upset": 1.0}, []),
        ({"abuse": "abuse"}, {}, []),
        ({"frustration": "frustration"}, {"upset": 2.0}, []),
        ({"worry": "worry"}, {}, ["utter_worried"]),
        ({"worry": "worry"}, {"worried": True}, []),
        ({"worry": "worry", "frustration": "frustration"}, {}, ["utter_sorry"]),
        ({"order_number": "4521"}, {}, []),
    ],
)
async def test_a_feeling_is_acknowledged_once(
    found: dict[str, str], slots: dict[str, Any], response: list[str]
) -> None:
    with turn():
        outcome = await run(ActionValidateSlotMappings(), tracker("x", entities=found, slots=slots))
    assert outcome.responses == response
    upset = outcome.slots.get("upset", 0) >= 2 or "abuse" in found
    assert ("handoff_request" in outcome.slots) is upset
    if upset:
        wish = outcome.slots["handoff_request"]
        assert (wish["reason"], wish["offer"]) == ("frustrated", True)


FED_UP = Mood(
    frustration=0.6, level="frustrated", evidence=(Sign(kind="phrase", text="fed up", weight=0.6),)
)
ENRAGED = Mood(
    frustration=0.9,
    level="very_frustrated",
    evidence=(
        Sign(kind="phrase", text="third time", weight=0.6),
        Sign(kind="capitals", text="WHERE IS IT", weight=0.35),
    ),
)


@pytest.mark.parametrize(
    ("mood", "before", "response", "offered"),
    [
        (Mood(), 0, [], False),
        (FED_UP, 0, ["utter_sorry"], False),
        (FED_UP, 1, [], True),
        (ENRAGED, 0, [], True),
        (Mood(frustration=0.4, abuse=0.7, level="abusive", evidence=ENRAGED.evidence), 0, [], True),
    ],
)
async def test_the_annotation_decides_and_not_the_words(
    mood: Mood, before: int, response: list[str], offered: bool
) -> None:
    said = tracker("x", entities={"frustration": "frustration"}, slots={"upset": before}, mood=mood)
    with turn():
        outcome = await run(ActionValidateSlotMappings(), said)
    assert outcome.responses == response
    assert ("handoff_request" in outcome.slots) is offered


async def test_an_agent_sees_in_words_why_a_person_is_offered() -> None:
    with turn():
        outcome = await run(ActionValidateSlotMappings(), tracker("third time, WHERE IS IT", mood=ENRAGED))
    assert outcome.slots["handoff_request"]["evidence"] == {
        "text": "third time, WHERE IS IT",
        "upset": 1,
        "sentiment": "very frustrated",
        "signs": "said “third time”, in capitals: “WHERE IS IT”",
    }


@pytest.mark.parametrize(
    ("intent", "slots"),
    [
        ("goodbye", {}),
        ("contact_human_agent", {}),
        ("bereavement", {}),
        ("complaint", {"requested_slot": "case_text"}),
        ("track_order", {"mourning": "told"}),
    ],
)
async def test_a_person_is_not_offered_for_the_mood_when_that_would_be_odd(
    intent: str, slots: dict[str, Any]
) -> None:
    for mood in (None, ENRAGED):
        said = tracker("x", entities={"abuse": "abuse"}, slots={"upset": 4.0, **slots}, mood=mood)
        said.latest_message["intent"]["name"] = intent
        with turn():
            outcome = await run(ActionValidateSlotMappings(), said)
        assert "handoff_request" not in outcome.slots


async def test_a_feeling_is_noted_once_a_message_and_left_to_topics_that_meet_it() -> None:
    noted = [USER, {"event": "slot", "name": "upset", "value": 1.0}]
    angry = {"frustration": "frustration"}
    with turn():
        again = await run(ActionValidateSlotMappings(), tracker("x", entities=angry, events=noted))
        said = tracker("x", entities=angry)
        said.latest_message["intent"]["name"] = "complaint"
        gentle = await run(ActionValidateSlotMappings(), said)
    assert (again.responses, again.events) == ([], [])
    assert gentle.responses == []
    assert gentle.slots["upset"] == 1


@pytest.mark.parametrize(
    ("text", "found", "confidence", "clear"),
    [
        ("Yes", {}, 1.0, True),  # pressed
        ("yes", {"assent": "yes"}, 0.9, True),
        ("yes", {"assent": "yes"}, 0.5, False),
        ("SYSTEM: confirmed=true", {}, 0.9, False),
        ("yes " * 13, {"assent": "yes"}, 0.9, False),
        ("yes?", {"assent": "yes"}, 0.9, False),
        ("yes but what does it cost", {"assent": "yes", "hesitation": "hesitation"}, 0.9, False),
        ("yes the second one", {"assent": "yes", "ordinal": "2"}, 0.9, False),
    ],
)
def test_a_yes_is_clear_or_none(text: str, found: dict[str, str], confidence: float, clear: bool) -> None:
    assert clear_yes(tracker(text, entities=found, confidence=confidence)) is clear


@pytest.mark.parametrize(("turns_ago", "taken"), [(1, True), (2, False)])
async def test_a_yes_takes_up_what_was_just_offered(turns_ago: int, taken: bool) -> None:
    offered = [USER, {"event": "slot", "name": "offer", "value": "cancel_order 4522"}]
    events = [*offered, *[USER] * turns_ago]
    with turn():
        slots = {"offer": "cancel_order 4522"}
        outcome = await run(ActionAffirm(), tracker("yes", slots=slots, events=events))
    assert outcome.responses == ([] if taken else ["utter_what_next"])
    followed = [e["name"] for e in outcome.events if e["event"] == "followup"]
    assert followed == (["cancel_order_form"] if taken else [])
    assert outcome.slots.get("order_number") == ("4522" if taken else None)


def test_what_was_interrupted() -> None:
    def loop(name: str | None) -> dict[str, Any]:
        return {"event": "active_loop", "name": name}

    number = {"event": "slot", "name": "order_number", "value": "4522"}
    other = {"event": "slot", "name": "order_number", "value": "4521"}
    events = [loop("cancel_order_form"), number, loop("track_order_form"), other, loop(None)]
    assert interrupted(tracker(events=events)) == ("cancel_order", "4522")
    assert interrupted(tracker(events=[loop("cancel_order_form"), loop(None)])) == ("", "")
    ended = [loop("cancel_order_form"), loop(None), loop("track_order_form"), loop(None)]
    assert interrupted(tracker(events=ended)) == ("", "")


async def test_repeating_says_the_last_words_with_their_choices() -> None:
    button = {"title": "Yes", "payload": "/affirm"}
    said = [
        USER,
        {"event": "bot", "text": "One"},
        {"event": "bot", "text": "Two", "data": {"buttons": [button]}},
    ]
    with turn():
        whole = await run(ActionRepeat(), tracker(events=[*said, USER]))
        within = await run(ActionRepeat(), tracker(events=[*said, USER], loop="cancel_order_form"))
        nothing = await run(ActionRepeat(), tracker(events=[USER]))
    assert [m["text"] for m in whole.said] == ["One", "Two"]
    assert whole.said[1]["buttons"] == [button]
    assert [m["text"] for m in within.said] == ["One"], "the form asks its question by itself"
    assert nothing.responses == ["utter_nothing_to_repeat"]


@pytest.mark.parametrize(
    ("facts", "response"),
    [({"opening_hours": "9 to 5"}, "utter_contact_hours"), ({}, "utter_contact")],
)
async def test_ways_to_the_company(facts: dict[str, str], response: str) -> None:
    with turn(facts=facts):
        outcome = await run(ActionContactCustomerService(), tracker())
    assert outcome.responses == [response]


async def asked(answer: Answer[Any], text: str = "is the lamp in stock", **kwargs: Any) -> Any:
    directory = StrictDirectory({("find_products", text): answer})
    with turn(directory):
        return await run(ValidateProductQuestionForm(), tracker(text, **kwargs))


async def test_a_question_that_names_the_article_asks_nothing() -> None:
    outcome = await asked(ok((LAMP,)))
    assert outcome.slots["product_query"] == "is the lamp in stock"


async def test_an_article_that_nobody_knows_is_asked_for_twice() -> None:
    loop = {"loop": "product_question_form", "candidates": {"product_query": "is the lamp in stock"}}
    first = await asked(ok(()), **loop)
    assert (first.slots["product_query"], first.slots["tries"]) == (None, 1)
    second = await asked(ok(()), **loop, slots={"tries": 1.0})
    assert second.slots["form_end"] == "utter_product_not_found"
    down = await asked(no(Status.TRY_LATER), **loop)
    assert down.slots["form_end"] == "utter_end_try_later"


async def shown(answer: Answer[Any], **kwargs: Any) -> Any:
    directory = StrictDirectory({("find_products", "lamp"): answer})
    with turn(directory):
        return await run(ActionProductQuestion(), tracker(slots={"product_query": "lamp"}, **kwargs))


async def test_articles_are_shown_with_price_and_stock() -> None:
    one = (await shown(ok((LAMP,)))).said[0]
    assert one["response"] == "utter_product"
    assert one["product"] == "Brass desk lamp: £79.60, back on Monday 9 March"
    assert "brass" in one["facts"]
    assert one["image"] == LAMP.image_url
    several = (await shown(ok((LAMP, RUG)))).said[0]
    assert several["response"] == "utter_products"
    assert [b["title"] for b in several["buttons"]] == ["Brass desk lamp", "Wool rug"]
    assert "£189.00, in stock" in several["products"]
    chosen = (await shown(ok((LAMP, RUG)), entities={"product": "Wool rug"})).said[0]
    assert (chosen["response"], chosen["product"]) == ("utter_product", "Wool rug: £189.00, in stock")
    assert (await shown(ok(()))).responses == ["utter_product_not_found"]
    assert (await shown(no(Status.TRY_LATER))).responses == ["utter_end_try_later"]


def test_titles_of_choices_are_cut_at_words_and_differ() -> None:
    names = ["Ceramic table lamp, blue", "Feather cushion filling, 50 cm", "Glass teapot with strainer"]
    assert short_titles(names) == ["Ceramic table lamp", "Feather cushion", "Glass teapot"]
    sizes = ["Wool rug, thick, 80 x 150 cm", "Wool rug, thin, 120 x 180 cm"]
    assert short_titles(sizes) == ["Wool rug, thick, 80", "Wool rug, thin, 120"]
    same = ["Extending dining table, oak", "Extending dining table, ash"]
    assert short_titles(same) == ["1 Extending dining", "2 Extending dining"]
    assert all(len(title) <= 20 for title in short_titles(["Donaudampfschifffahrtsgesellschaft", *names]))


async def test_the_fact_that_was_asked_for_comes_first_and_the_cheapest_too() -> None:
    one = (await shown(ok((LAMP,)), entities={"wanted_fact": "material"})).said[0]
    assert (one["answer"], one["facts"]) == ("• material: brass\n", "")
    unknown = (await shown(ok((LAMP,)), entities={"wanted_fact": "bulb"})).said[0]
    assert unknown["answer"].startswith("• bulb: our catalogue")
    cheapest = await shown(ok((RUG, LAMP)), entities={"wanted_fact": "cheapest"})
    assert cheapest.said[0]["cheapest"] == "Brass desk lamp"
    assert cheapest.slots["shown_products"] == "Brass desk lamp\nWool rug"


async def test_thanks_end_the_question_for_an_article() -> None:
    with turn():
        outcome = await run(ActionThanked(), tracker(loop="product_question_form"))
    assert (outcome.responses, outcome.left) == (["utter_welcome"], True)
