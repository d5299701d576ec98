"""When people are there."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, services


class ActionOpeningHours(Action):
    """Say the opening hours that the operator has set."""

    def name(self) -> str:
        """Return the name."""
        return "action_opening_hours"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer from the turn's facts."""
        hours = services().context.facts.get("opening_hours")
        if hours:
            dispatcher.utter_message(response="utter_opening_hours", opening_hours=hours)
        else:
            dispatcher.utter_message(response="utter_opening_hours_unknown")
        return []
