"""What a customer's earlier messages say about the mood of a new one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.mood import Earlier, Situation
from bot.nlu.mood_signs import loud
from bot.nlu.mood_words import plain, tokens

ALIKE = 0.65
"""Share of common words from which two messages say the same."""
ALIKE_SAME_INTENT = 0.5
"""The same of at least two words when the classifier reads the same wish in both."""
MANY = 3
"""Words from which the very same message is a repetition whatever it is about, and capitals a habit."""
MOST_STUCK = 4
"""Messages in a row that are counted: it is not the customer's fault, and not yet anger."""
LOOK_BACK = 6
"""Earlier messages that are compared."""

_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an the is are was were be been am i im ive id you your u ur we it its this that there here to"
        " for of on in at by with from and or but so then now just also please pls plz thanks thank hi"
        " hello hey dear ok okay yes yeah no not my me do does did have has had can could would will shall"
        " may might what when where which who how why if about as again still already yet want need like",
    )
)
"""Words that say nothing of what a message is about."""
_ENDINGS = re.compile(r"(?:ing|ed|es|s)$")


def subject(text: str) -> frozenset[str]:
    """Return the words that say what a message is about, without their endings."""
    words = (token.word for token in tokens(plain(text)))
    kept = (word for word in words if word not in _EMPTY and any(c.isalnum() for c in word))
    return frozenset(_ENDINGS.sub("", word) if len(word) > 4 else word for word in kept)


def alike(new: str, old: str, *, same_intent: bool = False) -> float:
    """Return 1 if two messages say the same, 0.5 if the new one is a part of the old, else 0.

    Other numbers make another matter.
    """
    if _words(new) == _words(old) and len(_words(new)) >= MANY:
        return 1.0
    a, b = subject(new), subject(old)
    numbers, others = _numbers(a), _numbers(b)
    if not a or not b or (numbers and others and not numbers & others):
        return 0.0
    common = len(a & b)
    share = common / len(a | b)
    if (
        share >= ALIKE
        or common == len(a) > 1
        or (same_intent and common > 1 and share >= ALIKE_SAME_INTENT)
    ):
        return 1.0
    return 0.5 if common == len(a) else 0.0


def _words(text: str) -> list[str]:
    return [token.word for token in tokens(plain(text)) if token.word[0].isalnum()]


def _numbers(words: frozenset[str]) -> set[str]:
    return {word for word in words if any(c.isdigit() for c in word)}


def repeated(text: str, situation: Situation) -> list[str]:
    """Return the customer's messages right before that said the same, the newest first.

    One of which the text is only a part counts beside others; another matter or thanks ends the row.
    """
    found: list[str] = []
    parts: list[str] = []
    for earlier in situation.earlier[: -LOOK_BACK - 1 : -1]:
        same = bool(situation.intent) and situation.intent == earlier.intent
        how = alike(text, earlier.text, same_intent=same)
        if not how:
            break
        (found if how == 1 else parts).append(earlier.text)
    return [*found, *parts] if found else []


def stuck(earlier: Sequence[Earlier]) -> int:
    """Return how many of the newest messages in a row led nowhere.

    They were not understood, or the form asked the same again.
    """
    count = 0
    for at in range(len(earlier) - 1, -1, -1):
        message = earlier[at]
        same = at > 0 and bool(message.asked) and message.asked == earlier[at - 1].asked
        if not message.fell and (message.aside or not same):
            break
        count += 1
    return min(count, MOST_STUCK)


def always_loud(earlier: Sequence[Earlier]) -> bool:
    """Say whether somebody writes in capitals by habit."""
    texts = [message.text for message in earlier if len(message.text.split()) >= MANY]
    return bool(texts) and all(loud(text) is not None for text in texts)
