"""Several numbers with several wishes, an address that is no proof, and what a case tells."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker

from actions.item_form import account
from actions.order_words import find_proof, number_of_wish
from tests.unit.actions.support import tracker


def saying(text: str, *found: tuple[str, str], **slots: Any) -> Tracker:
    """Return a tracker whose message holds entities (name, value as it is written)."""
    made = tracker(text, slots=slots)
    wishes = {"cancel": "cancel_order", "return": "get_refund"}
    made.latest_message["entities"] = [
        {"entity": name, "value": wishes.get(value, value), "start": text.index(value)}
        for name, value in found
    ]
    return made


TWO = (("order_number", "4525"), ("order_number", "4524"), ("wish", "cancel"), ("wish", "return"))


@pytest.mark.parametrize(("topic", "number"), [("cancel_order", "4525"), ("get_refund", "4524")])
def test_each_wish_has_its_number(topic: str, number: str) -> None:
    assert number_of_wish(saying("cancel 4525 and return 4524", *TWO), topic) == number


@pytest.mark.parametrize("found", [TWO[:3], (TWO[0], *TWO[2:])])
def test_one_wish_or_one_number_is_nothing_to_sort(found: tuple[tuple[str, str], ...]) -> None:
    assert number_of_wish(saying("cancel 4525 and return 4524", *found), "cancel_order") is None


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("my postcode is 10115", "10115"),
        ("4521, 10115", "10115"),
        ("Hauptstraße 12, 10115 Berlin", None),
    ],
)
def test_a_postcode_within_an_address_proves_nothing(text: str, proof: str | None) -> None:
    found = [("postcode", "10115"), *([("order_number", "4521")] if "4521" in text else [])]
    assert find_proof(saying(text, *found, order_proof="10115")) == proof


def test_an_account_holds_no_yes_and_no_mere_number() -> None:
    def user(text: str, intent: str, *kinds: str) -> dict[str, Any]:
        parsed = {"intent": {"name": intent}, "entities": [{"entity": kind} for kind in kinds]}
        return {"event": "user", "text": text, "parse_data": parsed}

    events = [
        user("hello", "greet"),
        user("my lamp has not come", "late_delivery"),
        {"event": "active_loop", "name": "late_delivery_form"},
        user("4521", "inform", "order_number"),
        user("I stayed at home for two days", "inform"),
        user("yep please do", "affirm"),
        {"event": "active_loop", "name": None},
    ]
    told = account(tracker(events=events), "late_delivery_form")
    assert told == ["my lamp has not come", "I stayed at home for two days"]
