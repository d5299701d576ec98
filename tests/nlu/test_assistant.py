"""What the shipped assistant understands, on messages written without sight of its examples.

`messages.csv` is for measuring: whoever improves the examples must not copy from it. The label
out_of_scope marks what is none of a shop's business; right is to fall back.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from bot.training.evaluate import Understanding
from bot.training.measure import OUT_OF_SCOPE, report
from bot.training.rows import read_rows

ROOT = Path(__file__).parents[2]
MESSAGES = Path(__file__).parent / "messages.csv"
ROWS = read_rows(MESSAGES)

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", re.sub(r"\[([^\]]+)\]\(\w+\)", r"\1", text).lower()).strip()


def examples() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in block:
                found |= {plain(line[2:]): block["intent"] for line in block["examples"].splitlines()}
    return found


def test_every_intent_has_messages_that_are_no_examples() -> None:
    counts = Counter(row.intent for row in ROWS)
    listed = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"]
    intents = {name for name in listed if not name.startswith("EXTERNAL_")}
    assert counts.keys() - OUT_OF_SCOPE == intents
    assert min(counts.values()) >= 8
    seen = examples()
    assert len(seen) > 4000
    assert [row.text for row in ROWS if plain(row.text) and plain(row.text) in seen] == []


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    from bot.training.train import train

    return Understanding.load(train(ROOT, ROOT / "models", lambda line: None).model.path)


def test_messages_are_understood(understanding: Understanding) -> None:
    predictions = [understanding.predict(row.text) for row in ROWS]
    figures = report(ROWS, predictions)
    assert figures.accuracy >= 0.94, figures.lines()
    assert figures.answered_accuracy >= 0.96, figures.lines()
    assert figures.fallback_share <= 0.06, figures.lines()


def test_no_intent_is_left_behind(understanding: Understanding) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for row in ROWS:
        if row.intent not in OUT_OF_SCOPE:
            seen = understanding.predict(row.text)
            right[row.intent].append(seen.intent == row.intent and not seen.fallback)
    weak = {name: sum(hits) / len(hits) for name, hits in right.items() if sum(hits) < 0.7 * len(hits)}
    assert weak == {}


def test_most_of_what_is_no_business_of_ours_falls_back(understanding: Understanding) -> None:
    others = [understanding.predict(row.text) for row in ROWS if row.intent in OUT_OF_SCOPE]
    assert len(others) >= 60
    assert sum(seen.fallback for seen in others) >= 0.65 * len(others)
