"""Signs of a mood in how a text is written: capitals, punctuation, quotes, who is meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import groupby

from bot.nlu.mood_words import Span, Token

NEGATIONS = frozenset({"not", "isnt", "wasnt", "arent", "never", "without", "hardly", "nor"})
ONESELF = frozenset({"i", "im", "myself", "am"})
NEAR = 3
"""Words before an insult in which writers may name themselves."""
MANY = 3
"""Words in capitals that make a message a loud one, if they are most of it."""
MOST = 0.7
LONG = 3
"""Letters of a single word in capitals that counts."""
FEW = 2
"""Other words beside which a word in capitals is emphasised."""

_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{2,})[\"”“»]")
_REPEATED = re.compile(r"[!?]{2,}")
_STOPPED = re.compile(r"(?:(?<!\w)\w+\.\s+){2,}\w+\.")
_LETTERS = re.compile(r"(?<![\w*#/.-])[^\W\d_]{2,}(?![\w*#/-])")
"""Words of letters alone: what stands beside digits or hyphens is a number or a code."""


def quoted(span: Span, text: str) -> bool:
    """Say whether a span stands in quotation marks that do not hold the whole message."""
    for match in _QUOTED.finditer(text):
        if match.start() < span.start and span.end < match.end():
            return len(match[0]) < len(text.strip())
    return False


def denied(span: Span, words: Sequence[Token], text: str) -> bool:
    """Say whether a phrase is denied ("not angry") or quoted."""
    before = _before(span, words)
    return bool(before and before[-1] in NEGATIONS) or quoted(span, text)


def harmless(span: Span, words: Sequence[Token], text: str, glad: Sequence[Span]) -> bool:
    """Say whether an insult is none: quoted, said of oneself, or swearing with delight."""
    near = _before(span, words)[-NEAR:]
    beside = any(abs(g.start - span.end) <= 2 or abs(span.start - g.end) <= 2 for g in glad)
    return beside or quoted(span, text) or bool(ONESELF & set(near))


def _before(span: Span, words: Sequence[Token]) -> list[str]:
    return [token.word for token in words if token.end <= span.start]


def loud(text: str) -> tuple[int, int] | None:
    """Return where a message is in capitals, from the first to the last such word; None if it is not."""
    found = list(_LETTERS.finditer(text))
    upper = [match for match in found if match[0].isupper()]
    if len(upper) < MANY or len(upper) < MOST * len(found):
        return None
    return upper[0].start(), upper[-1].end()


def emphasised(text: str, vocabulary: Set[str]) -> list[tuple[int, int]]:
    """Return the words in capitals among others that are not; neighbours are one place.

    Only words of the lists count, so that no name or code does.
    """
    found = list(_LETTERS.finditer(text))
    if sum(not match[0].isupper() for match in found) < FEW:
        return []
    runs: list[list[re.Match[str]]] = []
    for upper, matches in groupby(found, lambda match: match[0].isupper()):
        runs += [list(matches)] if upper else []
    known = [run for run in runs if any(_known(match[0], vocabulary) for match in run)]
    return [(run[0].start(), run[-1].end()) for run in known]


def _known(word: str, vocabulary: Set[str]) -> bool:
    return len(word) >= LONG and word.lower() in vocabulary


def insistent(text: str) -> tuple[int, int] | None:
    """Return the place of "!!", "?!" or of full. stops. everywhere."""
    match = _REPEATED.search(text) or _STOPPED.search(text)
    return match.span() if match else None
