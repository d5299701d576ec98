"""Labelled messages from CSV files with the columns text,intent."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.training.measure import Row

MAX_LINES = 100
"""Lines of one message; more come of a quotation mark that is never closed."""


def read_rows(path: Path, progress: Callable[[str], None] = lambda line: None) -> list[Row]:
    """Read a text,intent CSV file (UTF-8, commas). Raises ConfigError that says what to change.

    Rows without a label are left out, which `progress` is told.
    """
    rows: list[Row] = []
    unlabelled: list[int] = []
    for number, text, intent in _lines(path, _content(path)):
        if intent:
            rows.append(Row(text=text, intent=intent))
        elif text.strip():
            unlabelled.append(number)
    if not rows:
        raise ConfigError(f"{path} has no labelled rows")
    if unlabelled:
        count = f"{len(unlabelled):,} rows without an intent are left out"
        progress(f"{path.name}: {count}, the first in line {unlabelled[0]}.")
    return rows


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = bytes(error.object[: error.start]).count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: this is not UTF-8; save it as “CSV UTF-8”") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _lines(path: Path, content: str) -> Iterator[tuple[int, str, str]]:
    """Yield the number of the line, the text and the label of each row."""
    reader = csv.DictReader(io.StringIO(content, newline=""))
    try:
        if not {"text", "intent"} <= set(reader.fieldnames or ()):
            raise ConfigError(_columns(path, list(reader.fieldnames or ())))
        begins = reader.line_num + 1
        for line in reader:
            text = line["text"] or ""
            if reader.line_num - begins >= MAX_LINES:
                raise ConfigError(f"{path}, line {begins}: a quotation mark is never closed")
            yield begins, text, (line["intent"] or "").strip()
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: {error}") from error


def _columns(path: Path, names: list[str]) -> str:
    if not names:
        return f"{path} is empty: it needs a first line with the columns text,intent"
    hint = "; separate them by commas" if len(names) == 1 and any(c in names[0] for c in ";\t") else ""
    return f"{path} needs a first line with the columns text,intent, not “{','.join(names)[:80]}”{hint}"
