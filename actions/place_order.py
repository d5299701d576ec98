"""How to order; "what orders do I have" sounds much like it."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named
from actions.common import Domain, Event


class ActionPlaceOrder(Action):
    """Say how to order, or show the orders that there are."""

    def name(self) -> str:
        """Return the name."""
        return "action_place_order"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer by the words."""
        if named(tracker, "all_orders") and not tracker.active_loop_name:
            return [FollowupAction("track_order_form")]
        dispatcher.utter_message(response="utter_place_order")
        return []
