"""Finding entities: spaCy's blank pipeline for the trainers' phrases, `re` for their regexes, and finders
for the values that nobody can list (`bot.nlu.kinds`). `bot.nlu.spans` says what stays of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

# Two seconds, paid once by the process that engines are forked from.
import spacy

from bot.nlu.kinds import Habits, Kind, kind_of
from bot.nlu.spans import Span, settle
from bot.nlu.text import QUOTES

MAX_CHARS = 2_000
"""Characters of a text that are searched."""

_HALF = re.compile(r"[\ud800-\udfff]")
"""Halves of characters, as a broken client cuts them: spaCy refuses a text with one."""

MAX_CACHED = 2_048
MAX_CACHED_TEXT = 200


class Found(NamedTuple):
    """An entity in a text: characters `start` to `end`, `value` in its normal form.

    Both are -1 for one whose characters belong to another: "tomorrow" may be a doubt and is a date.
    """

    name: str
    start: int
    end: int
    value: str


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """What the trainers wrote: (entity, regex) and (entity, phrase) pairs, and synonyms in lower case."""

    regexes: Sequence[tuple[str, str]] = ()
    phrases: Sequence[tuple[str, str]] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def without(self, names: Sequence[str]) -> Patterns:
        """Return the patterns of all other entities."""
        return replace(
            self,
            regexes=[pair for pair in self.regexes if pair[0] not in names],
            phrases=[pair for pair in self.phrases if pair[0] not in names],
        )

    def save(self, path: Path) -> None:
        """Write a JSON file; the same patterns give the same bytes."""
        data = {
            "regexes": sorted(set(self.regexes)),
            "phrases": sorted(set(self.phrases)),
            "synonyms": dict(self.synonyms),
        }
        path.write_text(json.dumps(data, ensure_ascii=False, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Patterns:
        """Read what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            regexes=[(name, pattern) for name, pattern in data["regexes"]],
            phrases=[(name, phrase) for name, phrase in data["phrases"]],
            synonyms=data["synonyms"],
        )


class PatternFinder:
    """Find entities. No two of them overlap; see `bot.nlu.spans.settle` for which one stays."""

    def __init__(
        self,
        patterns: Patterns,
        *,
        language: str = "en",
        case_sensitive: bool = False,
        normalise: Mapping[str, str] | None = None,
        priority: Sequence[str] = (),
        habits: Habits | None = None,
    ) -> None:
        """Compile the patterns. Raises ValueError for a broken regex or an unknown kind of value.

        Args:
            patterns: what the trainers wrote.
            language: spaCy's code.
            case_sensitive: whether case counts in regexes and phrases.
            normalise: the kind of value (`bot.nlu.kinds`) that an entity is.
            priority: entities, the first one wins when several match the same characters.
            habits: how the company's customers write numbers and dates.
        """
        # A phrase has the spelling of its lookup table, however the customer writes it.
        self._synonyms = {phrase.lower(): phrase for _, phrase in reversed(patterns.phrases)}
        self._synonyms |= patterns.synonyms
        self._rank = {name: rank for rank, name in enumerate(priority)}
        flags = 0 if case_sensitive else re.IGNORECASE
        self._regexes = [(name, compile_regex(name, pattern, flags)) for name, pattern in patterns.regexes]
        self._nlp = _pipeline(language, patterns.phrases, case_sensitive=case_sensitive)
        self._kinds = self._built(normalise or {}, habits or Habits(), patterns.phrases)
        self._soft = frozenset(name for name, kind in self._kinds.items() if kind.soft)
        self._cache: dict[tuple[str, date | None], tuple[Found, ...]] = {}

    def find(self, text: str, today: date | None = None) -> tuple[Found, ...]:
        """Return the entities of a text in reading order; `today` is where relative dates count from."""
        found = self._cache.get((text, today))
        if found is None:
            found = self._find(text[:MAX_CHARS], today)
            if len(text) <= MAX_CACHED_TEXT:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[text, today] = found
        return found

    def _built(
        self, kinds: Mapping[str, str], habits: Habits, phrases: Sequence[tuple[str, str]]
    ) -> dict[str, Kind]:
        never = frozenset(self._nlp.Defaults.stop_words) if self._nlp else frozenset()
        built = {}
        for name, kind in kinds.items():
            names = [(p, self._synonyms[p.lower()]) for owner, p in phrases if owner == name]
            built[name] = kind_of(kind, habits, names, never)
        return built

    def _find(self, text: str, today: date | None) -> tuple[Found, ...]:
        if not text.isascii() or "`" in text:  # sign for sign: the positions stay
            text = _HALF.sub("\ufffd", text.translate(QUOTES))
        values: list[Span] = []
        words: list[Span] = []
        for span in (*self._regex_spans(text), *self._phrase_spans(text), *self._read(text, today)):
            found = span._replace(value=self._value(span, text, today))
            (values if span.name in self._kinds else words).append(found)
        settled = settle(values, words, text, rank=self._rank, soft=self._soft)
        return tuple(Found(s.name, s.start, s.end, s.value or "") for s in settled)

    def _read(self, text: str, today: date | None) -> Iterator[Span]:
        for name, kind in self._kinds.items():
            for reading in kind.find(text, today):
                yield Span(name, *reading)

    def _regex_spans(self, text: str) -> list[Span]:
        spans = []
        for name, regex in self._regexes:
            group = "value" if "value" in regex.groupindex else 0
            for match in regex.finditer(text):
                start, end = match.span(group)
                if start < end:
                    spans.append(Span(name, start, end))
        return spans

    def _phrase_spans(self, text: str) -> list[Span]:
        if self._nlp is None:
            return []
        doc = self._nlp(text)
        return [Span(span.label_, span.start_char, span.end_char) for span in doc.spans["ruler"]]

    def _value(self, span: Span, text: str, today: date | None) -> str:
        words = text[span.start : span.end]
        known = span.value if span.value is not None else self._synonyms.get(words.lower())
        if known is not None:
            return known
        kind = self._kinds.get(span.name)
        return kind.normalise(words, today) if kind else words


def compile_regex(name: str, pattern: str, flags: int) -> re.Pattern[str]:
    """Compile one pattern; its group named `value`, if it has one, is what counts as the entity."""
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise ValueError(f"the regex for '{name}' is broken ({error}): {pattern}") from error


def _pipeline(language: str, phrases: Sequence[tuple[str, str]], *, case_sensitive: bool) -> Any:
    """Return spaCy's blank pipeline with a span ruler over the phrases; None when there are none."""
    if not phrases:
        return None
    nlp = spacy.blank(language)
    config = {"phrase_matcher_attr": "ORTH" if case_sensitive else "LOWER", "annotate_ents": False}
    ruler: Any = nlp.add_pipe("span_ruler", config=config)
    ruler.add_patterns([{"label": name, "pattern": phrase} for name, phrase in sorted(set(phrases))])
    return nlp
