"""What arrived damaged, not at all or not as ordered: one yes, then a refund or a replacement."""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import EMAIL, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_a_damaged_article_is_replaced_after_one_yes(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("my order arrived broken")
    said(c, "utter_sorry_damaged_item", "utter_which_order_damaged_item_choices")
    assert [title[:4] for title in c.choices] == ["4523"]
    await c.press("4523")
    said(c, "utter_which_item_damaged_item")
    await c.press("Cast-iron teapot")
    said(c, "utter_ask_resolution")
    await c.press("Replacement")
    said(c, "utter_confirm_damaged_item_replacement")
    assert "Cast-iron teapot" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_fault_replacement")
    assert await changes(shop) == [("4523", "return_started")]
    await c.press("Check the refund")
    said(c, "utter_replacement_requested")


async def test_article_and_wish_in_the_first_message_are_not_asked_again(
    start: Start, shop: DemoDirectory
) -> None:
    c = start()
    await c.say("the teapot from order 4523 arrived broken")
    said(c, "utter_sorry_damaged_item", "utter_ask_order_proof")
    await c.say(EMAIL)
    said(c, "utter_ask_resolution")
    await c.say("I want my money back")
    said(c, "utter_confirm_damaged_item_refund")
    assert "£54.00" in c.messages[0].text
    await c.say("yes please")
    said(c, "utter_fault_refund")
    assert await changes(shop) == [("4523", "return_started")]


@pytest.mark.parametrize(("no", "response"), [("No", "utter_fault_left"), ("Another order", "")])
async def test_nothing_is_arranged_without_a_yes(
    start: Start, shop: DemoDirectory, no: str, response: str
) -> None:
    c = start(jane=True)
    await c.say("there is something missing from order 4523")
    said(c, "utter_sorry_missing_item", "utter_which_item_missing_item")
    await c.say("the sencha")
    said(c, "utter_ask_missing_item_form_resolution")
    await c.press("Send it")
    said(c, "utter_fault_no_replacement", "utter_confirm_missing_item_refund")
    await c.press(no)
    said(c, response or "utter_ask_order_number_none_fits")
    await c.say("yes")
    assert await changes(shop) == []


async def test_another_article_at_the_question(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("you sent me the wrong item in order 4523")
    said(c, "utter_sorry_wrong_item", "utter_which_item_wrong_item")
    await c.press("Cast-iron teapot")
    await c.press("Refund")
    said(c, "utter_confirm_wrong_item_refund")
    await c.press("No")
    said(c, "utter_fault_left")
    assert await changes(shop) == []


async def test_what_is_sold_out_is_paid_back_after_a_yes_of_its_own(
    start: Start, shop: DemoDirectory
) -> None:
    c = start(jane=True)
    await c.say("order 4523 arrived damaged")
    await c.press("Sencha")
    await c.press("Replacement")
    said(c, "utter_fault_no_replacement", "utter_confirm_damaged_item_refund")
    assert "£25.60" in c.messages[1].text
    assert await changes(shop) == []
    await c.say("yes")
    said(c, "utter_fault_refund")
    assert await changes(shop) == [("4523", "return_started")]


async def test_what_has_not_arrived_cannot_be_damaged(start: Start) -> None:
    c = start(jane=True)
    await c.say("order 4521 arrived broken")
    said(c, "utter_sorry_damaged_item", "utter_fault_not_delivered")
    await c.press("Where is it?")
    said(c, "utter_order_out_for_delivery")


async def test_too_late_but_under_warranty_goes_to_a_person(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("the lamp from order 4527 arrived broken")
    await c.say("LS6 2AB")
    said(c, "utter_fault_warranty")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE
    assert c.last.handoff.evidence["order_number"] == "4527"
    assert await changes(shop) == []


async def test_too_late_for_what_is_missing(start: Start) -> None:
    c = start()
    await c.say("there is something missing from order 4527")
    await c.say("LS6 2AB")
    said(c, "utter_fault_too_late")
    assert c.choices[0] == "Speak to a person"


async def test_a_second_return_is_none(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("order 4523 arrived damaged")
    await c.press("All of it")
    await c.press("Refund")
    await c.press("Yes")
    said(c, "utter_fault_refund")
    await c.say("order 4523 arrived damaged")
    said(c, "utter_sorry_damaged_item", "utter_fault_already")
    assert await changes(shop) == [("4523", "return_started")]


async def test_a_shop_that_goes_down_before_the_yes(
    start: Start, shop: DemoDirectory, failures: dict[str, Failure]
) -> None:
    c = start(jane=True)
    await c.say("order 4523 arrived damaged")
    await c.press("Cast-iron teapot")
    await c.press("Refund")
    failures["C1001"] = Failure.DOWN
    await c.press("Yes")
    said(c, "utter_return_unknown")
    assert await changes(shop) == []


async def test_a_question_in_between_and_back(start: Start) -> None:
    c = start(jane=True)
    await c.say("order 4523 arrived damaged")
    await c.say("when are you open?")
    said(c, "utter_opening_hours", "utter_which_item_damaged_item")
    await c.say("never mind")
    said(c, "utter_left_form")
