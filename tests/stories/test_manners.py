"""How the assistant talks: choosing by words, correcting, interrupting, repeating, leaving, feelings."""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("words", ["the second one", "2", "number two", "the 2nd please", "second one"])
async def test_choosing_by_place(start: Start, words: str) -> None:
    c = start(jane=True)
    await c.press_topic("late_delivery")
    await c.press_topic("get_invoice")
    said(c, "utter_which_order_get_invoice_choices")
    second = c.choices[1][:4]
    await c.say(words)
    assert second in c.messages[0].text


async def test_choosing_by_name_and_by_title(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel the wool rug")
    said(c, "utter_confirm_cancel_order")
    assert "4522" in c.messages[0].text
    await c.say("NO.")
    said(c, "utter_cancel_kept")


async def test_an_article_named_counts_more_than_the_order_talked_about(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is 4521")
    await c.say("I want to send back the teapot")
    assert c.last is not None
    assert c.last.slots["order_number"] == "4523"


async def test_a_correction_in_the_middle(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    said(c, "utter_confirm_cancel_order")
    await c.say("no, the other order")
    await c.say("4522")
    said(c, "utter_confirm_cancel_order")
    await c.say("yes but what does it cost")
    assert await changes(shop) == []
    await c.say("yes please, go ahead")
    assert await changes(shop) == [("4522", "cancelled")]
    await c.say("yes")
    assert await changes(shop) == [("4522", "cancelled")]


@pytest.mark.parametrize(
    "yes", ["yep", "go on then", "ok do it", "sure, go ahead", "👍", "yes please cancel it", "Y"]
)
async def test_yes_has_many_forms(start: Start, shop: DemoDirectory, yes: str) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say(yes)
    assert await changes(shop) == [("4522", "cancelled")]


@pytest.mark.parametrize("no", ["nope", "nah leave it", "don't", "rather not", "n", "👎", "not yet"])
async def test_no_has_many_forms(start: Start, shop: DemoDirectory, no: str) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say(no)
    assert await changes(shop) == []


async def test_saying_it_again(start: Start) -> None:
    c = start()
    await c.say("what are your delivery options")
    first = c.messages[0].text
    await c.say("say that again please?")
    assert c.messages[0].text == first
    await c.say("track my order")
    said(c, "utter_which_order_track_order")
    await c.say("pardon?")
    said(c, "utter_which_order_track_order")


async def test_a_question_about_an_article_in_between(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say("wait, how much is the brass desk lamp?")
    assert "£" in c.messages[0].text
    said_last = c.messages[-1].text
    assert "Cancel" in said_last or "4522" in said_last
    await c.say("yes")
    said(c, "utter_confirm_cancel_order")


async def test_thanks_and_goodbyes_do_not_loop(start: Start) -> None:
    c = start()
    for text in ("thanks!", "thank you so much", "bye", "bye bye", "ok bye"):
        assert await c.say(text)
        assert len(c.messages) == 1
        assert "?" not in c.messages[0].text


async def test_anger_is_met_once_and_then_a_person_offered(start: Start) -> None:
    c = start(jane=True)
    await c.say("this is ridiculous, what are your delivery options")
    said(c, "utter_sorry", "utter_delivery_options")
    await c.say("you are useless, what can I pay with")
    said(c, "utter_check_payment_methods")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.offer
    await c.say("fsdkjh sdfkjh")
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.FRUSTRATED


@pytest.mark.parametrize("text", ["Wo ist meine Rechnung, bitte?", "أين طلبي", "我的订单在哪里"])
async def test_another_language(start: Start, text: str) -> None:
    c = start()
    await c.say(text)
    said(c, "utter_other_language")


async def test_it_says_what_it_is(start: Start) -> None:
    c = start()
    await c.say("are you a real person?")
    said(c, "utter_bot_challenge")
