"""Whole conversations with the trained model, the real actions and the demo shop.

What is said is compared with the domain's responses, so trainers may change every word.
"""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import EMAIL, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_a_stranger_proves_the_order_and_is_not_asked_again(start: Start) -> None:
    c = start()
    await c.say("hi, where's my order 4521?")
    said(c, "utter_ask_order_proof")
    assert "4521" in c.messages[0].text
    await c.say(EMAIL)
    said(c, "utter_order_out_for_delivery")
    await c.say("and 4522?")
    said(c, "utter_order_processing")
    await c.say("thanks, bye")


async def test_a_customer_we_know_chooses_among_their_orders(start: Start) -> None:
    c = start(jane=True)
    await c.say("hello")
    said(c, "utter_greet_name")
    await c.press("Track an order")
    said(c, "utter_track_overview")
    assert [title[:4] for title in c.choices] == ["4522", "4521"]
    assert "out for delivery, expected today" in c.messages[0].text
    await c.press("4521")
    said(c, "utter_order_out_for_delivery")
    await c.press("Another order")
    said(c, "utter_track_overview")
    assert [title[:4] for title in c.choices] == ["4522", "4523"]
    await c.say("the teapot")
    said(c, "utter_order_delivered")


async def test_cancelling_asks_once_and_happens_once(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("where is 4522")
    await c.say("cancel it please")
    said(c, "utter_confirm_cancel_order")
    assert "4522" in c.messages[0].text
    assert "£189.00" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_cancel_done")
    await c.press("Check the refund")
    said(c, "utter_refund_approved")
    await c.say("cancel order 4522")
    said(c, "utter_cancel_already")
    assert await changes(shop) == [("4522", "cancelled")]


@pytest.mark.parametrize("no", ["no", "no leave it", "never mind", "bye"])
async def test_anything_but_yes_changes_nothing(start: Start, shop: DemoDirectory, no: str) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    said(c, "utter_confirm_cancel_order")
    await c.say(no)
    assert c.last is not None
    assert c.last.awaiting == ""
    await c.say("yes")
    said(c, "utter_what_next")
    assert await changes(shop) == []


async def test_a_yes_with_another_number_is_no_yes(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("I'd like to cancel order 4525")
    await c.say("ls6 2ab")
    said(c, "utter_confirm_cancel_order_fee")
    await c.say("yes, 4524")
    said(c, "utter_cancel_refused_shipped")
    assert await changes(shop) == []


async def test_another_order_in_the_middle(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say("no, the other one")
    said(c, "utter_ask_order_number_none_fits")
    await c.say("4521")
    said(c, "utter_cancel_refused_shipped")
    await c.press("Another order")
    said(c, "utter_which_order_cancel_order_choices")
    await c.press("4522")
    said(c, "utter_confirm_cancel_order")
    await c.say("yes")
    assert await changes(shop) == [("4522", "cancelled")]


async def test_a_question_in_between_and_back(start: Start) -> None:
    c = start()
    await c.say("track 4521")
    await c.say("when are you open?")
    said(c, "utter_opening_hours", "utter_ask_order_proof")
    await c.say("are you a bot?")
    said(c, "utter_bot_challenge", "utter_ask_order_proof")
    await c.say("M1 4BT")
    said(c, "utter_order_out_for_delivery")


async def test_another_topic_in_between(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    said(c, "utter_confirm_cancel_order")
    await c.say("wait, where is 4521")
    said(c, "utter_order_out_for_delivery", "utter_way_back")
    await c.say("yes")
    said(c, "utter_confirm_cancel_order")
    assert "4522" in c.messages[0].text
    await c.say("no")
    said(c, "utter_cancel_kept")
    await c.say("yes")
    said(c, "utter_what_next")


async def test_two_wrong_proofs_offer_a_person(start: Start) -> None:
    c = start()
    await c.say("track order 4521")
    await c.say("somebody.else@example.com")
    said(c, "utter_wrong_proof", "utter_ask_order_proof")
    await c.say("SW1A 1AA")
    said(c, "utter_end_wrong_proof")
    await c.press("Speak to a person")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.ASKED_FOR_HUMAN


async def test_a_number_that_does_not_exist_looks_to_a_stranger_like_any_other(start: Start) -> None:
    c = start()
    await c.say("where is order 4999")
    said(c, "utter_ask_order_proof")
    await c.say(EMAIL)
    said(c, "utter_wrong_proof", "utter_ask_order_proof")


async def test_two_wrong_numbers_offer_a_person(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is my order")
    await c.say("4999")
    said(c, "utter_order_not_found", "utter_which_order_track_order_choices")
    await c.say("it's 4998")
    said(c, "utter_end_no_order")


async def test_a_return_with_the_reason_given_at_once(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("I want to return 4523, it arrived broken")
    await c.say(EMAIL)
    said(c, "utter_which_item_get_refund")
    await c.press("All of it")
    said(c, "utter_confirm_get_refund")
    assert "damaged" in c.messages[0].text
    assert "£79.60" in c.messages[0].text
    await c.say("yes please")
    said(c, "utter_return_done")
    await c.say("where is my refund?")
    said(c, "utter_refund_requested")
    assert await changes(shop) == [("4523", "return_started")]


async def test_a_return_step_by_step_with_own_words(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I want to send something back")
    assert [title[:4] for title in c.choices] == ["4523"]
    await c.press("4523")
    said(c, "utter_which_item_get_refund")
    await c.say("the teapot, please")
    said(c, "utter_ask_return_reason")
    await c.say("it smells funny and my cat hates it")
    said(c, "utter_confirm_get_refund")
    assert "my cat hates it" in c.messages[0].text
    await c.press("No")
    said(c, "utter_return_not_started")
    assert await changes(shop) == []


async def test_a_shop_that_does_not_answer(
    start: Start, failures: dict[str, Failure], shop: DemoDirectory
) -> None:
    failures["C1001"] = Failure.DOWN
    c = start(jane=True)
    await c.say("where is 4521")
    said(c, "utter_end_try_later")
    failures.clear()
    await c.say("cancel 4522")
    said(c, "utter_confirm_cancel_order")
    failures["C1001"] = Failure.DOWN
    await c.say("yes")
    said(c, "utter_cancel_unknown")
    assert await changes(shop) == []


async def test_not_understood_twice_in_a_row(start: Start) -> None:
    c = start()
    await c.say("blargh fnord quux")
    assert c.last is not None
    assert c.last.nlu.fallback
    assert c.last.handoff is None
    await c.say("hello")
    await c.say("zzzz yyyy xxxx")
    assert c.last.handoff is None
    await c.say("blargh fnord quux")
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.NOT_UNDERSTOOD
    assert c.last.handoff.offer
    assert c.last.handoff.evidence["texts"] == ["zzzz yyyy xxxx", "blargh fnord quux"]
    said(c, "utter_rephrase_open")


async def test_a_person_at_any_moment(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say("let me talk to a human")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.evidence["form"] == "cancel_order_form"
    assert c.last.slots["order_number"] == "4522"
    assert (c.messages, c.last.awaiting) == ((), "")


async def test_a_long_conversation_ends_no_form_in_silence(start: Start) -> None:
    c = start()
    await c.say("track 4521")
    for text in ("thanks", "help", "hi", "when are you open?") * 5:
        await c.say(text)
        assert c.messages, text
        if c.last is not None and c.last.handoff:
            pytest.fail(f"a person was called after {text!r}")
    await c.say(EMAIL)
    said(c, "utter_order_out_for_delivery")
