"""Complaints, payments, reviews and a death: whole conversations."""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

STORY = "your driver threw my parcel over the fence and shouted at my daughter"
OPENED = [("C1001", "case_opened")]


async def test_a_complaint_step_by_step(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I want to make a complaint")
    said(c, "utter_ask_case_text")
    await c.say(STORY)
    said(c, "utter_complaint_heard", "utter_ask_about_order_choices")
    assert c.choices[-1] == "Not about an order"
    await c.press("4523")
    said(c, "utter_confirm_complaint")
    assert "4523" in c.messages[0].text
    assert STORY[:40] in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_complaint_opened")
    assert await changes(shop) == [("4523", "case_opened")]


async def test_nothing_is_told_twice(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say(f"I want to make a formal complaint, {STORY}")
    said(c, "utter_complaint_heard", "utter_ask_about_order_choices")
    await c.press("Not about an order")
    said(c, "utter_confirm_complaint")
    await c.say("no")
    said(c, "utter_complaint_not_sent")
    assert "Speak to a person" in c.choices
    assert await changes(shop) == []


async def test_a_stranger_may_complain_and_name_an_order(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("I want to make a complaint")
    await c.say(STORY)
    said(c, "utter_complaint_heard", "utter_ask_about_order")
    await c.say("4521")
    said(c, "utter_confirm_complaint")
    await c.press("Yes")
    said(c, "utter_complaint_opened")
    assert await changes(shop) == [("", "case_opened")]


async def test_a_complaint_is_interrupted_and_left(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I want to make a complaint")
    await c.say("when are you open?")
    said(c, "utter_opening_hours", "utter_ask_case_text")
    await c.say("forget it")
    said(c, "utter_left_form")
    assert await changes(shop) == []


async def test_a_complaint_without_an_answer(
    start: Start, shop: DemoDirectory, failures: dict[str, Failure]
) -> None:
    c = start(jane=True)
    await c.say("I want to make a complaint")
    await c.say(STORY)
    await c.press("Not about an order")
    failures["C1001"] = Failure.LOST
    await c.press("Yes")
    said(c, "utter_case_unknown")


async def test_money_taken_twice(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I was charged twice")
    said(c, "utter_ask_about_order_choices")
    await c.press("4522")
    said(c, "utter_confirm_payment_issue")
    assert "4522" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_payment_issue_opened")
    assert await changes(shop) == [("4522", "case_opened")]


async def test_payments_by_choices(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("I have a payment problem")
    said(c, "utter_ask_payment_problem")
    await c.press("Payment declined")
    said(c, "utter_payment_declined")
    await c.press("Charged twice")
    said(c, "utter_ask_about_order")
    await c.press("Not about an order")
    said(c, "utter_confirm_payment_issue")
    await c.press("No")
    said(c, "utter_payment_no_case")
    await c.say("I have a payment problem")
    await c.press("Something else")
    said(c, "utter_payment_other")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE
    assert c.last.handoff.evidence["matter"] == "payment"
    assert await changes(shop) == []


async def test_a_payment_of_an_order_we_can_see(start: Start) -> None:
    c = start(jane=True)
    await c.say("the payment for order 4522 was declined")
    said(c, "utter_payment_state_paid")
    assert "4522" in c.messages[0].text


async def test_reviews(start: Start) -> None:
    c = start()
    await c.say("I want to leave a review")
    said(c, "utter_review")
    await c.press("I'm not happy")
    said(c, "utter_ask_case_text")
    await c.say("stop")
    await c.say("I want to leave a bad review")
    said(c, "utter_review_unhappy")


async def test_somebody_has_died(start: Start) -> None:
    c = start()
    await c.say("track 4521")
    await c.say("my husband has died")
    said(c, "utter_bereavement")
    assert c.last is not None
    assert c.last.awaiting == ""
    assert c.last.handoff is None
    await c.press("Yes, a colleague")
    said(c, "utter_bereavement_person")
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE
    assert c.last.handoff.priority == 40
    assert c.last.handoff.evidence["said"] == "my husband has died"


async def test_mourning_without_a_person(start: Start) -> None:
    c = start()
    await c.say("my husband has died and I don't want to talk to anybody")
    said(c, "utter_bereavement_later")
    assert c.last is not None
    assert c.last.handoff is None
