"""Words, as people look for them: without case and accents, each perhaps only begun.

The search index of SQLite holds words in this form, so a change of `fold` needs a new WORDS_VERSION.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WORDS_VERSION = f"1/{unicodedata.unidata_version}"
"""Which rules made an index; one that was made by others is made anew."""
MAX_QUERY = 500
"""Characters of a query that are looked at."""
MAX_WORDS = 12
"""Words of a query that are looked for; the rest is left out."""
LEAST_BEGUN = 3
"""Latin letters or digits from which on a word may be the beginning of another one: two begin too many."""
MAX_WORD = 64
"""Characters of a word that count."""

# Letters and digits with the marks that stand on them, in any script.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0980-\u0983\u09bc-\u09cd\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u20d0-\u20ff\ufe20-\ufe2f"
)
_WORD = re.compile(rf"(?:[^\W_][{_MARKS}]*)+")
_PLAIN = re.compile(r"[a-z0-9]+")
_AROUND = 60
"""Characters that a snippet shows before its first hit."""
_SNIPPET = 200


def fold(word: str) -> str:
    """Return a word without case and accents, of letters and digits alone; perhaps nothing is left."""
    if word.isascii():
        return word.lower()[:MAX_WORD]
    # Twice: what folding a letter's case gives may have an accent of its own.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(letter for letter in plain if letter.isalnum())[:MAX_WORD]


def words_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word of a text, folded, with where it begins and ends there."""
    for found in _WORD.finditer(text):
        if word := fold(found.group()):
            yield word, found.start(), found.end()


def folded(text: str) -> str:
    """Return a text's words, folded, each once, with blanks between."""
    if text.isascii():
        # The same, in a tenth of the time.
        return " ".join(dict.fromkeys(word[:MAX_WORD] for word in _PLAIN.findall(text.lower())))
    return " ".join(dict.fromkeys(word for word, _, _ in words_in(text)))


def asked(query: str) -> tuple[str, ...]:
    """Return the words that a query asks for; none when it has no letter or digit."""
    found = dict.fromkeys(word for word, _, _ in words_in(query[:MAX_QUERY]))
    return tuple(found)[:MAX_WORDS]


def may_begin(asked_for: str) -> bool:
    """Say whether what is asked for may be the beginning of a word, or is meant as it is."""
    return len(asked_for) >= (LEAST_BEGUN if asked_for.isascii() else 2)


def means(word: str, asked_for: str) -> bool:
    """Say whether a word is what is asked for."""
    return word.startswith(asked_for) if may_begin(asked_for) else word == asked_for


def holds(text: str, asked_for: Sequence[str]) -> bool:
    """Say whether a text has every word that is asked for."""
    there = {word for word, _, _ in words_in(text)}
    return all(any(means(word, one) for word in there) for one in asked_for)


def names_hold(names: str, asked_for: Sequence[str]) -> bool:
    """Say whether a customer's names have everything that is asked for, however short: there are few."""
    there = {word for word, _, _ in words_in(names)}
    return all(any(word.startswith(one) for word in there) for one in asked_for)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a snippet; `hit` for what was looked for."""

    text: str
    hit: bool


def snippet(text: str, asked_for: Sequence[str]) -> tuple[Part, ...]:
    """Return a piece of a text around what was asked for, the hits apart."""
    hits = [(start, end) for word, start, end in words_in(text) if any(means(word, a) for a in asked_for)]
    begin = _beginning(text, hits[0][0] if hits else 0)
    stop = min(len(text), max(begin + _SNIPPET, hits[0][1] if hits else 0))
    parts = [Part("…", False)] if begin else []
    at = begin
    for start, end in hits:
        if end > stop:
            break
        parts += [Part(text[at:start], False), Part(text[start:end], True)]
        at = end
    parts.append(Part(text[at:stop] + ("…" if stop < len(text) else ""), False))
    return tuple(part for part in parts if part.text)


def _beginning(text: str, hit: int) -> int:
    """Return where to begin, so that the hit has something before it: at a word."""
    if hit <= _AROUND:
        return 0
    blank = text.find(" ", hit - _AROUND, hit)
    return hit - _AROUND if blank < 0 else blank + 1
