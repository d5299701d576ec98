"""Reads and extends data/nlu: which intents there are, with what examples. No Rasa here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ConfigError

OURS = "EXTERNAL_"
"""Begins the names of intents that no customer has: reminders that come due."""

_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the C one where it was built: ten times faster
_MARKED = re.compile(r"\[(?P<text>[^\]]+?)\](?:\((?P<name>[^)]+?)\)|(?P<more>\{[^}]+?\}|\[\{[^\]]+?\}\]))")
"""An entity in an example, in each of Rasa's ways to write one."""
_SAME = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
_EDGES = " .,;:!?\"'"


@dataclass(frozen=True, slots=True)
class Example:
    """An example of an intent as it is written, and the file that has it."""

    intent: str
    text: str
    path: Path

    @property
    def words(self) -> str:
        """Return what the model reads, in a form to compare: without marks of entities, case and ends."""
        return plain_words(self.text)


def bare(text: str) -> str:
    """Return an example without its marks of entities."""
    return _MARKED.sub(lambda match: match["text"], text)


def plain_words(text: str) -> str:
    """Return a text as one compares it with others."""
    return " ".join(bare(text).translate(_SAME).casefold().split()).strip(_EDGES)


def marked(text: str) -> Iterator[tuple[str, str]]:
    """Yield the entities of an example: name and words."""
    for match in _MARKED.finditer(text):
        if match["name"]:
            yield match["name"], match["text"]


def without_values(text: str) -> str:
    """Return an example with each entity's name in the place of its words."""
    return _MARKED.sub(lambda match: " ".join(f"<{name}>" for name, _ in _named(match)), text)


def annotated(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the entities of an example, written in any way: name, words, and the value that is set."""
    for match in _MARKED.finditer(text):
        for name, value in _named(match):
            yield name, match["text"], value


def _named(match: re.Match[str]) -> list[tuple[str, str]]:
    """Return names and set values of what is marked; a mark that cannot be read has none."""
    if match["name"]:
        return [(match["name"], "")]
    try:
        read = json.loads(match["more"])
    except ValueError:
        return []
    entries = [entry for entry in (read if isinstance(read, list) else [read]) if isinstance(entry, dict)]
    return [(str(entry.get("entity", "")), str(entry.get("value", ""))) for entry in entries]


def nlu_files(project: Path) -> list[Path]:
    """Return the files with examples."""
    return sorted(
        path for ending in ("yml", "yaml") for path in (project / "data" / "nlu").rglob(f"*.{ending}")
    )


def read_nlu(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a file: intents, regexes, synonyms, lookups. Raises ConfigError."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe one)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    entries = content.get("nlu") if isinstance(content, dict) else None
    return [entry for entry in entries or () if isinstance(entry, dict)]


def lines_of(entry: Mapping[str, Any]) -> list[str]:
    """Return the examples of an entry, written as a block of lines or as a list."""
    examples = entry.get("examples") or ""
    if isinstance(examples, list):
        examples = "\n".join(str(e.get("text", "") if isinstance(e, dict) else e) for e in examples)
    rows = (line.strip() for line in str(examples).splitlines())
    return [row.removeprefix("-").strip() for row in rows if row]


def read_examples(project: Path) -> list[Example]:
    """Return all examples of all intents. Raises ConfigError."""
    return [
        Example(str(entry["intent"]), text, path)
        for path in nlu_files(project)
        for entry in read_nlu(path)
        if "intent" in entry
        for text in lines_of(entry)
    ]


def read_regexes(project: Path) -> list[tuple[str, str]]:
    """Return the trainers' patterns: entity and regular expression. Raises ConfigError."""
    return [
        (str(entry["regex"]), pattern)
        for path in nlu_files(project)
        for entry in read_nlu(path)
        if "regex" in entry
        for pattern in lines_of(entry)
    ]
