"""An order or the account gets another address: whole conversations."""

from __future__ import annotations

import pytest

from bot.domain.customer import Trust
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

ADDRESS = "7 Mill Lane, Leeds LS6 2AB"
WISH = "I want to change my delivery address"
DONE = [("4522", "address_changed")]


async def test_an_order_that_has_not_left(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say(WISH)
    said(c, "utter_ask_address_for")
    assert c.choices == ["4522 · Wool rug, 120 x 180 cm", "My account"]
    await c.press("4522")
    said(c, "utter_ask_new_address_order")
    await c.say(ADDRESS)
    said(c, "utter_confirm_change_shipping_address_order")
    assert ADDRESS in c.messages[0].text
    assert "4522" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_address_changed_order")
    assert await changes(shop) == DONE
    await c.say("yes")
    assert await changes(shop) == DONE


async def test_the_account(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say(WISH)
    await c.press("My account")
    said(c, "utter_ask_new_address_account")
    await c.say("my new address is Prinsengracht 12, 1012 AB Amsterdam")
    said(c, "utter_confirm_change_shipping_address_account")
    assert "Prinsengracht 12, 1012 AB Amsterdam" in c.messages[0].text
    await c.say("yes")
    said(c, "utter_address_changed_account")
    assert await changes(shop) == [("C1001", "address_changed")]


async def test_a_number_in_an_address_is_no_order(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the shipping address of order 4522")
    said(c, "utter_ask_new_address_order")
    await c.say("Prinsengracht 12, 1012 AB Amsterdam")
    said(c, "utter_confirm_change_shipping_address_order")
    assert "4522" in c.messages[0].text
    await c.say("no")
    said(c, "utter_address_kept")
    assert await changes(shop) == []


async def test_an_address_in_the_wish_and_a_better_one_instead_of_a_yes(
    start: Start, shop: DemoDirectory
) -> None:
    c = start(jane=True)
    await c.say(f"please change the delivery address of 4522 to {ADDRESS}")
    said(c, "utter_confirm_change_shipping_address_order")
    await c.say("no wait, 9 Mill Lane, Leeds LS6 2AB")
    said(c, "utter_confirm_change_shipping_address_order")
    assert "9 Mill Lane" in c.messages[0].text
    await c.press("Yes")
    order = (await shop.order("4522")).value
    assert order is not None
    assert order.address.startswith("9 Mill Lane")


async def test_an_order_by_its_words_and_an_address_too_early(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("can you send my rug to another address")
    said(c, "utter_ask_new_address_order")
    await c.say("stop")
    c = start(jane=True)
    await c.say(WISH)
    await c.say(ADDRESS)
    said(c, "utter_ask_address_for")
    await c.press("My account")
    said(c, "utter_confirm_change_shipping_address_account")
    assert ADDRESS in c.messages[0].text
    assert await changes(shop) == []


async def test_an_unclear_address_is_asked_for_once_more(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the address of order 4522")
    await c.say("the blue house by the church")
    said(c, "utter_address_incomplete", "utter_ask_new_address_order")
    await c.say("the one with the garden")
    said(c, "utter_address_unclear")
    assert await changes(shop) == []


async def test_a_stranger_cannot_redirect_a_parcel(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("where is order 4522")
    await c.say("M1 4BT")
    said(c, "utter_order_processing")
    await c.say(WISH)
    said(c, "utter_address_stranger")
    assert "Speak to a person" in c.choices
    await c.say(ADDRESS)
    assert await changes(shop) == []


async def test_somebody_we_know_but_who_is_not_signed_in(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True, trust=Trust.CHANNEL)
    await c.say(WISH)
    said(c, "utter_ask_address_for")
    assert c.choices == ["4522 · Wool rug, 120 x 180 cm"]
    await c.say("for my account")
    said(c, "utter_end_sign_in")
    await c.say("change the address of order 4522")
    await c.say(ADDRESS)
    await c.press("Yes")
    said(c, "utter_address_changed_order")
    assert await changes(shop) == DONE


async def test_an_order_that_has_left(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the delivery address of order 4521")
    said(c, "utter_address_refused_left")
    await c.press("Something else")
    said(c, "utter_ask_address_for")
    await c.press("4522")
    said(c, "utter_ask_new_address_order")
    await c.say("never mind")
    said(c, "utter_left_form")
    assert await changes(shop) == []


async def test_somebody_elses_order(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the delivery address of order 4525")
    said(c, "utter_address_stranger")
    assert await changes(shop) == []


async def test_a_new_address_by_the_other_intent(start: Start) -> None:
    c = start(ref="C1012")
    await c.say("add a new delivery address")
    said(c, "utter_ask_new_address_account")
    await c.say("when are you open?")
    said(c, "utter_opening_hours", "utter_ask_new_address_account")


@pytest.mark.parametrize("failure", [Failure.DOWN, Failure.LOST])
async def test_without_an_answer_nobody_can_know(
    start: Start, shop: DemoDirectory, failures: dict[str, Failure], failure: Failure
) -> None:
    c = start(jane=True)
    await c.say(f"change the delivery address of 4522 to {ADDRESS}")
    said(c, "utter_confirm_change_shipping_address_order")
    failures["C1001"] = failure
    await c.press("Yes")
    assert c.messages[0].text.startswith(("Our system", "I can't reach", "Our order system"))
