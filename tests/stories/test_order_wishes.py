"""What customers wish of an order besides the straight way: changes of mind, several at once, nothing."""

from __future__ import annotations

import pytest

from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import EMAIL, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_a_new_one_instead_of_the_money(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I want to return the teapot from order 4523")
    await c.press("Damaged")
    said(c, "utter_confirm_get_refund")
    await c.say("No, I've changed my mind, I would rather have a new one")
    said(c, "utter_confirm_damaged_item_replacement")
    assert "teapot" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_fault_replacement")


async def test_several_invoices_at_once_and_a_wrong_number_among_them(start: Start) -> None:
    c = start(jane=True)
    await c.say("send me the invoices for 4999, 4521 and 4523 please")
    assert len(c.messages) == 3
    assert [n for m in c.messages for n in ("4999", "4521", "4523") if n in m.text] == [
        "4999",
        "4521",
        "4523",
    ]


async def test_all_invoices_after_one(start: Start) -> None:
    c = start(jane=True)
    await c.say("invoice for 4523 please")
    await c.say("all of them")
    assert len(c.messages) >= 3


async def test_is_it_cancelled_begins_with_yes_or_no(start: Start) -> None:
    c = start(jane=True)
    await c.say("is 4522 cancelled?")
    said(c, "utter_asked_state_no", "utter_order_processing")


@pytest.mark.parametrize(
    "text",
    ["no return please", "I don't want to return anything at all", "never mind, goodbye", "thank you"],
)
async def test_nobody_is_asked_again_who_wants_nothing(start: Start, text: str) -> None:
    c = start()
    await c.say("I want to return something")
    said(c, "utter_which_order_get_refund")
    await c.say(text)
    assert c.last is not None
    assert c.last.awaiting == ""
    assert len(c.messages) == 1


async def test_another_order_keeps_the_wish(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is 4521")
    await c.say("the other one, cancel that one then")
    said(c, "utter_which_order_cancel_order_choices")


async def test_an_address_is_no_proof(start: Start) -> None:
    c = start()
    await c.say("where is order 4521")
    await c.say("Hauptstraße 12, 10115 Berlin")
    assert "utter_wrong_proof" not in str(c.messages)
    await c.say(EMAIL)
    said(c, "utter_order_out_for_delivery")


async def test_the_right_proof_follows_wrong_ones(start: Start) -> None:
    c = start()
    await c.say("where is order 4521")
    await c.say("wrong@example.com")
    await c.say("worse@example.com")
    said(c, "utter_end_wrong_proof")
    await c.say(EMAIL)
    said(c, "utter_order_out_for_delivery")


async def test_a_parcel_for_the_neighbour(start: Start) -> None:
    c = start(jane=True)
    await c.say("where is 4521")
    await c.press_topic("track_order", order_number="4521")
    await c.say("could the driver give parcel 4521 to my neighbour")
    said(c, "utter_order_out_for_delivery", "utter_delivery_wish")
