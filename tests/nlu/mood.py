"""The sentences of tests/nlu/mood.csv: how customers feel, and what they had said before.

`label` is `frustrated` (at the end of their patience with us), `abusive` (insults, threats, strong swearing
in anger) or `calm`. `context` holds the customer's earlier messages, oldest first. `half` is `dev` where
weights and words may be tuned, `held-out` where nothing may be looked at but the figures.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).with_name("mood.csv")
BETWEEN = " || "


class Sentence(NamedTuple):
    """One row of the test set."""

    text: str
    context: tuple[str, ...]
    label: str
    half: str


def sentences() -> list[Sentence]:
    """Return the whole set."""
    with PATH.open(encoding="utf-8", newline="") as file:
        return [
            Sentence(
                row["text"],
                tuple(row["context"].split(BETWEEN)) if row["context"] else (),
                row["label"],
                row["half"],
            )
            for row in csv.DictReader(file)
        ]
