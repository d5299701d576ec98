"""How long things take: a delivery, or the answer to a case that was just opened."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.case_status import asks_when, tell_case
from actions.common import Domain, Event


class ActionDeliveryPeriod(Action):
    """Say how long a delivery takes, unless the question follows on a case."""

    def name(self) -> str:
        """Return the name."""
        return "action_delivery_period"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer about what was talked about right before."""
        if asks_when(tracker):
            return await tell_case(dispatcher, tracker, domain)
        dispatcher.utter_message(response="utter_delivery_period")
        return []
