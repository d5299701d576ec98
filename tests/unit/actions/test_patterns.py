"""The trainers' regexes find what they should in what customers write, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.unit.actions.support import ROOT

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder

pytestmark = pytest.mark.filterwarnings("ignore")  # what spaCy imports warns


@pytest.fixture(scope="module")
def finder() -> PatternFinder:
    from bot.nlu.patterns import PatternFinder, Patterns

    data = yaml.safe_load((ROOT / "data" / "nlu" / "inform.yml").read_text(encoding="utf-8"))
    regexes = [
        (block["regex"], line.removeprefix("- "))
        for block in data["nlu"]
        if "regex" in block
        for line in block["examples"].splitlines()
    ]
    names = {"order_number", "email", "postcode", "tracking_number", "street_address"}
    assert {name for name, _ in regexes} == names
    return PatternFinder(Patterns(regexes=regexes), priority=["order_number", "email"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4521", [("order_number", "4521")]),
        ("#4521!", [("order_number", "4521")]),
        ("order 4521, not 4522.", [("order_number", "4521"), ("order_number", "4522")]),
        ("4521 is late", [("order_number", "4521")]),
        ("4521 IS LATE", [("order_number", "4521")]),
        ("4522 ok", [("order_number", "4522")]),
        ("(4521)", [("order_number", "4521")]),
        ("I ordered it in 2025", []),
        ("born 1987", []),
        ("it cost £4521 or 4521€", []),
        ("4,521.00", []),
        ("12 lamps, 345 pounds", []),
        ("call 02079460123", []),
        ("I paid with [card ending 1111]", []),
        ("Jane.4521@example.co.uk", [("email", "Jane.4521@example.co.uk")]),
        ("jane_m+shop@mail.example.com.", [("email", "jane_m+shop@mail.example.com")]),
        ("jane at example dot com", []),
        ("m1 4bt", [("postcode", "m1 4bt")]),
        ("SW1A1AA", [("postcode", "SW1A1AA")]),
        ("D02 X285", [("postcode", "D02 X285")]),
        ("K1A 0B1", [("postcode", "K1A 0B1")]),
        ("1012 AB", [("postcode", "1012 AB")]),
        ("10115", [("postcode", "10115")]),
        ("90210-1234", [("postcode", "90210-1234")]),
        ("4521 and LS6 2AB", [("order_number", "4521"), ("postcode", "LS6 2AB")]),
        ("4521, a.b@example.com", [("order_number", "4521"), ("email", "a.b@example.com")]),
    ],
)
def test_patterns(finder: PatternFinder, text: str, found: list[tuple[str, str]]) -> None:
    assert [(f.name, f.value) for f in finder.find(text)] == found


def test_every_email_and_postcode_of_the_demo_shop_is_found(finder: PatternFinder) -> None:
    import json

    shop = json.loads((ROOT / "data" / "demo" / "shop.json").read_text(encoding="utf-8"))
    assert len(shop["customers"]) == 30
    for customer in shop["customers"]:
        for kind in ("email", "postcode"):
            names = [f.name for f in finder.find(f"it is {customer[kind]}, thanks")]
            assert names == [kind], customer[kind]
    for order in shop["orders"]:
        assert [f.name for f in finder.find(f"where's {order['number']}?")] == ["order_number"]
