from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder, Patterns

# spaCy's own imports warn, so they happen inside the tests.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    from bot.nlu.patterns import Patterns

    return Patterns(
        regexes=[
            ("order_number", r"#\s?\d{3,8}\b|\b(?:[A-Z]{2}-?)?\d{4,8}\b"),
            ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
            ("phone", r"\+?\d[\d -]{8,}\d"),
            ("amount", r"(?P<value>\d+(?:\.\d\d)?) ?(?:EUR|euros?)\b"),
        ],
        phrases=[
            ("product", "rain coat"),
            ("product", "Sneakers"),
            ("colour", "rain"),
            ("product", "kicks"),
        ],
        synonyms={"kicks": "Sneakers"},
    )


@pytest.fixture(scope="module")
def finder(patterns: Patterns) -> PatternFinder:
    from bot.nlu.patterns import PatternFinder

    kinds = {"order_number": "code", "email": "lower", "phone": "phone"}
    return PatternFinder(patterns, normalise=kinds, priority=["order_number", "email"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my order # 4521 please", [("order_number", "4521")]),
        ("my order ab-4521", [("order_number", "AB-4521")]),
        ("it is Bob@Example.COM", [("email", "bob@example.com")]),
        ("call +49 171 123-4567", [("phone", "+491711234567")]),
        ("i paid 12.50 EUR", [("amount", "12.50")]),
        ("i want a RAIN COAT", [("product", "rain coat")]),
        ("my kicks broke", [("product", "Sneakers")]),
        ("my SNEAKERS and 4521", [("product", "Sneakers"), ("order_number", "4521")]),
        ("raincoat sneakersstore", []),
        ("", []),
        ("😀", []),
    ],
)
def test_finds(finder: PatternFinder, text: str, expected: list[tuple[str, str]]) -> None:
    found = finder.find(text)
    assert [(entity.name, entity.value) for entity in found] == expected


def test_positions_are_those_of_the_text(finder: PatternFinder) -> None:
    text = "🙂 my rain coat, order 4521, costs 20 euros"
    assert [text[e.start : e.end] for e in finder.find(text)] == ["rain coat", "4521", "20"]


def test_the_longest_of_overlapping_entities_stays(finder: PatternFinder) -> None:
    assert [e.name for e in finder.find("a rain coat in rain")] == ["product", "colour"]


def test_then_the_earliest_and_then_priority() -> None:
    from bot.nlu.patterns import PatternFinder, Patterns

    both = Patterns(regexes=[("a", r"\d{4}"), ("b", r"\d{4}"), ("c", "12"), ("d", "23")])
    assert [e.name for e in PatternFinder(both).find("9999")] == ["a"]
    assert [e.name for e in PatternFinder(both, priority=["b"]).find("9999")] == ["b"]
    assert [e.name for e in PatternFinder(both).find("123")] == ["c"]


def test_a_very_long_text_is_bounded(finder: PatternFinder) -> None:
    from bot.nlu.patterns import MAX_CHARS

    found = finder.find("4521 " * 20_000)
    assert 0 < len(found) <= MAX_CHARS


def test_saved_patterns_find_the_same(tmp_path: Path, patterns: Patterns) -> None:
    from bot.nlu.patterns import PatternFinder, Patterns

    patterns.save(tmp_path / "p.json")
    loaded = Patterns.load(tmp_path / "p.json")
    text = "kicks and a rain coat, bob@example.com"
    assert PatternFinder(loaded).find(text) == PatternFinder(patterns).find(text)
    loaded.save(tmp_path / "q.json")
    assert (tmp_path / "p.json").read_bytes() == (tmp_path / "q.json").read_bytes()


def test_a_broken_regex_is_named() -> None:
    from bot.nlu.patterns import PatternFinder, Patterns

    with pytest.raises(ValueError, match="regex for 'size' is broken"):
        PatternFinder(Patterns(regexes=[("size", "(")]))


def test_an_unknown_normaliser_is_named() -> None:
    from bot.nlu.patterns import PatternFinder, Patterns

    with pytest.raises(ValueError, match="unknown normaliser 'shout'"):
        PatternFinder(Patterns(), normalise={"size": "shout"})


def test_apostrophes_as_phones_type_them() -> None:
    from bot.nlu.patterns import PatternFinder, Patterns

    finder = PatternFinder(Patterns(phrases=[("hesitation", "don't")]))
    assert [(f.name, f.start, f.end) for f in finder.find("yes don\u2019t cancel")] == [
        ("hesitation", 4, 9)
    ]
