"""The shipped assistant's entity finder, made of data/ and config.yml without training anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from bot.nlu.patterns import PatternFinder

ROOT = Path(__file__).parents[2]


def settings() -> dict[str, Any]:
    """Return what config.yml says of the extractor."""
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    (found,) = (c for c in config["pipeline"] if c["name"].endswith("PatternEntityExtractor"))
    return dict(found)


def shipped_finder() -> PatternFinder:
    """Build the finder from the trainers' regexes, lookups and synonyms."""
    from bot.nlu.kinds import Habits
    from bot.nlu.patterns import PatternFinder, Patterns

    regexes: list[tuple[str, str]] = []
    phrases: set[tuple[str, str]] = set()
    synonyms: dict[str, str] = {}
    for path in sorted((ROOT / "data").glob("*/*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", ()):
            lines = [
                line[2:].strip() for line in str(block["examples"]).splitlines() if line.startswith("- ")
            ]
            regexes += [(block.get("regex"), line) for line in lines if "regex" in block]
            phrases |= {(block["lookup"], line) for line in lines if "lookup" in block}
            synonyms |= {line.lower(): str(block["synonym"]) for line in lines if "synonym" in block}
    said = settings()
    return PatternFinder(
        Patterns(regexes=regexes, phrases=sorted(phrases), synonyms=synonyms).without(said["leave_out"]),
        normalise=said["normalise"],
        priority=said["priority"],
        habits=Habits(region=said["region"], day_first=said["date_order"] == "dmy"),
    )
