"""Choosing by words what was offered as buttons: by title, or by the place in the list. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.engine.reading import FALLBACK_INTENT, read_payload

ORDINAL = "ordinal"
"""The entity by which trainers' data name a place in a list: "1", "2" ... or "last"."""
LAST = "last"
INFORM = "inform"
OPEN = frozenset({INFORM, "other_order", "affirm", FALLBACK_INTENT})
"""Intents of messages that say too little by themselves; a choice says what they mean."""
REPEAT, AFFIRM, DENY = "repeat", "affirm", "deny"
ASKED_BACK, ARTICLE = "asked_back", "product"
"""Entities of a question about the bot's question, and of an article that is offered."""
DOUBT = frozenset({"hesitation", ORDINAL})
"""Entities that make a yes doubtful."""
SURE = 0.6
SHORT = 5
"""Words up to which "the second one" may be all that a message says."""

Offered = Sequence[Mapping[str, Any]]


def offered(events: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Return the buttons of what the bot said last, from the dialogue's events."""
    found: list[list[Mapping[str, Any]]] = []
    for event in reversed(list(events)):
        if event.type_name == "user":
            break
        if event.type_name == "bot" and event.data.get("buttons"):
            found.append(event.data["buttons"])
    return [button for buttons in reversed(found) for button in buttons]


def offered_last(events: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Return the buttons of the newest message that has any, if the bot said it last."""
    for event in reversed(list(events)):
        if event.type_name == "user":
            break
        if event.type_name == "bot" and event.data.get("buttons"):
            return list(event.data["buttons"])
    return []


def choose(parsed: dict[str, Any], buttons: Offered) -> dict[str, Any]:
    """Return the parse data of a typed text, read as a choice among `buttons` if it is one.

    A choice of a value ("the second one" among orders) adds the value to what was said, so that "cancel
    the second one" stays a wish to cancel; a choice of something to do is taken only if nothing else is
    said.
    """
    button = _meant(parsed, buttons)
    chosen = read_payload(str(button.get("payload") or "")) if button else None
    if chosen is None:
        return parsed
    intent, by_title = parsed["intent"].get("name"), ORDINAL not in _kinds(parsed)
    if by_title or intent is None or intent in OPEN:
        return {**chosen, "text": parsed["text"]}
    if chosen["intent"]["name"] == INFORM:
        return {**parsed, "entities": [*parsed["entities"], *chosen["entities"]]}
    return parsed


def answering(parsed: dict[str, Any], last: Offered, *, asked: bool) -> dict[str, Any]:
    """Return the parse data of a typed text in the light of the bot's own last question.

    With `asked`, while a form waits: a question about that question is the wish to hear more of it, and no
    answer. Otherwise: a yes to a choice between something and no is that something, and words that only
    one of several articles has are that article. `last` are the buttons of the newest message.
    """
    if asked:
        return _as(REPEAT, parsed) if ASKED_BACK in _kinds(parsed) else parsed
    if parsed["intent"].get("name") not in OPEN:
        return parsed
    button = _named(parsed["text"], last) or _agreed(parsed, last)
    chosen = read_payload(str(button.get("payload") or "")) if button else None
    return {**chosen, "text": parsed["text"]} if chosen else parsed


def _as(intent: str, parsed: dict[str, Any]) -> dict[str, Any]:
    best = {"name": intent, "confidence": 1.0}
    rest = [i for i in parsed.get("intent_ranking") or () if i.get("name") != intent]
    return {**parsed, "intent": best, "intent_ranking": [best, *rest]}


def _agreed(parsed: dict[str, Any], buttons: Offered) -> Mapping[str, Any] | None:
    """Return what a plain yes takes up, when the choice was between one thing and no."""
    no = [b for b in buttons if str(b.get("payload")) == f"/{DENY}"]
    rest = [b for b in buttons if b not in no]
    yes = parsed["intent"].get("name") == AFFIRM and float(parsed["intent"].get("confidence") or 0) >= SURE
    plain = "?" not in parsed["text"] and not _kinds(parsed) & DOUBT
    return rest[0] if yes and plain and len(no) == 1 and len(rest) == 1 else None


def _named(text: str, buttons: Offered) -> Mapping[str, Any] | None:
    """Return the one article that a text names by words which no other of the offered ones has."""
    words = [_words_of(button) for button in buttons]
    said = set(_plain(text).split())
    if len(text.split()) > SHORT or sum(bool(found) for found in words) < 2:
        return None
    own = [
        {w for w in said & found if all(w not in other for other in words if other is not found)}
        for found in words
    ]
    hits = [button for button, found in zip(buttons, own, strict=True) if found]
    return hits[0] if len(hits) == 1 else None


def _words_of(button: Mapping[str, Any]) -> set[str]:
    chosen = read_payload(str(button.get("payload") or ""))
    values = [e["value"] for e in chosen["entities"] if e["entity"] == ARTICLE] if chosen else []
    return set(_plain(" ".join(map(str, values))).split())


def titled(text: str, buttons: Offered) -> Mapping[str, Any] | None:
    """Return the button whose title a text is."""
    said = _plain(text)
    return next((b for b in buttons if said and _plain(str(b.get("title") or "")) == said), None)


def _meant(parsed: dict[str, Any], buttons: Offered) -> Mapping[str, Any] | None:
    by_title = titled(parsed["text"], buttons)
    if by_title:
        return by_title
    places = [str(e["value"]) for e in parsed["entities"] if e.get("entity") == ORDINAL]
    if len(places) != 1 or len(parsed["text"].split()) > SHORT:
        return None
    if places[0] == LAST:
        return buttons[-1] if buttons else None
    place = int(places[0]) if places[0].isdecimal() else 0
    return buttons[place - 1] if 1 <= place <= len(buttons) else None


def _kinds(parsed: dict[str, Any]) -> set[str]:
    return {str(e.get("entity")) for e in parsed["entities"]}


def _plain(text: str) -> str:
    """Return a text without case, signs and needless blanks; "yes?" is not "Yes"."""
    kept = (c if c.isalnum() or c == "?" else " " for c in unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(kept).split())
