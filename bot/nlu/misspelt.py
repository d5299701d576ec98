"""Names of a lookup table as customers type them: with a letter wrong, in the plural, without the hyphen.

spaCy's phrase matcher finds what is spelled as in the table. Its fuzzy token patterns are tried one by one,
which took three times as long for 40 names as everything else together, and more with each further name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from spacy.matcher.levenshtein import levenshtein

from bot.nlu.reading import Reading

SHORTEST = 5
"""Letters from which a word may have a letter wrong; a shorter one may only have two of them swapped."""
LONG = 8
"""Letters from which two may be wrong."""
SWAPPABLE = 4
MAX_WRONG = 2
"""Words of a name that may be misspelt."""

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s,'/-]{0,3}")


@dataclass(frozen=True, slots=True)
class _Name:
    words: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


class Misspelt:
    """Finds names; a name of one word must be nearer to what was typed than one of several."""

    def __init__(self, names: Iterable[tuple[str, str]], *, never: Set[str] = frozenset()) -> None:
        """Take (name, value) pairs; words of `never` are common ones, which are always meant as typed."""
        self._never = never
        self._starting: defaultdict[str, list[_Name]] = defaultdict(list)
        self._sharing: defaultdict[str, set[str]] = defaultdict(set)
        self._words: set[str] = set()
        for name, value in names:
            words = tuple(_WORD.findall(name.lower()))
            if words:
                self._starting[words[0]].append(_Name(words, value))
                self._words.update(words)
        for word in self._words:
            for part in _parts(word):
                self._sharing[part].add(word)
        self._meant: dict[str, tuple[str, ...]] = {}

    def find(self, text: str) -> Iterator[Reading]:
        """Yield the names in a text, overlapping ones too."""
        typed = [_Word(m[0].lower(), *m.span()) for m in _WORD.finditer(text)]
        meant = [self._words_meant(word.text) for word in typed]
        for at, words in enumerate(meant):
            for first in words:
                for name in self._starting.get(first, ()):
                    if self._fits(name, typed[at:], meant[at:], text):
                        yield Reading(typed[at].start, typed[at + len(name.words) - 1].end, name.value)

    def _fits(self, name: _Name, typed: list[_Word], meant: list[tuple[str, ...]], text: str) -> bool:
        if len(typed) < len(name.words):
            return False
        wrong = 0
        for place, word in enumerate(name.words):
            if word not in meant[place]:
                return False
            if place and not _BETWEEN.fullmatch(text, typed[place - 1].end, typed[place].start):
                return False
            if word != typed[place].text.removesuffix("s") and word != typed[place].text:
                wrong += 1
                if len(name.words) == 1 and not _alone(typed[place].text, word):
                    return False
        return wrong <= MAX_WRONG

    def _words_meant(self, typed: str) -> tuple[str, ...]:
        """Return the known words that a typed one may be."""
        known = {word for word in (typed, typed.removesuffix("s"), f"{typed}s") if word in self._words}
        if known or len(typed) < SWAPPABLE or typed in self._never or not typed.isalpha():
            return tuple(sorted(known))
        found = self._meant.get(typed)
        if found is None:
            found = tuple(sorted(word for word in self._candidates(typed) if _near(typed, word)))
            if len(self._meant) >= 4_096:
                self._meant.clear()
            self._meant[typed] = found
        return found

    def _candidates(self, typed: str) -> set[str]:
        return set().union(*(self._sharing.get(part, ()) for part in _parts(typed)))


def _parts(word: str) -> Iterator[str]:
    """Yield what two near spellings share: one of the ends, or the letters."""
    yield f"^{word[:2]}"
    yield f"{word[-3:]}$"
    yield "".join(sorted(word))


def _near(typed: str, word: str) -> bool:
    if len(word) < SWAPPABLE or not word.isalpha():
        return False
    if len(typed) == len(word) and typed[0] == word[0] and _swapped(typed, word):
        return True
    if len(word) < SHORTEST or len(typed) < SHORTEST - 1:
        return False
    bound = 2 if len(word) >= LONG else 1
    return levenshtein(typed, word, bound) <= bound or (
        typed.endswith("s") and levenshtein(typed[:-1], word, bound) <= bound
    )


def _alone(typed: str, word: str) -> bool:
    """Say whether a single word is near enough with nothing beside it that helps."""
    return (
        len(word) > SHORTEST
        and typed[0] == word[0]
        and levenshtein(typed, word, 3) <= (2 if len(word) >= LONG else 1)
    )


def _swapped(one: str, other: str) -> bool:
    """Say whether two neighbouring letters are swapped and nothing else differs."""
    places = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return (
        len(places) == 2
        and places[1] == places[0] + 1
        and one[places[0]] == other[places[1]]
        and one[places[1]] == other[places[0]]
    )
