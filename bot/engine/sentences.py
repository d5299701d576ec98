"""A message of several sentences: what it is about, when politeness or asides hide it. Pure.

A classifier sees one bag of words: "Hello dear, thank you, my parcel has not come" is then a greeting.
Each sentence is read by itself as well, and what the message wants is what its clearest sentence wants.
A message with several clear matters is divided before this (`clauses.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "stop", "help", "inform", "nlu_fallback"})
"""Intents that give way to a matter named in another sentence."""
POLITE = frozenset({"greet", "thank"})
LEAVING = frozenset({"goodbye"})
KEPT = frozenset({"bot_challenge", "repeat", "other_order", "contact_human_agent"})
"""Intents that neither give way nor count as a further matter."""
SURE = 0.6
"""Confidence of a sentence that counts."""
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

    The whole stays what it is unless it is mere talk, or not understood, and a sentence is clear. With
    `asked`, while a form waits for an answer, only politeness gives way: anything else may be that answer.
    """
    intent = str((whole.get("intent") or {}).get("name") or "nlu_fallback")
    sentences = split(text) if intent in (POLITE if asked else TALK) else []
    if len(sentences) < 2:
        return whole
    found = [(name, score, part) for name, score, part in _read(sentences, parse) if score >= SURE]
    matters = [name for name, _, part in found if _matter(name, part)]
    leaves = bool(found) and found[-1][0] in LEAVING
    chosen = matters[0] if matters else (found[-1][0] if leaves else intent)
    scores = {name: score for name, score, _ in found}
    return whole if chosen == intent else _with(whole, chosen, scores[chosen])


def _read(sentences: list[str], parse: Parse) -> list[tuple[str, float, str]]:
    parsed = [(parse(part).get("intent") or {}, part) for part in sentences]
    return [(str(i.get("name")), float(i.get("confidence") or 0.0), part) for i, part in parsed]


def _matter(name: str, part: str) -> bool:
    return name not in TALK and name not in KEPT and len(part.split()) >= MIN_WORDS


def _with(whole: dict[str, Any], chosen: str, confidence: float) -> dict[str, Any]:
    """Return parse data with another intent in front."""
    rest = [i for i in whole.get("intent_ranking") or () if i.get("name") != chosen]
    best = {"name": chosen, "confidence": confidence}
    return {**whole, "intent": best, "intent_ranking": [best, *rest]}
