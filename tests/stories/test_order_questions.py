"""Late, changed, billed, under warranty: what is said of an order, and what follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import EMAIL, Conversation, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def later(c: Conversation, days: int) -> None:
    """Let the conversation think that some days have passed."""
    from datetime import timedelta

    c.context = replace(c.context, now=c.context.now + timedelta(days=days))


# --- late ------------------------------------------------------------------------------------------


async def test_what_is_still_in_time_gets_its_date(start: Start) -> None:
    c = start(jane=True)
    await c.say("my order 4521 is late")
    said(c, "utter_late_not_due")
    assert "expected today" in c.messages[0].text
    assert "track.example.com" in c.messages[0].text


async def test_what_is_overdue_is_looked_into_after_a_yes(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    later(c, 2)
    await c.say("where is 4521")
    said(c, "utter_order_overdue")
    await c.press("Look into it")
    said(c, "utter_late_overdue", "utter_confirm_late_delivery_overdue")
    assert await changes(shop) == []
    await c.press("Yes, look into it")
    said(c, "utter_late_case")
    assert await changes(shop) == [("4521", "case_opened")]
    assert c.last is not None
    assert len(c.last.reminders) == 1


async def test_what_is_marked_as_delivered_but_not_there(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("where is 4523")
    await c.say(EMAIL)
    said(c, "utter_order_delivered")
    await c.press("I don't have it")
    said(c, "utter_late_delivered", "utter_confirm_late_delivery_delivered")
    await c.press("No, I'll wait")
    said(c, "utter_late_left")
    assert await changes(shop) == []


async def test_the_late_one_of_several(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("late_delivery")
    said(c, "utter_which_order_late_delivery_choices")
    assert [title[:4] for title in c.choices] == ["4522", "4521", "4523"]
    await c.press("4522")
    said(c, "utter_late_not_due")
    await c.press("Another order")
    assert [title[:4] for title in c.choices] == ["4521", "4523"]


async def test_a_case_that_cannot_be_opened(
    start: Start, shop: DemoDirectory, failures: dict[str, Failure]
) -> None:
    c = start(jane=True)
    later(c, 2)
    await c.press_topic("late_delivery", order_number="4521")
    failures["C1001"] = Failure.DOWN
    await c.press("Yes, look into it")
    said(c, "utter_late_unknown")
    assert await changes(shop) == []


# --- change ----------------------------------------------------------------------------------------


async def test_a_change_is_passed_on_with_everything(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("change_order")
    said(c, "utter_which_order_change_order_choices")
    assert [title[:4] for title in c.choices] == ["4522"]
    await c.press("4522")
    said(c, "utter_ask_change_request")
    await c.say("the rug in grey and two metres long, not three")
    said(c, "utter_ask_change_more")
    await c.press("That's all")
    said(c, "utter_change_passed_on")
    assert "rug in grey" in c.messages[0].text
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE
    assert c.last.handoff.evidence["order_number"] == "4522"
    assert "rug in grey" in c.last.handoff.evidence["change_request"]
    assert await changes(shop) == []


async def test_a_wish_in_the_first_message_is_not_asked_again(start: Start) -> None:
    c = start(jane=True)
    await c.say("please change order 4522 and add one more rug")
    said(c, "utter_ask_change_more")
    await c.press("That's all")
    said(c, "utter_change_passed_on")
    assert c.last is not None
    assert c.last.handoff is not None


async def test_what_has_left_cannot_be_changed(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("change_order", order_number="4521")
    said(c, "utter_change_refused_left")
    await c.press_topic("change_order", order_number="4523")
    said(c, "utter_change_refused_delivered")
    await c.press("Return something")
    said(c, "utter_which_item_get_refund")


# --- invoices --------------------------------------------------------------------------------------


async def test_an_invoice_with_its_link_for_somebody_we_know(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("get_invoice", order_number="4523")
    said(c, "utter_invoice_get_invoice")
    assert "https://" in c.messages[0].text
    assert "£79.60" in c.messages[0].text
    await c.press_topic("check_invoice", order_number="4522")
    said(c, "utter_invoice_not_yet")


async def test_number_and_email_are_not_enough_for_the_document(start: Start) -> None:
    c = start()
    await c.press_topic("check_invoice", order_number="4523")
    said(c, "utter_ask_order_proof")
    await c.say(EMAIL)
    said(c, "utter_invoice_no_link")
    assert "https://" not in c.messages[0].text
    await c.press("Another invoice")
    said(c, "utter_which_order_get_invoice")


# --- fee, warranty ---------------------------------------------------------------------------------


async def test_what_cancelling_costs(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.press_topic("check_cancellation_fee")
    said(c, "utter_fee_rule")
    await c.press_topic("check_cancellation_fee", order_number="4525")
    said(c, "utter_fee_rule_named")
    await c.press("Look at this order")
    await c.say("LS6 2AB")
    said(c, "utter_confirm_cancel_order_fee")
    assert "£4.95" in c.messages[0].text
    assert "£17.55" in c.messages[0].text
    await c.press_topic("check_cancellation_fee")
    said(c, "utter_fee_due", "utter_confirm_cancel_order_fee")
    await c.say("yes")
    said(c, "utter_cancel_done_fee")
    await c.press_topic("check_cancellation_fee")
    said(c, "utter_fee_cancelled")
    assert await changes(shop) == [("4525", "cancelled")]


async def test_the_warranty_in_general_and_of_an_order(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("warranty")
    said(c, "utter_warranty_rule")
    await c.press("Look at an order")
    said(c, "utter_which_order_warranty_choices")
    await c.press("4523")
    said(c, "utter_warranty_covered")
    await c.press("Something is broken")
    said(c, "utter_sorry_damaged_item", "utter_which_item_damaged_item")


async def test_the_warranty_of_an_order_that_is_named(start: Start) -> None:
    c = start()
    await c.press_topic("warranty", order_number="4523")
    said(c, "utter_ask_order_proof")
    await c.say(EMAIL)
    said(c, "utter_warranty_covered")
    await c.press("No, thanks")
    await c.press_topic("warranty")
    said(c, "utter_warranty_covered")


# --- refunds ---------------------------------------------------------------------------------------


async def test_one_article_of_several_is_sent_back(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("get_refund", order_number="4523")
    await c.press("Sencha")
    await c.press("Changed my mind")
    said(c, "utter_confirm_get_refund")
    assert "£25.60" in c.messages[0].text
    await c.press("Yes")
    said(c, "utter_return_done")
    assert "£25.60" in c.messages[0].text
    assert await changes(shop) == [("4523", "return_started")]


# --- patience --------------------------------------------------------------------------------------


async def test_a_form_offers_a_way_out_and_then_ends(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("cancel_order", order_number="4522")
    await c.say("4522")
    said(c, "utter_confirm_cancel_order")
    for expected in ("utter_need_answer", "utter_stuck"):
        await c.say("the blue one")
        said(c, expected, "utter_confirm_cancel_order")
    assert "Speak to a person" in c.choices
    await c.say("the blue one")
    said(c, "utter_end_stuck")
    assert c.last is not None
    assert c.last.awaiting == ""
    await c.say("yes")
    assert await changes(shop) == []


async def test_an_answer_that_fits_starts_the_count_anew(start: Start) -> None:
    c = start()
    await c.press_topic("track_order")
    await c.say("yes")
    await c.say("yes")
    said(c, "utter_stuck", "utter_which_order_track_order")
    await c.say("4521")
    said(c, "utter_ask_order_proof")
    await c.say("yes")
    said(c, "utter_need_answer", "utter_ask_order_proof")


async def test_a_cancelled_order_is_not_offered_to_be_cancelled(start: Start) -> None:
    c = start()
    await c.say("is 4528 cancelled?")
    await c.say("SE15 4QN")
    said(c, "utter_order_cancelled")
    await c.press_topic("cancel_order", order_number="4528")
    said(c, "utter_cancel_already")
