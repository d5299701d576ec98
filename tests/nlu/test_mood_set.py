"""The test set of moods is what the README says of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from tests.nlu.mood import sentences

LISTS = Path(__file__).parents[2] / "data/lookups/mood.yml"
LABELS = ("frustrated", "abusive", "calm")


def test_it_is_large_and_both_halves_have_everything() -> None:
    rows = sentences()
    assert len(rows) >= 400
    assert {row.label for row in rows} == set(LABELS)
    counts = Counter((row.half, row.label) for row in rows)
    for label in LABELS:
        assert abs(counts["dev", label] - counts["held-out", label]) <= 2, label
        assert counts["held-out", label] >= 40
    for half in ("dev", "held-out"):
        assert sum(1 for row in rows if row.half == half and row.context) >= 20


def test_no_sentence_is_there_twice_and_no_held_out_one_is_a_phrase_of_the_lists() -> None:
    rows = sentences()
    assert len({(row.text.casefold(), row.context) for row in rows}) == len(rows)
    data = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    phrases = {
        line.removeprefix("- ").strip().casefold()
        for part in data["nlu"]
        if "lookup" in part
        for line in part["examples"].splitlines()
    }
    assert len(phrases) > 300
    held_out = {row.text.casefold() for row in rows if row.half == "held-out"}
    assert not phrases & held_out
