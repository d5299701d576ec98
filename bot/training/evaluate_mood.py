"""Precision and recall of the moods on labelled messages: `python -m bot.training.evaluate_mood FILE.csv`.

Columns: text, label (`frustrated`, `abusive` or `calm`), and perhaps context (the customer's earlier
messages, oldest first, with " || " between them) and half (each is told by itself). The words come from
data/, the weights from config.yml, so that a change of either shows at once, without training.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import BotError, ConfigError
from bot.domain.mood import ABUSIVE, CALM, Earlier, Mood, Situation
from bot.nlu.mood import MoodReader
from bot.training.mood_data import mood_reader

BETWEEN = " || "
LABELS = ("frustrated", "abusive", "calm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A message with what people say of its mood; `context` has the customer's earlier messages."""

    text: str
    context: tuple[str, ...]
    label: str
    half: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """How well one question about messages is answered; `right` of `found` are among the `there`."""

    name: str
    right: int
    found: int
    there: int

    @property
    def precision(self) -> float:
        """Return the share of what was found that is right."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Return the share of what is there that was found."""
        return self.right / self.there if self.there else 0.0

    def line(self) -> str:
        """Return it for people to read."""
        return (
            f"{self.name:<12} precision {self.precision:5.1%} ({self.right} of {self.found})"
            f"   recall {self.recall:5.1%} ({self.right} of {self.there})"
        )


def read_rows(path: Path) -> list[Labelled]:
    """Return the labelled messages of a file. Raises ConfigError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [_row(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    wrong = sorted({row.label for row in rows} - set(LABELS))
    if wrong or not rows:
        raise ConfigError(f"{path}: labels are {', '.join(LABELS)}, not {', '.join(wrong) or 'missing'}.")
    return rows


def _row(row: dict[str, str]) -> Labelled:
    context = row.get("context") or ""
    return Labelled(
        text=row["text"],
        context=tuple(context.split(BETWEEN)) if context else (),
        label=row["label"],
        half=row.get("half") or "",
    )


def mood_of(reader: MoodReader, row: Labelled) -> Mood:
    """Return the mood of a message as the dialogue would have it."""
    situation = Situation(earlier=tuple(Earlier(text=text) for text in row.context))
    return reader.in_conversation(row.text, reader.read(row.text), situation)


def figures(reader: MoodReader, rows: Sequence[Labelled]) -> list[Figure]:
    """Return the figures of frustration, abuse, and of both together, on which the rules act.

    Frustration is told from calm; abusive rows do not count there, since abuse is frustrated as well.
    """
    levels = [(row.label, mood_of(reader, row).level) for row in rows]
    return [
        _figure("frustration", [pair for pair in levels if pair[0] != "abusive"], _frustrated, _upset),
        _figure("abuse", levels, lambda label: label == "abusive", lambda level: level == ABUSIVE),
        _figure("either", levels, lambda label: label != "calm", _upset),
    ]


def _frustrated(label: str) -> bool:
    return label == "frustrated"


def _upset(level: str) -> bool:
    return level != CALM


def _figure(
    name: str,
    pairs: Sequence[tuple[str, str]],
    is_there: Callable[[str], bool],
    is_found: Callable[[str], bool],
) -> Figure:
    there = [is_there(label) for label, _ in pairs]
    found = [is_found(level) for _, level in pairs]
    right = sum(a and b for a, b in zip(there, found, strict=True))
    return Figure(name=name, right=right, found=sum(found), there=sum(there))


def milliseconds(reader: MoodReader, rows: Sequence[Labelled]) -> float:
    """Return the mean processor time that a message takes, its context included."""
    started = time.process_time()
    for row in rows:
        mood_of(reader, row)
    return (time.process_time() - started) * 1_000 / len(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of each half; return the exit status."""
    parser = argparse.ArgumentParser(prog="evaluate_mood", description="Precision and recall of the moods.")
    parser.add_argument("file", type=Path, help="CSV with columns text and label")
    parser.add_argument("--project", type=Path, default=Path(), help="folder with config.yml and data/")
    parser.add_argument("--errors", metavar="HALF", help="also show what is read wrong in this half")
    options = parser.parse_args(arguments)
    try:
        rows, reader = read_rows(options.file), mood_reader(options.project)
    except BotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for half in sorted({row.half for row in rows}):
        part = [row for row in rows if row.half == half]
        sys.stdout.write(f"{half or 'all'}: {len(part)} messages\n")
        sys.stdout.writelines(f"  {figure.line()}\n" for figure in figures(reader, part))
        if half == options.errors:
            sys.stdout.writelines(f"    {line}\n" for line in _errors(reader, part))
    sys.stdout.write(f"{milliseconds(reader, rows):.3f} ms of processor time a message\n")
    return 0


def _errors(reader: MoodReader, rows: Sequence[Labelled]) -> list[str]:
    lines = []
    for row in rows:
        mood = mood_of(reader, row)
        named = "frustrated" if "frustrated" in mood.level else mood.level
        if named != row.label:
            signs = ", ".join(f"{s.kind} {s.text!r}" for s in mood.evidence)
            lines.append(f"{row.label} read as {mood.level} ({mood.frustration}): {row.text} [{signs}]")
    return sorted(lines)


if __name__ == "__main__":
    sys.exit(main())
