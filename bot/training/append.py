"""Adds an example to data/nlu as a careful person would: one line, and everything else as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ConfigError, Conflict, InvalidInput, NotFound
from bot.training.examples import Example, bare, lines_of, nlu_files, plain_words, read_examples
from bot.training.registry import write_atomically

LONGEST = 1_000
"""Characters of an example."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_BLOCK = re.compile(r"(?P<indent>\s*)examples:\s*\|[-+0-9]*\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an example stands: a file, relative to the project, and its line from 1 on."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}"


def add_example(project: Path, intent: str, text: str) -> Place:
    """Add `text`, written in Rasa's way, to the examples of `intent`.

    Raises:
        InvalidInput: it says nothing, or is no single line.
        NotFound: the domain has no such intent.
        Conflict: the example is there already, under this intent or another one.
        ConfigError: the file is written in a way that cannot be extended here.
    """
    if not plain_words(text) or len(text) > LONGEST or len(text.splitlines()) != 1:
        raise InvalidInput(f"An example is one line of 1 to {LONGEST} characters.", field="text")
    examples = read_examples(project)
    if intent not in _known(project, examples):
        raise NotFound(f"There is no intent {intent} in the domain; add it there first.")
    _refuse_known(project, examples, intent, text)
    path = _file(project, examples, intent)
    before = path.read_bytes().decode("utf-8") if path.exists() else 'version: "3.1"\nnlu:\n'
    after = _extended(before, intent, text.strip())
    _check(before, after, intent, text.strip(), path)
    write_atomically(path, after)
    return Place(path.relative_to(project), _line_of(after, intent, text.strip()))


def _refuse_known(project: Path, examples: Sequence[Example], intent: str, text: str) -> None:
    words = plain_words(text)
    there = next((example for example in examples if example.words == words), None)
    if there is None:
        return
    place = find_example(project, there)
    if there.intent == intent:
        raise Conflict(f'"{bare(text)}" is an example of {intent} already, at {place}.')
    raise Conflict(
        f'"{bare(text)}" is an example of {there.intent} at {place}. A text cannot mean both: choose one'
        " of them, and take the other one away first if it is wrong."
    )


def find_example(project: Path, example: Example) -> Place:
    """Return where an example stands."""
    content = example.path.read_text(encoding="utf-8")
    return Place(example.path.relative_to(project), _line_of(content, example.intent, example.text))


def _known(project: Path, examples: Sequence[Example]) -> set[str]:
    return {example.intent for example in examples} | domain_intents(project)


def domain_intents(project: Path) -> set[str]:
    """Return the intents that the domain names. Raises ConfigError."""
    found: set[str] = set()
    domain = project / "domain"
    paths = sorted(domain.rglob("*.yml")) if domain.is_dir() else [project / "domain.yml"]
    for path in paths:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
        for entry in content.get("intents") or ():
            found |= set(map(str, entry)) if isinstance(entry, dict) else {str(entry)}
    return found


def _file(project: Path, examples: Sequence[Example], intent: str) -> Path:
    """Return the file that has most examples of an intent, or a new one with its name."""
    counted = Counter(example.path for example in examples if example.intent == intent)
    if counted:
        return counted.most_common(1)[0][0]
    path = project / "data" / "nlu" / f"{_UNSAFE.sub('_', intent)}.yml"
    if path in nlu_files(project):
        raise ConfigError(f"{path} has no examples of {intent}; add the first one by hand.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _extended(content: str, intent: str, text: str) -> str:
    """Return the file with one more line behind the last example of an intent."""
    end = "\r\n" if "\r\n" in content else "\n"
    lines = content.split("\n")
    block = _block(lines, intent)
    if block is None:
        if any(_names(line, intent) for line in lines):
            raise ConfigError(f"The examples of {intent} are no block of lines; add this one by hand.")
        tail = "" if content.endswith("\n") else end
        return f"{content}{tail}- intent: {intent}{end}  examples: |{end}    - {text}{end}"
    last, indent = block
    new = f"{indent}- {text}"
    if last == len(lines) - 1:  # the file ends without a line break
        lines[last] += end
        return "\n".join(lines) + new + end
    lines.insert(last + 1, new + end[:-1])
    return "\n".join(lines)


def _names(line: str, intent: str) -> bool:
    name = re.escape(intent)
    return re.fullmatch(rf"""\s*-\s+intent:\s*(?:{name}|"{name}"|'{name}')\s*(?:#.*)?""", line) is not None


def _block(lines: Sequence[str], intent: str) -> tuple[int, str] | None:
    """Return the last line of an intent's block of examples, and how far they are set in."""
    found = None
    for at, line in enumerate(lines):
        if _names(line, intent):
            for below in range(at + 1, len(lines)):
                if lines[below].lstrip().startswith("- intent:"):
                    break
                if opening := _BLOCK.fullmatch(lines[below]):
                    found = _last(lines, below, len(opening["indent"])) or found
                    break
    return found


def _last(lines: Sequence[str], opening: int, outer: int) -> tuple[int, str] | None:
    last, indent = 0, ""
    for at in range(opening + 1, len(lines)):
        line = lines[at].rstrip()
        if not line:
            continue
        depth = len(line) - len(line.lstrip())
        if depth <= outer:
            break
        last, indent = at, indent or line[:depth]
    return (last, indent) if last else None


def _check(before: str, after: str, intent: str, text: str, path: Path) -> None:
    """Make sure that this very example was added, and nothing else became of the file."""
    old = _content(before)
    try:
        new = _content(after)
    except yaml.YAMLError:
        new = Counter()
    if new - old != Counter([("intent", intent, text)]) or old - new:
        raise ConfigError(f"{path} is written in a way that cannot be extended here; add it by hand.")


def _content(text: str) -> Counter[tuple[str, str, str]]:
    content: Any = yaml.safe_load(text) or {}
    found: Counter[tuple[str, str, str]] = Counter()
    for entry in content.get("nlu") or ():
        kind = next((k for k in ("intent", "regex", "synonym", "lookup") if k in entry), "")
        found.update((kind, str(entry.get(kind)), line) for line in lines_of(entry))
    return found


def _line_of(content: str, intent: str, text: str) -> int:
    """Return the line of an example; of its intent if it is written in some other way."""
    under, start = False, 1
    for number, line in enumerate(content.split("\n"), start=1):
        if line.lstrip().startswith("- intent:"):
            under = _names(line.rstrip("\r"), intent)
            start = number if under else start
        elif under and line.strip().removeprefix("-").strip() == text:
            return number
    return start
