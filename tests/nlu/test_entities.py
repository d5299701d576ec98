"""What the shipped assistant's values are found with, on sentences written without sight of its examples.

`entities.csv` is for measuring, like `messages.csv`: nothing of it may be copied into the examples. Its
second column has what a person reads in the text, on Saturday the 28th of November 2026, as entity=value.
The last NEW rows were written after the finders, and the finders were not changed for them.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.nlu.shipped import ROOT, shipped_finder
from tests.nlu.test_assistant import examples, plain

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TODAY = date(2026, 11, 28)
NEW = 47
VALUES = {
    "order_number": 0.97,
    "tracking_number": 0.97,
    "email": 0.94,
    "phone": 0.94,
    "postcode": 0.95,
    "street_address": 0.97,
    "amount": 0.94,
    "date": 0.97,
    "product": 0.97,
}
"""The least that precision and recall of each may be."""
LEAST_NEW = 0.9
"""The least that both may be for the new rows together."""


def rows() -> list[tuple[str, list[tuple[str, str]]]]:
    with (Path(__file__).parent / "entities.csv").open(encoding="utf-8", newline="") as file:
        read = [(line["text"], line["entities"] or "") for line in csv.DictReader(file)]
    return [(t, [(n, v) for n, v in (p.split("=", 1) for p in e.split("|") if p)]) for t, e in read]


@pytest.fixture(scope="module")
def finder() -> PatternFinder:
    return shipped_finder()


def test_there_are_enough_sentences_and_none_is_an_example() -> None:
    labelled = rows()
    counts = Counter(name for _, wanted in labelled for name, _ in wanted)
    assert len(labelled) >= 150
    assert counts.keys() == VALUES.keys()
    assert min(counts.values()) >= 7
    assert sum(not wanted for _, wanted in labelled) >= 35
    seen = examples()
    assert [text for text, _ in labelled if plain(text) in seen] == []


@dataclass
class Score:
    """How many entities of each kind were right, were found and are there; and the texts with mistakes."""

    right: Counter[str]
    found: Counter[str]
    there: Counter[str]
    wrong: list[str]

    def lines(self) -> list[str]:
        return [
            f"{name:16} precision {self.right[name] / max(1, self.found[name]):6.1%}"
            f"  recall {self.right[name] / max(1, self.there[name]):6.1%}  of {self.there[name]}"
            for name in VALUES
        ]


def score(finder: PatternFinder, labelled: list[tuple[str, list[tuple[str, str]]]]) -> Score:
    result = Score(Counter(), Counter(), Counter(), [])
    for text, wanted in labelled:
        wished = Counter(wanted)
        found = Counter((f.name, f.value) for f in finder.find(text, TODAY) if f.name in VALUES)
        result.right.update(name for name, _ in (found & wished).elements())
        result.found.update(name for name, _ in found.elements())
        result.there.update(name for name, _ in wished.elements())
        if found != wished:
            result.wrong.append(f"{text!r}: found {[*(found - wished)]}, missed {[*(wished - found)]}")
    return result


def test_precision_and_recall(finder: PatternFinder) -> None:
    all_rows = score(finder, rows())
    table = "\n".join([*all_rows.lines(), *all_rows.wrong])
    print(table)  # `pytest -s` shows it
    for name, least in VALUES.items():
        assert all_rows.right[name] >= least * all_rows.found[name], table
        assert all_rows.right[name] >= least * all_rows.there[name], table


def test_sentences_that_nobody_had_seen(finder: PatternFinder) -> None:
    new = score(finder, rows()[-NEW:])
    right = new.right.total()
    print(f"precision {right / new.found.total():.1%}, recall {right / new.there.total():.1%}", *new.wrong)
    assert right >= LEAST_NEW * new.found.total(), new.wrong
    assert right >= LEAST_NEW * new.there.total(), new.wrong


def test_the_values_are_those_that_the_configuration_names() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    (extractor,) = (c for c in config["pipeline"] if c["name"].endswith("PatternEntityExtractor"))
    assert extractor["normalise"].keys() == VALUES.keys()
    assert set(extractor["priority"]) <= VALUES.keys()
