"""Addresses: what is one, whom they may be changed for, and what is said afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from actions.change_shipping_address import (
    ActionChangeShippingAddress,
    AskAddressFor,
    ValidateChangeShippingAddressForm,
    address_in,
    complete,
)
from bot.domain.customer import AddressChange, Answer, Status, Trust
from tests.unit.actions.support import Outcome, StrictDirectory, no, ok, order, run, tracker, turn

FORM = "change_shipping_address_form"
ADDRESS = "7 Mill Lane, Leeds LS6 2AB"
SIGNED_IN = {"trust": Trust.VERIFIED, "directory_ref": "C1"}
KNOWN = {"trust": Trust.CHANNEL, "directory_ref": "C1"}
OPEN = order(changeable=True)


async def fill(
    text: str, directory: StrictDirectory, who: dict[str, Any], entities: Any = None, **slots: Any
) -> Outcome:
    said = tracker(text, loop=FORM, entities=entities, slots=slots, confidence=0.9)
    with turn(directory, **who):
        return await run(ValidateChangeShippingAddressForm(), said)


@pytest.mark.parametrize(
    "text",
    [
        "12 Mill Lane, Leeds LS6 2AB",
        "flat 3, 12 mill lane leeds ls6 2ab",
        "Prinsengracht 12, 1012 AB Amsterdam",
        "Torstraße 5, 10115 Berlin",
        "1 Merrion Square, Dublin D02 X285",
        "500 Howard St, San Francisco 94105",
    ],
)
def test_addresses(text: str) -> None:
    assert complete(text)
    assert address_in(f"please change the address of my order to {text}.") == text


@pytest.mark.parametrize(
    "text", ["LS6 2AB", "order 4522", "Mill Lane LS6 2AB", "the blue house", "12 Mill Lane"]
)
def test_no_addresses(text: str) -> None:
    assert not complete(text)


async def test_strangers_end_at_once_whatever_they_proved() -> None:
    outcome = await fill("change it", StrictDirectory(), {}, order_number="4522", order_proof="M1 4BT")
    assert outcome.slots["form_end"] == "utter_address_stranger"
    assert outcome.slots["requested_slot"] is None


async def test_the_account_needs_somebody_who_is_signed_in() -> None:
    about = {"address_for": "account"}
    outcome = await fill("my account", StrictDirectory(), KNOWN, about)
    assert outcome.slots["form_end"] == "utter_end_sign_in"
    outcome = await fill("my account", StrictDirectory(), SIGNED_IN, about)
    assert outcome.slots["address_for"] == "account"
    assert outcome.slots["requested_slot"] == "new_address"


async def test_an_order_that_left_ends_the_form() -> None:
    said = tracker(
        "4522", loop=FORM, entities={"order_number": "4522"}, candidates={"order_number": "4522"}
    )
    directory = StrictDirectory({("order", "4522"): ok(order(status="shipped"))})
    with turn(directory, **SIGNED_IN):
        outcome = await run(ValidateChangeShippingAddressForm(), said)
    assert outcome.slots["form_end"] == "utter_address_refused_left"


async def test_choices_when_both_make_sense() -> None:
    directory = StrictDirectory({("orders",): ok((OPEN, order("4523", "delivered")))})
    with turn(directory, **SIGNED_IN):
        outcome = await run(AskAddressFor(), tracker(loop=FORM))
    payloads = [button["payload"] for button in outcome.said[0]["buttons"]]
    assert payloads == ['/inform{"order_number": "4522"}', '/inform{"address_for": "account"}']


async def test_an_unclear_address_once_and_then_a_person() -> None:
    slots = {"address_for": "account", "requested_slot": "new_address"}
    outcome = await fill("the blue house", StrictDirectory(), SIGNED_IN, **slots)
    assert outcome.responses == ["utter_address_incomplete"]
    assert outcome.slots["tries"] == 1
    outcome = await fill("the blue house", StrictDirectory(), SIGNED_IN, **slots, tries=1)
    assert outcome.slots["form_end"] == "utter_address_unclear"


CHANGED = ok(AddressChange(address=ADDRESS, number="4522"))
ASKED = {
    "order_number": "4522",
    "address_for": "order",
    "new_address": ADDRESS,
    "confirmed": True,
    "confirm_for": f"4522: {ADDRESS}",
}


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (CHANGED, "utter_address_changed_order"),
        (no(Status.REFUSED, "left"), "utter_address_refused_left"),
        (no(Status.REFUSED, "incomplete"), "utter_address_refused_incomplete"),
        (no(Status.REFUSED, "abroad"), "utter_address_refused_other"),
        (no(Status.TRY_LATER), "utter_address_unknown"),
        (no(Status.NOT_ALLOWED), "utter_end_sign_in"),
        (no(Status.THROTTLED), "utter_end_throttled"),
    ],
)
async def test_it_says_what_happened(answer: Answer[Any], response: str) -> None:
    directory = StrictDirectory({("change_address", ADDRESS, "4522"): answer})
    with turn(directory, **SIGNED_IN):
        outcome = await run(ActionChangeShippingAddress(), tracker(slots=ASKED))
    assert outcome.responses == [response]
    assert outcome.slots["new_address"] is None
    assert "order_number" not in outcome.slots


@pytest.mark.parametrize(
    "change",
    [
        {"confirmed": False},
        {"new_address": "another"},
        {"order_number": "4521"},
        {"address_for": "account"},
    ],
)
async def test_nothing_changes_without_a_yes_to_this_address(change: dict[str, Any]) -> None:
    with turn(StrictDirectory(), **SIGNED_IN):
        outcome = await run(ActionChangeShippingAddress(), tracker(slots=ASKED | change))
    assert outcome.responses == ["utter_address_kept"]
