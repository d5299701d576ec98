"""What came before a message, for its mood: read from the dialogue's events. Pure; needs no Rasa."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from bot.domain.mood import Earlier, Situation
from bot.engine.reading import FALLBACK_INTENT, MOOD

FALLBACK = "fallback"
"""Part of the names of actions that answer what was not understood."""
ANSWERS = frozenset({"inform", "affirm", "deny", "", "None", FALLBACK_INTENT})
"""Intents of what may be an answer to a form's question; all others are about something else."""
LOOK_BACK = 6
"""The customer's earlier messages that are looked at."""


class ReadsMoods(Protocol):
    """The model's component for moods (`bot.nlu.mood_component`), found by what it can do."""

    def in_conversation(self, parsed: dict[str, Any], situation: Situation) -> dict[str, Any]:
        """Return the annotation of parse data with what the earlier messages add."""


def reader_among(components: Iterable[Any]) -> ReadsMoods | None:
    """Return the model's component for moods, if it has one."""
    return next((part for part in components if hasattr(part, "in_conversation")), None)


def felt(parsed: dict[str, Any], events: Iterable[Any], reader: ReadsMoods | None) -> dict[str, Any]:
    """Return parse data whose mood knows of the customer's earlier messages."""
    if reader is None or MOOD not in parsed:
        return parsed
    intent = str((parsed.get("intent") or {}).get("name") or "")
    situation = Situation(earlier=earlier(events), intent="" if intent == FALLBACK_INTENT else intent)
    return {**parsed, MOOD: reader.in_conversation(parsed, situation)}


def earlier(events: Iterable[Any]) -> tuple[Earlier, ...]:
    """Return what the customer typed before, oldest first, and what became of it; no pressed buttons."""
    found: list[Earlier] = []
    fell, asked = False, ""
    for event in reversed(list(events)):
        kind = event.type_name
        if kind == "action":
            fell = fell or FALLBACK in str(event.action_name)
        elif kind == "slot" and event.key == "requested_slot":
            asked = asked or str(event.value or "-")
        elif kind == "user":
            if _typed(event):
                intent = str((event.intent or {}).get("name") or "")
                aside = intent not in ANSWERS
                found.append(
                    Earlier(text=event.text, intent=intent, fell=fell, asked=asked.strip("-"), aside=aside)
                )
                if len(found) == LOOK_BACK:
                    break
            fell, asked = False, ""
    return tuple(reversed(found))


def _typed(event: Any) -> bool:
    ranking = event.parse_data.get("intent_ranking") or []
    pressed = len(ranking) == 1 and (event.intent or {}).get("confidence") == 1.0
    return bool(event.text) and not pressed
