"""Makes a training example of what a customer wrote: nothing personal is left, entities are marked.

What identifies somebody is replaced by what the project's own examples have in its place, and everything
that was replaced, or may have to be, is said: a person looks at it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.training.examples import marked, read_examples, read_regexes

SHORTEST_NAME = 3
"""Letters of a name that is looked for."""
LONG = 200
"""Characters from which an example should be shortened."""
UNWRITABLE = frozenset({"Cc", "Cn", "Co", "Cs"})
"""Unicode's categories that YAML does not take."""

_PHONE = re.compile(r"(?<![\w.])(?:\+|00|0)\d[\d ()/.-]{6,18}\d(?!\w)")
_MOST_OF_PHONE = 15
"""Digits of a telephone number (ITU E.164)."""
_DIGITS = re.compile(r"(?<![\w.])\d{6,}(?!\w)")
_MARKUP = re.compile(r"\](?=[({\[])")
_SAYS_NAME = re.compile(r"\b(?:my name(?:'s| is)|i am called|i'm called|name:)\s+\w", re.IGNORECASE)
_STREET = re.compile(
    r"\b\d+[a-z]?,?\s+(?:\w+\s+){1,3}(?:street|road|lane|avenue|row|close|drive|way|court|st|rd|ave)\b",
    re.IGNORECASE,
)
_PHONE_HERE = "020 7946 0018"
"""A number that Ofcom keeps for made-up stories."""
_NAMES_HERE = ("Jane", "Doe")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An example as Rasa reads it, what of the message was replaced, and what a person must look at."""

    text: str
    replaced: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str
    new: str


class Proposer:
    """Knows the project's patterns and the values that its examples have."""

    def __init__(self, project: Path) -> None:
        """Read data/nlu. Raises ConfigError."""
        values: defaultdict[str, set[str]] = defaultdict(set)
        for example in read_examples(project):
            for name, value in marked(example.text):
                values[name].add(value)
        self._values = {name: sorted(found) for name, found in values.items()}
        self._patterns = [(name, p) for name, text in read_regexes(project) if (p := _compiled(text))]

    def propose(self, text: str, *, names: Sequence[str] = ()) -> Proposal:
        """Return an example made of `text`; `names` are what the customer is known to be called."""
        text = _MARKUP.sub("] ", clean(text))
        spans = _apart([*self._entities(text), *_names(text, names), *_numbers(text)])
        new, replaced = text, []
        for span in reversed(spans):
            new = new[: span.start] + span.new + new[span.end :]
            replaced.append(f"{span.kind} {text[span.start : span.end]}")
        return Proposal(text=new, replaced=tuple(reversed(replaced)), doubts=tuple(_doubts(text)))

    def _entities(self, text: str) -> Iterator[_Span]:
        for name, pattern in self._patterns:
            for match in pattern.finditer(text):
                start, end = match.span("value" if "value" in pattern.groupindex else 0)
                value = self._instead(name, text[start:end])
                yield _Span(start, end, name, f"[{value}]({name})")

    def _instead(self, name: str, value: str) -> str:
        """Return a value that the examples have, always the same one for the same value."""
        known = self._values.get(name)
        return known[zlib.crc32(value.encode()) % len(known)] if known else "x" * len(value)


def clean(text: str) -> str:
    """Return a text in one line, of characters that can be written."""
    return " ".join("".join(c for c in _spaced(text) if unicodedata.category(c) not in UNWRITABLE).split())


def _spaced(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text)


def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return None  # training says so


def _names(text: str, names: Sequence[str]) -> Iterator[_Span]:
    parts = {part.strip(".,'\"()"): min(i, 1) for name in names for i, part in enumerate(name.split())}
    for part, place in parts.items():
        if len(part) >= SHORTEST_NAME and part.isalpha():
            for match in re.finditer(rf"\b{re.escape(part)}\b", text, re.IGNORECASE):
                new = _NAMES_HERE[place]
                yield _Span(*match.span(), "name", new if match[0][0].isupper() else new.lower())


def _numbers(text: str) -> Iterator[_Span]:
    for match in _PHONE.finditer(text):
        if sum(c.isdigit() for c in match[0]) <= _MOST_OF_PHONE:
            yield _Span(*match.span(), "phone", _PHONE_HERE)
    for match in _DIGITS.finditer(text):
        yield _Span(*match.span(), "number", "".join(str(i % 10) for i in range(1, len(match[0]) + 1)))


def _apart(spans: Sequence[_Span]) -> list[_Span]:
    """Return spans that do not overlap, the longest first choice, in the order of the text."""
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


def _doubts(text: str) -> Iterator[str]:
    if _SAYS_NAME.search(text):
        yield "It says a name."
    if _STREET.search(text):
        yield "It may hold an address."
    if len(text) > LONG:
        yield "It is long: keep the sentence that shows what was meant."
