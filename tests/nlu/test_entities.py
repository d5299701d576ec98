"""What the shipped assistant's values are found with, on sentences written without sight of its examples.

`entities.csv` is for measuring, like `messages.csv`: nothing of it may be copied into the examples. Its
second column has what a person reads in the text, on Saturday the 28th of November 2026, as entity=value.
"""

from __future__ import annotations

import csv
from collections import Counter
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
VALUES = {
    "order_number": 0.9,
    "tracking_number": 0.95,
    "email": 0.95,
    "phone": 0.95,
    "postcode": 0.92,
    "street_address": 0.95,
    "amount": 0.95,
    "date": 0.95,
    "product": 0.95,
}
"""The least that precision and recall of each may be."""


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


def test_precision_and_recall(finder: PatternFinder) -> None:
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    wished: Counter[str] = Counter()
    wrong = []
    for text, wanted in rows():
        found = Counter((f.name, f.value) for f in finder.find(text, TODAY) if f.name in VALUES)
        hits = found & Counter(wanted)
        right.update(name for name, _ in hits.elements())
        said.update(name for name, _ in found.elements())
        wished.update(name for name, _ in wanted)
        wrong += [f"{text!r}: +{[*(found - hits)]} -{[*(Counter(wanted) - hits)]}"] * (
            found != Counter(wanted)
        )
    lines = [
        f"{name:16} precision {right[name] / max(1, said[name]):6.1%} ({said[name]:3} found)"
        f"  recall {right[name] / max(1, wished[name]):6.1%} ({wished[name]:3} there)"
        for name in VALUES
    ]
    table = "\n".join([*lines, *wrong])
    print(table)  # `pytest -s` shows it
    for name, least in VALUES.items():
        assert right[name] >= least * said[name], table
        assert right[name] >= least * wished[name], table


def test_the_values_are_those_that_the_configuration_names() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    (extractor,) = (c for c in config["pipeline"] if c["name"].endswith("PatternEntityExtractor"))
    assert extractor["normalise"].keys() == VALUES.keys()
    assert set(extractor["priority"]) <= VALUES.keys()
