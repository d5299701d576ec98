"""What is wrong by construction: digits of one thing that look like another. One span, one entity."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.nlu.shipped import settings, shipped_finder

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def finder() -> PatternFinder:
    return shipped_finder()


@pytest.fixture(scope="module")
def long_numbers() -> PatternFinder:
    """Build the finder of a company whose order numbers have anything in them."""
    from bot.nlu.patterns import PatternFinder, Patterns

    said = settings()
    regexes = [
        (
            "order_number",
            r"\b(?:ORD-|W-?)\d[\dA-Z]*(?:[-/][\dA-Z]+)*\b|\b\d{8}-\d{4}\b|(?<![\w@.-])\d{4,12}\b",
        ),
        ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        ("postcode", r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b\d{5}\b"),
    ]
    return PatternFinder(Patterns(regexes=regexes), normalise=said["normalise"], priority=said["priority"])


def values(finder: PatternFinder, text: str) -> list[tuple[str, str]]:
    named = settings()["normalise"]
    return [(f.name, f.value) for f in finder.find(text, TODAY) if f.name in named]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # an order number inside something else
        ("call 020 7946 0018", [("phone", "+442079460018")]),
        ("call 07700 90 4521", [("phone", "+447700904521")]),
        ("write to 4521@example.com", [("email", "4521@example.com")]),
        ("jane.4521@example.com", [("email", "jane.4521@example.com")]),
        ("parcel 1Z 999 AA1 01 2345 6784", [("tracking_number", "1Z999AA10123456784")]),
        ("parcel AB 1234 5678 9GB", [("tracking_number", "AB123456789GB")]),
        ("tracking number: 45214521452145", [("tracking_number", "45214521452145")]),
        ("I paid 4521 euros", [("amount", "4521.00 EUR")]),
        ("I paid £4,521", [("amount", "4521.00 GBP")]),
        ("4521 Station Road", [("street_address", "4521 Station Road")]),
        ("Hauptstraße 4521", [("street_address", "Hauptstraße 4521")]),
        ("4521 AB Amsterdam", [("postcode", "4521 AB")]),
        ("90210-4521", [("postcode", "90210-4521")]),
        ("card ending 4521", []),
        ("my visa ends with 4521", []),
        ("DE89 3704 0044 0532 4521 00", []),
        ("4111 1111 1111 4521", []),
        ("https://shop.example.com/orders/4521", []),
        ("4521 points", []),
        ("my number ends in 4521", []),
        ("room 4521, size 4522, pin is 4523, error code 4524", []),
        ("version 4.5.21", []),
        ("a rug of 4521 x 3100 mm", []),
        # something else inside a date, an amount, a postcode
        ("12.50.2026 is no date", []),
        ("on 12.05.2026", [("date", "2026-05-12")]),
        ("on 01.02.2026", [("date", "2026-02-01")]),
        ("from 12.05. on", [("date", "2027-05-12")]),
        ("£12.05", [("amount", "12.05 GBP")]),
        ("12.05 EUR", [("amount", "12.05 EUR")]),
        ("the 12th of may 10 pounds", [("date", "2027-05-12"), ("amount", "10.00 GBP")]),
        ("10 pounds 12 may", [("amount", "10.00 GBP"), ("date", "2027-05-12")]),
        ("at 10:15 on 1/12", [("date", "2026-12-01")]),
        ("01.02.2026 10:15", [("date", "2026-02-01")]),
        ("0800 123 4567 24/7", [("phone", "+448001234567")]),
        ("2026-11-20 is in BT238878003US", [("date", "2026-11-20"), ("tracking_number", "BT238878003US")]),
        ("14 Cutler Street, M1 4BT", [("street_address", "14 Cutler Street"), ("postcode", "M1 4BT")]),
        ("3 May Street", [("street_address", "3 May Street")]),
        ("4521 or 4522?", [("order_number", "4521"), ("order_number", "4522")]),
    ],
)
def test_the_shipped_assistant(finder: PatternFinder, text: str, found: list[tuple[str, str]]) -> None:
    assert values(finder, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ORD-07700900123", [("order_number", "ORD-07700900123")]),
        ("order ORD-2026-11-20-77", [("order_number", "ORD-2026-11-20-77")]),
        ("W12/03/2026", [("order_number", "W12/03/2026")]),
        ("20261128-4521", [("order_number", "20261128-4521")]),
        ("W-1SE154QN", [("order_number", "W-1SE154QN")]),
        ("W-10115", [("order_number", "W-10115")]),
        ("12345", [("order_number", "12345")]),
        ("442079460018", [("order_number", "442079460018")]),
        ("07700900123", [("order_number", "07700900123")]),
        ("+447700900123", [("phone", "+447700900123")]),
        ("0161 496 0123", [("phone", "+441614960123")]),
        ("20261128@example.com", [("email", "20261128@example.com")]),
        ("£20261128", [("amount", "20261128.00 GBP")]),
        ("5 May 2026", [("date", "2026-05-05")]),
    ],
)
def test_order_numbers_of_other_shapes(
    long_numbers: PatternFinder, text: str, found: list[tuple[str, str]]
) -> None:
    assert values(long_numbers, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("by friday", [("deadline", "by", "by friday"), ("date", "friday", "2026-12-04")]),
        (
            "yes, tomorrow",
            [
                ("hesitation", "", "hesitation"),
                ("assent", "yes", "yes"),
                ("date", "tomorrow", "2026-11-29"),
            ],
        ),
        ("the first of may", [("date", "the first of may", "2027-05-01")]),
        ("the first one", [("ordinal", "the first", "1")]),
    ],
)
def test_dates_and_words(finder: PatternFinder, text: str, found: list[tuple[str, str, str]]) -> None:
    seen = [
        (f.name, text[f.start : f.end] if f.start >= 0 else "", f.value) for f in finder.find(text, TODAY)
    ]
    assert [f for f in seen if f[0] in {f[0] for f in found}] == found
