"""Whatever is written, entities lie within the text, apart from each other, in their normal form."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.nlu.shipped import settings as shipped_settings
from tests.nlu.shipped import shipped_finder

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PIECES = st.sampled_from(
    [
        *(
            "4521",
            "#4538",
            "07700 900123",
            "+44 20 7946 0018",
            "0800",
            "£12.50",
            "12,50 EUR",
            "twenty quid",
            "5p",
        ),
        *(
            "12/03/2026",
            "24/7",
            "31/11",
            "last tuesday",
            "in two weeks",
            "the 3rd of May",
            "tomorrow",
            "by friday",
        ),
        *(
            "ls6 2ab",
            "10115",
            "1234 AB",
            "jane@example.com",
            "bob (at) example (dot) com",
            "kilim runer",
            "lmap",
        ),
        *(
            "14 Cutler Street",
            "BT238878003US",
            "1Z 999 AA1 01 2345 6784",
            "https://a.example/4521?b=12.03.2026",
        ),
        *(
            "DE89 3704 0044 0532 0130 00",
            "[card ending 4521]",
            "120 x 180 cm",
            "yes",
            "the first",
            "don\u2019t",
        ),
        *(
            "\U0001f600",
            "\u200b",
            "\u202e",
            "\u05e9\u05dc\u05d5\u05dd",
            "\u0130",
            "\u00df",
            "e\u0301",
            "\ud83d",
        ),
        *(
            "\u0664\u0665\u0662\u0661",
            "\uff14\uff15\uff12\uff11",
            "\u00b2",
            "\n",
            "\t",
            "-",
            "/",
            ".",
            ",",
            "@",
            "x",
        ),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=8).map(" ".join),
    st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join),
)
DAYS = st.one_of(st.none(), st.dates(), st.just(date(2026, 11, 28)))
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def finder() -> PatternFinder:
    return shipped_finder()


@FEW
@given(text=TEXTS, today=DAYS)
def test_entities_lie_within_the_text_and_apart(
    finder: PatternFinder, text: str, today: date | None
) -> None:
    found = finder._find(text, today)
    placed = [f for f in found if (f.start, f.end) != (-1, -1)]
    end = 0
    for entity in placed:
        assert end <= entity.start < entity.end <= len(text)
        assert entity.value
        assert text[entity.start : entity.end].strip()
        end = entity.end
    assert all(f.name not in shipped_settings()["normalise"] for f in found if f not in placed)
    assert finder._find(text, today) == found


@FEW
@given(text=TEXTS, today=DAYS)
def test_normal_forms_are_final(finder: PatternFinder, text: str, today: date | None) -> None:
    for entity in finder._find(text, today):
        kind = finder._kinds.get(entity.name)
        if kind is not None and entity.name != "product":
            assert kind.normalise(entity.value, today) == entity.value


@FEW
@given(text=TEXTS)
def test_what_was_found_is_found_alone(finder: PatternFinder, text: str) -> None:
    """An address or amount is one by itself, not by what stands around it."""
    for entity in finder._find(text, None):
        if entity.name in ("email", "amount"):
            alone = text[entity.start : entity.end]
            assert (entity.name, entity.value) in [(f.name, f.value) for f in finder._find(alone, None)]
