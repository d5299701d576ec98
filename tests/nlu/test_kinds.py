"""The one normal form of each kind of value, and names that are misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.nlu.kinds import Habits

# spaCy's own imports warn, so they happen inside the tests.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def habits(**given: object) -> Habits:
    from bot.nlu.kinds import Habits

    return Habits(**given)  # type: ignore[arg-type]


def found(kind: str, text: str, names: tuple[tuple[str, str], ...] = (), **given: object) -> list[str]:
    from bot.nlu.kinds import kind_of

    return [r.value for r in kind_of(kind, habits(**given), names, frozenset({"around"})).find(text, None)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("code", "# ab 4521", "AB4521"),
        ("lower", " Ab ", "ab"),
        ("none", " Ab ", " Ab "),
        ("email", "Bob@Example.COM", "bob@example.com"),
        ("email", "bob (at) example [dot] com", "bob@example.com"),
        ("phone", "07700 900123", "+447700900123"),
        ("phone", "+49 (0)171 123-4567", "+491711234567"),
        ("phone", "12 ab 34", "1234"),
        ("amount", "12,50 EUR", "12.50 EUR"),
        ("amount", "12.50", "12.50"),
        ("date", "12/03/2026", "2026-03-12"),
        ("date", "some day", "some day"),
        ("postcode", "sw1a1aa", "SW1A 1AA"),
        ("postcode", "m1  4bt", "M1 4BT"),
        ("postcode", "1234ab", "1234 AB"),
        ("postcode", "k1a0b1", "K1A 0B1"),
        ("postcode", "d02af30", "D02 AF30"),
        ("postcode", "90210-1234", "90210-1234"),
        ("postcode", "10115", "10115"),
    ],
)
def test_normal_forms_are_final(kind: str, text: str, value: str) -> None:
    from bot.nlu.kinds import kind_of

    normalise = kind_of(kind, habits(), (), frozenset()).normalise
    assert normalise(text, None) == value
    assert normalise(value, None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bob (at) example (dot) com", "bob@example.com"),
        ("bob[at]example.com", "bob@example.com"),
        ("bob @ example.com", "bob@example.com"),
        ("Bob.Ray at Example dot co dot uk", "bob.ray@example.co.uk"),
    ],
)
def test_spelled_addresses(text: str, value: str) -> None:
    assert found("email", f"it is {text}, ok?") == [value]


@pytest.mark.parametrize(
    "text", ["look at the dot there", "meet me at noon", "follow you @ shopname", "a@b@c"]
)
def test_what_is_no_address(text: str) -> None:
    assert found("email", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("£12.50", "12.50 GBP"),
        ("12,50 EUR", "12.50 EUR"),
        ("EUR64", "64.00 EUR"),
        ("twenty quid", "20.00 GBP"),
        ("a tenner", "10.00 GBP"),
        ("a quid", "1.00 GBP"),
        ("two hundred and fifty euros", "250.00 EUR"),
        ("1.299,00 €", "1299.00 EUR"),
        ("$1,299.99", "1299.99 USD"),
        ("A$5", "5.00 AUD"),
        ("¥1500", "1500 JPY"),
        ("£4k", "4000.00 GBP"),
        ("50p", "0.50 GBP"),
        ("99 cents", "0.99 EUR"),
        ("10 pounds 50", "10.50 GBP"),
        ("12 pounds 10 days ago", "12.00 GBP"),
        ("two pounds fifty", "2.50 GBP"),
        ("twenty pounds two weeks ago", "20.00 GBP"),
    ],
)
def test_amounts(text: str, value: str) -> None:
    assert found("amount", text) == [value]


@pytest.mark.parametrize(
    "text", ["it weighs 20 pounds", "12.50", "£", "£1,2345", "20-30 euros", "50%", "1080p"]
)
def test_what_is_no_amount(text: str) -> None:
    assert found("amount", text) == []


def test_signs_mean_what_the_configuration_says() -> None:
    assert found("amount", "$5 or 3 dollars", currencies={"$": "AUD", "dollars": "CAD"}) == [
        "5.00 AUD",
        "3.00 CAD",
    ]


@pytest.mark.parametrize(
    ("region", "text", "value"),
    [
        ("GB", "020 7946 0018", "+442079460018"),
        ("GB", "0044 7700 900100", "+447700900100"),
        ("GB", "07700-900-255", "+447700900255"),
        ("US", "(415) 555-2671", "+14155552671"),
        ("DE", "030 12345678", "+493012345678"),
        ("US", "+44 20 7946 0018", "+442079460018"),
    ],
)
def test_phones(region: str, text: str, value: str) -> None:
    assert found("phone", f"call {text} please", region=region) == [value]


@pytest.mark.parametrize(
    "text",
    ["4521", "12345678", "12.03.2026", "01.02.2026 10:15", "AB07700900123", "0 1 2 3", "#07700900123"],
)
def test_what_is_no_phone(text: str) -> None:
    assert found("phone", text) == []


NAMES = (
    ("brass desk lamp", "Lamp 1"),
    ("cast-iron teapot", "Pot"),
    ("sheepskin", "Skin"),
    ("round mirror", "Mirror"),
    ("oak tea tray", "Tray"),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the Brass Desk Lamp", ["Lamp 1"]),
        ("my bras desk lmap", ["Lamp 1"]),
        ("brasss  desk lamps", ["Lamp 1"]),
        ("cast iron teapot", ["Pot"]),
        ("Cast-iron teapto", ["Pot"]),
        ("shepskin", ["Skin"]),
        ("sheepskins, please", ["Skin"]),
        ("bras dekk lmap", []),
        ("brass. the desk lamp", []),
        ("oak tea try", []),
        ("around mirror", []),
        ("brass desk", []),
        ("a lamp", []),
        ("tea", []),
        ("sheep", []),
        ("creepskin", []),
    ],
)
def test_names_with_typos(text: str, value: list[str]) -> None:
    assert found("product", text, NAMES) == value
