"""Finding entities by the trainers' patterns: spaCy's blank pipeline for phrases, `re` for regexes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

# Two seconds, paid once by the process that engines are forked from.
import spacy

from bot.nlu.text import QUOTES

MAX_CHARS = 2_000
"""Characters of a text that are searched."""

MAX_CACHED = 2_048
MAX_CACHED_TEXT = 200

_BLANKS = re.compile(r"[\s#]+")
_NOT_PHONE = re.compile(r"[^\d+]+")

NORMALISERS: dict[str, Callable[[str], str]] = {
    "code": lambda value: _BLANKS.sub("", value).upper(),
    "lower": lambda value: value.strip().lower(),
    "phone": lambda value: _NOT_PHONE.sub("", value),
    "none": lambda value: value,
}
"""How values may be written in one way; config.yml names one for each entity that needs it."""


class Found(NamedTuple):
    """An entity in a text: characters `start` to `end`, `value` in its normal form."""

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
    """Find entities. Of overlapping ones the longest stays, then the earliest, then by `priority`."""

    def __init__(
        self,
        patterns: Patterns,
        *,
        language: str = "en",
        case_sensitive: bool = False,
        normalise: Mapping[str, str] | None = None,
        priority: Sequence[str] = (),
    ) -> None:
        """Compile the patterns. Raises ValueError for a broken regex or an unknown normaliser."""
        # A phrase has the spelling of its lookup table, however the customer writes it.
        self._synonyms = {phrase.lower(): phrase for _, phrase in reversed(patterns.phrases)}
        self._synonyms |= patterns.synonyms
        self._priority = {name: rank for rank, name in enumerate(priority)}
        self._normalise = {name: _normaliser(kind) for name, kind in (normalise or {}).items()}
        flags = 0 if case_sensitive else re.IGNORECASE
        self._regexes = [(name, compile_regex(name, pattern, flags)) for name, pattern in patterns.regexes]
        self._nlp = _pipeline(language, patterns.phrases, case_sensitive=case_sensitive)
        self._cache: dict[str, tuple[Found, ...]] = {}

    def find(self, text: str) -> tuple[Found, ...]:
        """Return the entities of a text in reading order."""
        found = self._cache.get(text)
        if found is None:
            found = self._find(text[:MAX_CHARS])
            if len(text) <= MAX_CACHED_TEXT:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[text] = found
        return found

    def _find(self, text: str) -> tuple[Found, ...]:
        text = text.translate(QUOTES)  # sign for sign: the positions stay
        spans = [*self._regex_spans(text), *self._phrase_spans(text)]
        if not spans:
            return ()
        last = len(self._priority)
        spans.sort(key=lambda s: (s[1] - s[2], s[1], self._priority.get(s[0], last), s[0]))
        kept: list[tuple[str, int, int]] = []
        for span in spans:
            if all(span[2] <= start or span[1] >= end for _, start, end in kept):
                kept.append(span)
        kept.sort(key=lambda s: s[1])
        return tuple(
            Found(name, start, end, self._value(name, text[start:end])) for name, start, end in kept
        )

    def _regex_spans(self, text: str) -> list[tuple[str, int, int]]:
        spans = []
        for name, regex in self._regexes:
            group = "value" if "value" in regex.groupindex else 0
            for match in regex.finditer(text):
                start, end = match.span(group)
                if start < end:
                    spans.append((name, start, end))
        return spans

    def _phrase_spans(self, text: str) -> list[tuple[str, int, int]]:
        if self._nlp is None:
            return []
        doc = self._nlp(text)
        return [(span.label_, span.start_char, span.end_char) for span in doc.spans["ruler"]]

    def _value(self, name: str, text: str) -> str:
        known = self._synonyms.get(text.lower())
        if known is not None:
            return known
        normalise = self._normalise.get(name)
        return normalise(text) if normalise else text


def compile_regex(name: str, pattern: str, flags: int) -> re.Pattern[str]:
    """Compile one pattern; its group named `value`, if it has one, is what counts as the entity."""
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise ValueError(f"the regex for '{name}' is broken ({error}): {pattern}") from error


def _normaliser(kind: str) -> Callable[[str], str]:
    if kind not in NORMALISERS:
        raise ValueError(f"unknown normaliser '{kind}'; there are {', '.join(NORMALISERS)}")
    return NORMALISERS[kind]


def _pipeline(language: str, phrases: Sequence[tuple[str, str]], *, case_sensitive: bool) -> Any:
    """Return spaCy's blank pipeline with a span ruler over the phrases; None when there are none."""
    if not phrases:
        return None
    nlp = spacy.blank(language)
    config = {"phrase_matcher_attr": "ORTH" if case_sensitive else "LOWER", "annotate_ents": False}
    ruler: Any = nlp.add_pipe("span_ruler", config=config)
    ruler.add_patterns([{"label": name, "pattern": phrase} for name, phrase in sorted(set(phrases))])
    return nlp
