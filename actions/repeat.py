"""Saying again what was said, or what it means."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import Domain, Event, has_response
from actions.forms import entities


class ActionRepeat(Action):
    """Repeat the last messages, with their choices."""

    def name(self) -> str:
        """Return the name."""
        return "action_repeat"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say them again, or explain a question; the question of an active form comes by itself."""
        if tracker.active_loop_name and entities(tracker, "asked_back"):
            response = f"utter_explain_{tracker.get_slot(REQUESTED_SLOT)}"
            known = has_response(domain, response)
            dispatcher.utter_message(response=response if known else "utter_explain")
            return []
        said = last_said(tracker.events)
        if not said:
            dispatcher.utter_message(response="utter_nothing_to_repeat")
            return []
        for message in said[:-1] if tracker.active_loop_name else said:
            data = message.get("data") or {}
            buttons, image = data.get("buttons") or [], data.get("image")
            dispatcher.utter_message(text=message.get("text"), buttons=buttons, image=image)
        return []


def last_said(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the bot said in the latest turn in which it said anything."""
    found: list[dict[str, Any]] = []
    for event in reversed(events):
        if event.get("event") == "user" and found:
            break
        if event.get("event") == "bot":
            found.append(event)
    return found[::-1]
