"""What happens when a message was not understood: once more with choices, then a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, choice, has_response, part, services
from actions.forms import leave
from actions.handoff import signal, unfinished
from bot.domain.handoff import Reason
from bot.domain.reminders import EXTERNAL

ACTION = "action_fallback"
MAX_CHOICES = 3
MIN_CONFIDENCE = 0.1
"""Below this a guess would look silly; then the customer sees what the assistant can do."""

PERSON = "contact_human_agent"


class ActionFallback(Action):
    """Ask for other words the first time, for a person the second time in a row."""

    def name(self) -> str:
        """Return the name."""
        return ACTION

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Decide by what happened to the customer's previous message."""
        previous = previous_turn(tracker.events)
        if failed_without_person(previous) and not services().context.after_handoff:
            texts = [previous[0].get("text") or "", tracker.latest_message.get("text") or ""]
            intents = [name for name, _ in ranking(tracker)[:MAX_CHOICES]]
            evidence = {"texts": texts, "intents": intents, **unfinished(tracker)}
            return [signal(Reason.NOT_UNDERSTOOD, **evidence), *leave(tracker, domain)]
        if tracker.active_loop_name:  # the form asks its question again by itself
            dispatcher.utter_message(response="utter_rephrase_in_form")
            return []
        buttons = likely_choices(tracker, domain)
        dispatcher.utter_message(
            response="utter_rephrase" if buttons else "utter_rephrase_open", buttons=buttons
        )
        return []


def previous_turn(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events from the customer's last but one message up to the last; empty if none."""
    said = [index for index, event in enumerate(events) if written(event)]
    return events[said[-2] : said[-1]] if len(said) > 1 else []


def written(event: dict[str, Any]) -> bool:
    """Say whether an event is something that the customer wrote, and not a reminder."""
    intent = (event.get("parse_data") or {}).get("intent") or {}
    return event.get("event") == "user" and not str(intent.get("name")).startswith(EXTERNAL)


def failed_without_person(turn: list[dict[str, Any]]) -> bool:
    """Say whether a turn ended in the fallback and called nobody."""
    fell = any(e.get("event") == "action" and e.get("name") == ACTION for e in turn)
    called = any(e.get("name") == "handoff_request" and e.get("value") for e in turn)
    return fell and not called


def ranking(tracker: Tracker) -> list[tuple[str, float]]:
    """Return the intents that the latest message may have had, likeliest first."""
    found = tracker.latest_message.get("intent_ranking") or []
    names = [(str(i.get("name")), float(i.get("confidence") or 0.0)) for i in found]
    return [(name, score) for name, score in names if name != "nlu_fallback"]


def likely_choices(tracker: Tracker, domain: Domain) -> list[dict[str, str]]:
    """Offer the likeliest intents that trainers gave a title, and a person; empty if none is likely."""
    likely = [name for name, score in ranking(tracker) if score >= MIN_CONFIDENCE and name != PERSON]
    titled = [name for name in likely if has_response(domain, _title(name))][:MAX_CHOICES]
    return [choice(part(domain, _title(name)), f"/{name}") for name in (*titled, PERSON)] if titled else []


def _title(intent: str) -> str:
    return f"utter_choice_title_{intent}"
