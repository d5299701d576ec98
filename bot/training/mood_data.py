"""Reads the words and weights for moods from a project's files. No Rasa here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ConfigError
from bot.nlu.mood import MoodReader, Weights
from bot.nlu.mood_words import KINDS, WordLists, gather
from bot.training.examples import lines_of, read_nlu

COMPONENT = "bot.nlu.mood_component.MoodDetector"


def mood_reader(project: Path) -> MoodReader:
    """Return a reader of moods as training would make it. Raises ConfigError."""
    config = _settings(project)
    try:
        return MoodReader(word_lists(project), Weights.of(config.get("weights") or {}))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def word_lists(project: Path) -> WordLists:
    """Return the trainers' words for moods. Raises ConfigError."""
    files = sorted((project / "data").rglob("*.yml"))
    entries = [entry for path in files for entry in read_nlu(path)]
    return gather(
        KINDS,
        [(str(e["lookup"]), lines_of(e)) for e in entries if "lookup" in e],
        [(str(e["regex"]), line) for e in entries if "regex" in e for line in lines_of(e)],
    )


def _settings(project: Path) -> Mapping[str, Any]:
    try:
        config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"config.yml cannot be read: {' '.join(str(error).split())}") from error
    found = [step for step in config.get("pipeline") or () if step.get("name") == COMPONENT]
    return found[0] if found else {}
