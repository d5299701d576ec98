"""How to reach the company besides this chat."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, services


class ActionContactCustomerService(Action):
    """Name the ways to the company's people, and their hours when the operator has set them."""

    def name(self) -> str:
        """Return the name."""
        return "action_contact_customer_service"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer from the responses and the turn's facts."""
        hours = services().context.facts.get("opening_hours")
        if hours:
            dispatcher.utter_message(response="utter_contact_hours", opening_hours=hours)
        else:
            dispatcher.utter_message(response="utter_contact")
        return []
