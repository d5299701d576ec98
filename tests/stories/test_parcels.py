"""Parcels that never came, one case for each, wishes for an order, and the list of orders."""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_one_case_for_a_lost_parcel(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("late_delivery", order_number="4523")
    await c.press("Yes")
    said(c, "utter_late_case")
    opened = await changes(shop)
    await c.press_topic("late_delivery", order_number="4523")
    said(c, "utter_case_open_already")
    await c.press_topic("get_refund", order_number="4523")
    said(c, "utter_lost_money")
    assert await changes(shop) == opened


async def test_what_never_came_is_not_damaged(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("damaged_item", order_number="4523")
    await c.say("it's not damaged, it never arrived")
    said(c, "utter_late_delivered", "utter_confirm_late_delivery_delivered")
    await c.press("No")
    said(c, "utter_late_left")
    assert await changes(shop) == []


async def test_only_not_damaged(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("damaged_item", order_number="4523")
    await c.say("it's not damaged")
    said(c, "utter_not_damaged")


async def test_what_never_came_is_no_return(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.press_topic("late_delivery", order_number="4523")
    await c.say("i want my money back")
    said(c, "utter_lost_money")
    await c.press("Open a case")
    said(c, "utter_late_delivered", "utter_confirm_late_delivery_delivered")
    assert await changes(shop) == []


async def test_no_promise_of_a_day(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("late_delivery", order_number="4523")
    await c.say("will it be there before saturday?")
    said(c, "utter_late_deadline")


async def test_all_wishes_for_an_order_in_one(start: Start) -> None:
    c = start(jane=True)
    await c.press_topic("change_order", order_number="4522")
    await c.say("make it two of them")
    said(c, "utter_ask_change_more")
    await c.say("also add a cushion")
    said(c, "utter_change_passed_on")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE
    assert c.last.handoff.evidence["change_request"] == "make it two of them; also add a cushion"


@pytest.mark.parametrize("text", ["show my orders", "what orders do I have"])
async def test_all_orders(start: Start, text: str) -> None:
    c = start(jane=True)
    await c.say(text)
    said(c, "utter_track_overview")
    assert all(number in c.messages[0].text for number in ("4521", "4522", "4523"))


async def test_a_number_that_is_none(start: Start) -> None:
    c = start()
    await c.say("where is order 99999999999999999999")
    assert "four digits" in c.messages[0].text
