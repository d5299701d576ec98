"""Questions about articles: the fact that was asked for, the one just shown, the cheapest, ways out."""

from __future__ import annotations

import pytest

from tests.stories.dialogue import Start, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_several_articles_that_fit_are_shown_with_the_fact(start: Start) -> None:
    c = start()
    text = await c.say("is the teapot dishwasher-safe?")
    said(c, "utter_products")
    assert "care: dishwasher safe" in text
    assert "care: rinse and dry by hand" in text
    assert c.choices == ["Glass teapot", "Cast-iron teapot"]
    assert (await c.press("Cast-iron")).startswith("• care: rinse and dry by hand\n")


async def test_the_article_just_shown_stays_the_subject(start: Start) -> None:
    c = start()
    await c.say("do you have rugs")
    assert (await c.say("the 2nd one. is it good for a bathroom")).startswith("Jute rug")
    assert (await c.say("can I put it in the washing machine")).startswith("• care: vacuum; keep dry\nJute")
    await c.say("which colours do the lamps come in")
    said(c, "utter_products")


async def test_the_cheapest_comes_first_and_an_underlay_is_no_rug(start: Start) -> None:
    c = start()
    text = await c.say("cheapest rug")
    said(c, "utter_products_cheapest")
    assert "underlay" not in text
    assert c.choices[0] == "Jute rug"
    assert (await c.say("the first one")).startswith("Jute rug")


async def test_nobody_is_asked_for_an_order_out_of_the_blue(start: Start) -> None:
    c = start()
    await c.say("the first one")
    said(c, "utter_rephrase_open")
    c = start(jane=True)
    await c.press_topic("get_invoice", order_number="4521")
    await c.say("4523")
    said(c, "utter_invoice_get_invoice")
    await c.say("hello")
    await c.say("hello")
    await c.say("4523")
    assert c.last is not None
    assert c.last.slots["last_topic"] == "track_order"


async def test_ways_out_of_the_question_for_an_article(start: Start) -> None:
    c = start()
    await c.press_topic("product_question")
    await c.say("thanks")
    said(c, "utter_welcome")
    await c.press_topic("product_question")
    await c.say("a zebra")
    said(c, "utter_product_unknown", "utter_ask_product_question_form_product_query")
    await c.say("a hat stand")
    said(c, "utter_product_not_found")


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("is there a student discount", "utter_extra_discount"),
        ("do you do gift wrap", "utter_extra_gift_wrap"),
    ],
)
async def test_what_shoppers_ask_besides(start: Start, text: str, response: str) -> None:
    c = start()
    await c.say(text)
    said(c, response)
