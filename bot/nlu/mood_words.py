"""Finds the trainers' phrases and patterns for moods in a text. Pure; needs neither Rasa nor spaCy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bot.nlu.text import QUOTES

MAX_CHARS = 1_000
"""Characters of a text that are looked at."""
KINDS: Mapping[str, Sequence[str]] = {
    "frustration": ("frustration", "impatience"),
    "abuse": ("abuse", "insult"),
    "calm": ("calm", "no_offence"),
    "displeasure": ("displeasure",),
    "pleasure": ("pleasure",),
}
"""Kinds of words, and the lookups and regexes of the data that hold them."""

_RANK = {"calm": 0, "abuse": 1, "frustration": 2, "displeasure": 3, "pleasure": 4}
"""Which kind stays of two at the same place."""
_TOKEN = re.compile(r"[\w*]+(?:['-][\w*]+)*|[^\w\s'-]")
_RUN = re.compile(r"([^\W\d])\1{2,}")


class Token(NamedTuple):
    """A word or sign of a text: characters `start` to `end`, `word` in the form that is compared."""

    word: str
    start: int
    end: int


class Span(NamedTuple):
    """Something found: its kind, and characters `start` to `end`."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class WordLists:
    """What trainers wrote for each kind: phrases, and regular expressions."""

    phrases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    regexes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write a JSON file; the same lists give the same bytes."""
        parts = {"phrases": self.phrases, "regexes": self.regexes}
        data = {
            part: {kind: sorted(set(found)) for kind, found in lists.items()}
            for part, lists in parts.items()
        }
        path.write_text(json.dumps(data, ensure_ascii=False, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> WordLists:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def gather(
    kinds: Mapping[str, Sequence[str]],
    lookups: Iterable[tuple[str, Sequence[str]]],
    regexes: Iterable[tuple[str, str]],
) -> WordLists:
    """Return the lists that `kinds` names: kind -> names of lookups and regexes in the data."""
    of = {name: kind for kind, names in kinds.items() for name in names}
    phrases: dict[str, list[str]] = {kind: [] for kind in kinds}
    patterns: dict[str, list[str]] = {kind: [] for kind in kinds}
    for name, found in lookups:
        if name in of:
            phrases[of[name]] += [phrase.strip() for phrase in found if phrase.strip()]
    for name, pattern in regexes:
        if name in of:
            patterns[of[name]].append(pattern)
    return WordLists(phrases=phrases, regexes=patterns)


def plain(text: str) -> str:
    """Return a text with plain apostrophes and quotation marks, sign for sign."""
    return text[:MAX_CHARS].translate(QUOTES)


def tokens(text: str) -> list[Token]:
    """Return the words and signs of a `plain` text: lower case, without apostrophes, "soooo" as "so"."""
    return [Token(_word(m[0]), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _word(written: str) -> str:
    return _RUN.sub(r"\1", written.lower().replace("'", ""))


class WordFinder:
    """Finds phrases and patterns; of overlapping ones the longest stays."""

    def __init__(self, lists: WordLists) -> None:
        """Compile the lists. Raises ValueError for a broken regular expression."""
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for kind, phrases in lists.phrases.items():
            for phrase in phrases:
                words = tuple(token.word for token in tokens(plain(phrase)))
                if words:
                    self._phrases.setdefault(words[0], []).append((words, kind))
        self._regexes = [(k, _compiled(k, p)) for k, found in lists.regexes.items() for p in found]
        self.vocabulary = frozenset(
            word
            for found in self._phrases.values()
            for words, kind in found
            if kind not in ("calm", "pleasure")
            for word in words
            if word.isalpha()
        )
        """Words of phrases that show displeasure."""

    def find(self, text: str, words: Sequence[Token]) -> list[Span]:
        """Return what is in a `plain` text of these words, in reading order, without overlaps."""
        spans = [*self._by_regex(text, calm=False), *self._by_phrase(words)]
        if any(
            span.kind not in ("calm", "pleasure") for span in spans
        ):  # nothing else is in need of excuse
            spans += self._by_regex(text, calm=True)
        return sorted(_longest(spans), key=lambda span: span.start)

    def _by_regex(self, text: str, *, calm: bool) -> list[Span]:
        return [
            Span(kind, match.start(), match.end())
            for kind, regex in self._regexes
            if (kind == "calm") is calm
            for match in regex.finditer(text)
            if match.end() > match.start()
        ]

    def _by_phrase(self, words: Sequence[Token]) -> list[Span]:
        plain_words, spans = [token.word for token in words], []
        for at, token in enumerate(words):
            for phrase, kind in self._phrases.get(token.word, ()):
                if tuple(plain_words[at : at + len(phrase)]) == phrase:
                    spans.append(Span(kind, token.start, words[at + len(phrase) - 1].end))
        return spans


def _longest(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, _RANK[s.kind], s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return kept


def _compiled(kind: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"a pattern for the mood '{kind}' is broken ({error}): {pattern}") from error
