"""What a customer's text or a button's payload says, apart from any model. Pure; needs no Rasa."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.message import MAX_TEXT, Entity, IntentScore, Nlu
from bot.domain.mood import from_data
from bot.engine.clauses import Part

FALLBACK_INTENT = "nlu_fallback"
MAX_RANKED = 5
ALSO = "also"
"""The entity of an annotation that names a further matter of the same message: an intent."""
MOOD = "mood"
"""The key of the mood in parse data; see `bot.nlu.mood_component`."""

_PAYLOAD = re.compile(r"/(?P<intent>[^\s{}@/]+)(?:@[\d.]+)?\s*(?P<entities>\{.*\})?\s*", re.DOTALL)
_COMMAND = re.compile(r"[^\s{]+\s*(?:\{.*)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A typed text as the classifier may see it; `offset` characters were left out at its start.

    `command` says that it looks like a command (`/restart`, `/intent{...}`): there is nothing to
    understand in it, and it is answered as a text that was not understood.
    """

    text: str
    offset: int = 0
    command: bool = False


def _invisible(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn")


def _slash(char: str) -> bool:
    return unicodedata.normalize("NFKC", char)[:1] == "/"


def read_typed(text: str) -> Typed:
    """Take away what would make Rasa read a text as a command, and bound its length.

    Rasa takes any text whose first visible character is "/" for an intent of that name. Blanks,
    zero-width characters and look-alikes (full-width "/") before or instead of it count as well.
    """
    text = text[:MAX_TEXT]
    start, slashes = 0, 0
    while start < len(text) and (_invisible(text[start]) or _slash(text[start])):
        slashes += _slash(text[start])
        start += 1
    if not slashes:
        return Typed(text=text)
    rest = text[start:]
    visible = "".join(c for c in rest if unicodedata.category(c) != "Cf").strip()
    return Typed(text=rest, offset=start, command=not visible or bool(_COMMAND.fullmatch(visible)))


def read_payload(payload: str) -> dict[str, Any] | None:
    """Return Rasa's parse data for `/intent{"entity": "value"}`, or None if it is malformed."""
    match = _PAYLOAD.fullmatch(payload.strip())
    if match is None:
        return None
    try:
        named = json.loads(match["entities"] or "{}")
    except ValueError:
        return None
    entities = [
        {"entity": name, "value": value, "start": -1, "end": -1, "extractor": "payload"}
        for name, values in named.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return parse_data(payload, [{"name": match["intent"], "confidence": 1.0}], entities)


def not_understood(text: str) -> dict[str, Any]:
    """Return parse data in which nothing was understood."""
    return parse_data(text, [{"name": FALLBACK_INTENT, "confidence": 1.0}], [])


def parse_data(text: str, ranking: list[dict[str, Any]], entities: list[dict[str, Any]]) -> dict[str, Any]:
    """Build Rasa's parse data with the likeliest intents only."""
    best = ranking[0] if ranking else {"name": None, "confidence": 0.0}
    return {
        "text": text,
        "intent": dict(best),
        "entities": entities,
        "intent_ranking": [dict(i) for i in ranking[: MAX_RANKED + 1]],
    }


def tidy(parsed: dict[str, Any], typed: Typed, shown: str) -> dict[str, Any]:
    """Reduce a classifier's result to plain values, with positions in the text as it was typed."""
    ranking = [
        {"name": i["name"], "confidence": float(i["confidence"])}
        for i in parsed.get("intent_ranking") or ()
        if i.get("name")
    ]
    best = parsed.get("intent") or {}
    if best.get("name") and (not ranking or ranking[0]["name"] != best["name"]):
        top = {"name": best["name"], "confidence": float(best.get("confidence") or 0.0)}
        ranking = [top, *(i for i in ranking if i["name"] != best["name"])]
    entities = [_moved(e, typed.offset) for e in parsed.get("entities") or ()]
    return {**parse_data(shown, ranking, entities), **_extras(parsed)}


def tidy_part(part: Part, typed: Typed) -> Part:
    """Reduce a part's parse data to plain values; its positions become those in the whole message."""
    parsed = tidy(part.parsed, Typed(text=part.text), part.text)
    start, said, end = (at + typed.offset for at in (part.start, part.said, part.end))
    return replace(part, start=start, said=said, end=end, parsed=parsed)


def together(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the parse data of a divided message: the first matter's, the others as entities `also`."""
    first, *rest = parts
    found = [_moved(e, part.said) for part in parts for e in part.parsed["entities"] if e["start"] >= 0]
    also = [{"entity": ALSO, "value": part.intent, "start": -1, "end": -1} for part in rest]
    return {**first.parsed, "entities": [*found, *also]}


def _extras(parsed: dict[str, Any]) -> dict[str, Any]:
    # Read by later actions of the same turn: a response selector's choice, and the mood.
    return {key: parsed[key] for key in ("response_selector", MOOD) if key in parsed}


def _moved(entity: dict[str, Any], offset: int) -> dict[str, Any]:
    moved = {k: v for k, v in entity.items() if k not in ("confidence_entity", "processors")}
    for key in ("start", "end"):
        if isinstance(moved.get(key), int) and moved[key] >= 0:
            moved[key] += offset
    return moved


def to_nlu(parsed: dict[str, Any]) -> Nlu:
    """Return what was understood; a fallback keeps the real intents in their order."""
    ranking = parsed.get("intent_ranking") or []
    name = (parsed.get("intent") or {}).get("name")
    real = [i for i in ranking if i["name"] != FALLBACK_INTENT]
    return Nlu(
        intents=tuple(
            IntentScore(name=i["name"], confidence=round(float(i["confidence"]), 4))
            for i in real[:MAX_RANKED]
        ),
        entities=tuple(_entity(e) for e in parsed.get("entities") or ()),
        fallback=name is None or name == FALLBACK_INTENT,
        mood=from_data(parsed.get(MOOD)),
    )


def _entity(found: dict[str, Any]) -> Entity:
    value = found.get("value")
    return Entity(
        name=str(found.get("entity")),
        value=value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str),
        start=_position(found.get("start")),
        end=_position(found.get("end")),
    )


def _position(value: Any) -> int:
    return value if isinstance(value, int) else -1
