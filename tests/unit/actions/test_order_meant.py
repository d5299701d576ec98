"""The order that a message means by the day it was placed, by an article, or by both."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from actions.order_words import in_address, order_meant
from bot.domain.customer import Order
from tests.unit.actions.support import order as one_order
from tests.unit.actions.support import tracker


def order(number: str, day: int, *articles: str) -> Order:
    first = one_order()
    items = tuple(replace(first.items[0], name=name) for name in articles)
    return replace(first, number=number, placed_on=date(2026, 11, day), items=items)


ORDERS = (
    order("4531", 24, "Brass desk lamp"),
    order("4532", 25, "Wool rug"),
    order("4533", 25, "Floor lamp"),
)


def meant(text: str, *found: tuple[str, str, str]) -> str:
    """Return the number of the order that is meant; `found` are an entity, its words and its value."""
    here: Any = tracker(text)
    here.latest_message["entities"] = [
        {"entity": e, "value": v, "start": text.index(w), "end": text.index(w) + len(w)}
        for e, w, v in found
    ]
    found_order = order_meant(here, ORDERS)
    return found_order.number if found_order else ""


@pytest.mark.parametrize(
    ("text", "entities", "number"),
    [
        ("what I ordered last Tuesday", [("date", "last Tuesday", "2026-11-24")], "4531"),
        ("the one from last Tuesday", [("date", "last Tuesday", "2026-11-24")], "4531"),
        ("it was due last Tuesday", [("date", "last Tuesday", "2026-11-24")], ""),
        ("ordered last Wednesday", [("date", "last Wednesday", "2026-11-25")], ""),
        ("the lamp I ordered last Wednesday", [("date", "last Wednesday", "2026-11-25")], "4533"),
        ("the lamp", [], ""),
        ("the rug I ordered on Monday", [("date", "Monday", "2026-11-23")], "4532"),
        ("ordered last week", [("date", "last week", "2026-W48")], ""),
        ("ordered tomorrow?", [("date", "tomorrow", "tomorrow")], ""),
        (
            "ordered on 24/11 or 25/11",
            [("date", "24/11", "2026-11-24"), ("date", "25/11", "2026-11-25")],
            "",
        ),
        ("the desk lmap", [("product", "desk lmap", "Brass desk lamp")], "4531"),
        ("the lmap", [], ""),
        ("the rug", [("product", "rug", "Brass desk lamp")], "4532"),
    ],
)
def test_order_meant(text: str, entities: list[tuple[str, str, str]], number: str) -> None:
    assert meant(text, *entities) == number


def test_a_postcode_in_an_address_however_it_is_written() -> None:
    text = "12 Mill Street ls62ab"
    here: Any = tracker(text)
    here.latest_message["entities"] = [{"entity": "postcode", "value": "LS6 2AB", "start": 15, "end": 21}]
    assert in_address(here, "LS6 2AB")
    assert not in_address(here, "M1 4BT")
