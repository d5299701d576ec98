"""Why two intents are confused, in plain words: what a trainer could do about it. Pure text work."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from bot.training.examples import OURS, Example, bare, plain_words
from bot.training.measure import OUT_OF_SCOPE, Prediction, Row

MOST = 12
"""Confusions that are explained."""
_NEAR = 0.6
"""Likeness from which one example may be the whole reason."""
_FEW = 40
"""Examples that an intent should have at least; see data/README.md."""
_UNKNOWN = "Write examples of {truth} that sound like what was said."
_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixed:
    """Messages of intent `truth` that were taken for `predicted`, and hints at what to do."""

    truth: str
    predicted: str
    messages: tuple[tuple[str, float], ...]
    hints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """An example as it is compared with messages."""

    example: Example
    grams: frozenset[str]
    terms: frozenset[str]


class Explainer:
    """Knows a project's examples and compares messages with them."""

    def __init__(self, examples: Iterable[Example]) -> None:
        """Take over the examples of `read_examples`."""
        self._known = [_known(e) for e in examples if not e.intent.startswith(OURS)]

    @cached_property
    def _terms(self) -> dict[str, Counter[str]]:
        """Return for each intent in how many of its examples a word, or two together, stand."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for known in self._known:
            found[known.example.intent].update(known.terms)
        return dict(found)

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(known.example.intent for known in self._known)

    def explain(self, rows: Sequence[Row], predictions: Sequence[Prediction]) -> list[Mixed]:
        """Return the worst confusions in scope, most messages first."""
        pairs: defaultdict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for row, seen in zip(rows, predictions, strict=True):
            if row.intent not in OUT_OF_SCOPE and row.intent != seen.intent:
                pairs[row.intent, seen.intent].append((row.text, seen.confidence))
        worst = sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST]
        return [
            Mixed(
                truth=truth,
                predicted=predicted,
                messages=tuple(messages),
                hints=tuple(self._hints(truth, predicted, [text for text, _ in messages])),
            )
            for (truth, predicted), messages in worst
        ]

    def _hints(self, truth: str, predicted: str, texts: Sequence[str]) -> list[str]:
        hints = [*self._nearest(predicted, texts), *self._words(truth, predicted, texts)]
        if self._counts[truth] < _FEW:
            count = self._counts[truth]
            few = f"{truth} has {count} example{'' if count == 1 else 's'}"
            hints.append(f"{few}, {predicted} has {self._counts[predicted]}: write more for {truth}.")
        return hints or [self._nearest_of_both(truth, predicted, texts[0])]

    def _nearest_of_both(self, truth: str, predicted: str, text: str) -> str:
        right, wrong = self._like(text, truth), self._like(text, predicted)
        if right is None or wrong is None:
            return _UNKNOWN.format(truth=truth)
        return (
            f"Nearest are {_quoted(right[1])} of {truth} and {_quoted(wrong[1])} of {predicted}. "
            + _UNKNOWN.format(truth=truth)
        )

    def _nearest(self, predicted: str, texts: Sequence[str]) -> list[str]:
        """Say how many messages are nearest to an example of the wrong intent."""
        near = [(found, text) for text in texts if (found := self._like(text))]
        wrong = [(found, text) for found, text in near if found[1].example.intent == predicted]
        if not wrong:
            return []
        (share, known), _ = max(wrong, key=lambda pair: pair[0][0])
        example = f"{_quoted(known)} ({known.example.path.name})"
        if share >= _NEAR:
            return [f"{example} stands under {predicted} and is close to them: does it belong there?"]
        which = "This message is" if len(texts) == 1 else f"{len(wrong)} of these {len(texts)} messages are"
        return [f"{which} nearest to examples that stand under {predicted}, such as {example}."]

    def _like(self, text: str, intent: str = "") -> tuple[float, _Known] | None:
        """Return the example, of an intent or of any, that has most letters in common with a text."""
        grams = _grams(plain_words(text))
        known = (k for k in self._known if not intent or k.example.intent == intent)
        scored = ((len(grams & k.grams) / len(grams | k.grams), k) for k in known)
        best = max(scored, key=lambda pair: pair[0], default=None)
        return best if best and best[0] > 0 else None

    def _words(self, truth: str, predicted: str, texts: Sequence[str]) -> list[str]:
        """Name words of the messages that are in examples of the wrong intent rather than the right."""
        right, wrong = self._terms.get(truth, Counter()), self._terms.get(predicted, Counter())
        told: Counter[str] = Counter(term for text in texts for term in _terms(plain_words(text)))
        least = 1 if len(texts) < 3 else 2
        share = self._counts[predicted] / max(self._counts[truth], 1)
        scored = [
            (told[term] * self._telling(term) * (wrong[term] - share * right[term]), term)
            for term, count in told.items()
            if count >= least and wrong[term] >= 3 and wrong[term] > 3 * share * right[term]
        ]
        score, term = max(scored, default=(0.0, ""))
        if score <= 0:
            return []
        has = f"{right[term]} of {truth}" if right[term] else f"none of {truth}"
        seen = f"'{term}' is in {wrong[term]} examples of {predicted} and {has}"
        return [f"{seen}: give {truth} examples with '{term}'."]

    def _telling(self, term: str) -> float:
        """Return how much a word says of an intent: nothing, when a third of all intents have it."""
        owners = sum(1 for terms in self._terms.values() if terms[term] > 1)
        return max(0.0, math.log(len(self._terms) / 3 / max(owners, 1)))


def explainer(project: Path) -> Explainer:
    """Return one that knows the project's examples. Raises ConfigError."""
    from bot.training.examples import read_examples

    return Explainer(read_examples(project))


def _known(example: Example) -> _Known:
    words = example.words
    return _Known(example=example, grams=_grams(words), terms=frozenset(_terms(words)))


def _quoted(known: _Known) -> str:
    return f'"{bare(known.example.text)}"'


def _grams(words: str) -> frozenset[str]:
    padded = f"  {words} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _terms(words: str) -> set[str]:
    """Return the words of three letters or more, and all words two by two."""
    found = _WORD.findall(words)
    return {w for w in found if len(w) > 2} | {f"{a} {b}" for a, b in pairwise(found)}
