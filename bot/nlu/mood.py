"""How frustrated or abusive a message is, with evidence. Pure scoring; the words are the trainers'.

Each sign has a weight, the chance that it alone shows the mood; together they give 1 - (1-a)(1-b)…, so
that one clear phrase is enough and weak signs need company. What is quoted, praised with a swear word, said
of oneself or of an article is no sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any

from bot.domain.mood import (
    ABUSIVE,
    CALM,
    CAPITALS,
    FRUSTRATED,
    MAX_SIGNS,
    NO_PROGRESS,
    PHRASE,
    PUNCTUATION,
    REPETITION,
    SENTIMENT,
    VERY_FRUSTRATED,
    Mood,
    Sign,
    Situation,
)
from bot.nlu.mood_history import always_loud, repeated, stuck
from bot.nlu.mood_signs import denied, emphasised, harmless, insistent, loud
from bot.nlu.mood_words import Span, WordFinder, WordLists, plain, tokens

MANY_EMPHASISED = 2
"""Words in capitals of one message that count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What each sign counts, and from where on the levels begin; all 0 to 1. See config.yml.

    Attributes:
        phrase: a phrase of impatience.
        insult: an insult, a threat or strong swearing; counts for abuse.
        insulted: what an insult adds to frustration.
        further: each phrase or insult after the first, as a share of its weight.
        displeasure: each word of displeasure.
        pleasure: what words of pleasure take off every sign of frustration, as a share.
        capitals: a message in capitals.
        emphasis: single words in capitals.
        punctuation: "!!", "?!", and full stops behind each word.
        repeated: what was said right before, once.
        again: each further time that it was said.
        no_progress: each message in a row that led nowhere, beyond the first.
        frustrated_at: frustration from which a message is an upset one.
        very_frustrated_at: frustration from which a person is offered at once.
        abusive_at: abuse from which a message is abusive.
    """

    phrase: float = 0.6
    insult: float = 0.7
    insulted: float = 0.4
    further: float = 0.6
    displeasure: float = 0.3
    pleasure: float = 0.5
    capitals: float = 0.35
    emphasis: float = 0.3
    punctuation: float = 0.25
    repeated: float = 0.35
    again: float = 0.31
    no_progress: float = 0.2
    frustrated_at: float = 0.5
    very_frustrated_at: float = 0.85
    abusive_at: float = 0.5

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Weights:
        """Read them from settings. Raises ValueError for one that is unknown or not 0 to 1."""
        names = {field.name for field in fields(cls)}
        for name, value in config.items():
            if name not in names or not isinstance(value, int | float) or not 0 <= value <= 1:
                known = ", ".join(sorted(names))
                raise ValueError(f"'{name}: {value}' is no weight; there are {known}, each 0 to 1")
        return cls(**{name: float(value) for name, value in config.items()})


class MoodReader:
    """Reads moods with one set of words and weights; keeps nothing between messages."""

    def __init__(self, lists: WordLists, weights: Weights | None = None) -> None:
        """Compile the words. Raises ValueError for a broken pattern."""
        self._finder = WordFinder(lists)
        self._weights = weights or Weights()

    def read(self, text: str) -> Mood:
        """Return how a text sounds by itself."""
        shown, text, w = text, plain(text), self._weights
        words = tokens(text)
        found: dict[str, list[Span]] = {}
        for span in self._finder.find(text, words):
            found.setdefault(span.kind, []).append(span)
        glad = found.get("pleasure", [])
        insults = [s for s in found.get("abuse", ()) if not harmless(s, words, text, glad)]
        phrases = [s for s in found.get("frustration", ()) if not denied(s, words, text)]
        sad = [s for s in found.get("displeasure", ()) if not denied(s, words, text)]
        taken = w.pleasure if glad and not insults else 0.0
        signs = _phrases(phrases, shown, w.phrase * (1 - taken), w.further)
        signs += [_sign(SENTIMENT, shown, s.start, s.end, w.displeasure * (1 - taken)) for s in sad]
        signs += [] if taken else self._written(text, shown)
        abuse = _phrases(insults, shown, w.insult, w.further)
        frustration = together([*(s.weight for s in signs), *(w.insulted for _ in abuse)])
        return self._mood(frustration, together(s.weight for s in abuse), [*abuse, *signs])

    def in_conversation(self, text: str, mood: Mood, situation: Situation) -> Mood:
        """Return the same mood with what the customer's earlier messages make of it."""
        text, w = plain(text), self._weights
        signs, frustration = list(mood.evidence), mood.frustration
        if always_loud(situation.earlier):
            for sign in [sign for sign in signs if sign.kind == CAPITALS]:
                signs.remove(sign)
                frustration = max(0.0, 1 - (1 - frustration) / max(1 - sign.weight, 1e-6))
        more = [
            Sign(kind=REPETITION, text=said, weight=w.again if at else w.repeated)
            for at, said in enumerate(repeated(text, situation))
        ]
        steps = stuck(situation.earlier)
        if steps > 1:
            told = f"{steps} messages in a row led nowhere"
            weight = round(together([w.no_progress] * (steps - 1)), 3)
            more.append(Sign(kind=NO_PROGRESS, text=told, weight=weight))
        frustration = together([frustration, *(sign.weight for sign in more)])
        return self._mood(frustration, mood.abuse, [*signs, *more])

    def _written(self, text: str, shown: str) -> list[Sign]:
        """Return the signs of how it is written. With words of pleasure loudness is delight."""
        w, whole, signs = self._weights, loud(text), []
        if whole:
            signs.append(_sign(CAPITALS, shown, *whole, w.capitals))
        else:
            places = emphasised(text, self._finder.vocabulary)[:MANY_EMPHASISED]
            signs += [_sign(CAPITALS, shown, *place, w.emphasis) for place in places]
        place = insistent(text)
        return [*signs, _sign(PUNCTUATION, shown, *place, w.punctuation)] if place else signs

    def _mood(self, frustration: float, abuse: float, signs: Sequence[Sign]) -> Mood:
        w, level = self._weights, CALM
        if abuse >= w.abusive_at:
            level = ABUSIVE
        elif frustration >= w.frustrated_at:
            level = VERY_FRUSTRATED if frustration >= w.very_frustrated_at else FRUSTRATED
        strongest = sorted(signs, key=lambda sign: -sign.weight)[:MAX_SIGNS]
        return Mood(
            frustration=round(frustration, 3),
            abuse=round(abuse, 3),
            level=level,
            evidence=tuple(sign for sign in signs if sign in strongest),
        )


def together(weights: Iterable[float]) -> float:
    """Return the chance that at least one of several independent signs is right."""
    return 1.0 - prod(1.0 - weight for weight in weights)


def _phrases(spans: Sequence[Span], text: str, weight: float, further: float) -> list[Sign]:
    return [
        _sign(PHRASE, text, span.start, span.end, weight * (further if at else 1.0))
        for at, span in enumerate(spans)
    ]


def _sign(kind: str, text: str, start: int, end: int, weight: float) -> Sign:
    return Sign(kind=kind, text=text[start:end], weight=round(weight, 3))
