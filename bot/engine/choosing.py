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


def _meant(parsed: dict[str, Any], buttons: Offered) -> Mapping[str, Any] | None:
    said = _plain(parsed["text"])
    titled = [b for b in buttons if said and _plain(str(b.get("title") or "")) == said]
    if titled:
        return titled[0]
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
