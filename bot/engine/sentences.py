"""A message of several sentences: what it is about, when politeness or asides hide it. Pure.

A classifier sees one bag of words: "Hello dear, thank you, my parcel has not come" is then a greeting.
Each sentence is read by itself as well, and what the message wants is what its clearest sentence wants.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

ALSO = "also"
"""The entity that names a further matter of the same message: an intent."""
TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "stop", "help", "inform", "nlu_fallback"})
"""Intents that give way to a matter named in another sentence."""
POLITE = frozenset({"greet", "thank"})
LEAVING = frozenset({"goodbye"})
KEPT = frozenset({"bot_challenge", "repeat", "other_order", "contact_human_agent"})
"""Intents that neither give way nor count as a further matter."""
SURE = 0.6
VERY_SURE = 0.8
"""Confidence of a sentence that counts, and of one that counts beside another."""
MAX_SENTENCES = 6
MIN_WORDS = 3

_END = re.compile(
    r"(?<=[.!?\n])\s+|\s+(?:but|also|and also|oh and|plus|by the way|btw|one more thing)[,:]?\s+"
)

Parse = Callable[[str], dict[str, Any]]


def split(text: str) -> list[str]:
    """Return the sentences of a text that say something, at most `MAX_SENTENCES`."""
    parts = [part.strip() for part in _END.split(text)]
    return [part for part in parts if any(c.isalpha() for c in part)][:MAX_SENTENCES]


def read(text: str, whole: dict[str, Any], parse: Parse, *, asked: bool = False) -> dict[str, Any]:
    """Return the parse data of a message, by its sentences if it has several.

    The whole stays what it is unless it is mere talk, or not understood, and a sentence is clear. Other
    matters that are very clear are added as entities `also`. With `asked`, while a form waits for an
    answer, only politeness gives way: anything else may be that answer.
    """
    sentences = split(text)
    if len(sentences) < 2 or (asked and (whole.get("intent") or {}).get("name") not in POLITE):
        return whole
    found = [(name, score, part) for name, score, part in _read(sentences, parse) if score >= SURE]
    matters = [(name, score) for name, score, part in found if _matter(name, part)]
    intent = str((whole.get("intent") or {}).get("name") or "nlu_fallback")
    chosen = intent
    if intent in TALK:
        leaves = bool(found) and found[-1][0] in LEAVING
        chosen = matters[0][0] if matters else (found[-1][0] if leaves else intent)
    others = [name for name, score in matters if score >= VERY_SURE and name != chosen]
    if chosen == intent and not others:
        return whole
    scores = {name: score for name, score, _ in found}
    return _with(whole, chosen, scores.get(chosen), list(dict.fromkeys(others)))


def _read(sentences: list[str], parse: Parse) -> list[tuple[str, float, str]]:
    parsed = [(parse(part).get("intent") or {}, part) for part in sentences]
    return [(str(i.get("name")), float(i.get("confidence") or 0.0), part) for i, part in parsed]


def _matter(name: str, part: str) -> bool:
    return name not in TALK and name not in KEPT and len(part.split()) >= MIN_WORDS


def _with(
    whole: dict[str, Any], chosen: str, confidence: float | None, others: list[str]
) -> dict[str, Any]:
    """Return parse data with another intent in front and further matters among the entities."""
    more = [
        {"entity": ALSO, "value": name, "start": -1, "end": -1, "extractor": "sentences"} for name in others
    ]
    result = {**whole, "entities": [*(whole.get("entities") or ()), *more]}
    if confidence is None or chosen == (whole.get("intent") or {}).get("name"):
        return result
    rest = [i for i in whole.get("intent_ranking") or () if i.get("name") != chosen]
    best = {"name": chosen, "confidence": confidence}
    return {**result, "intent": best, "intent_ranking": [best, *rest]}
