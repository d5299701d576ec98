"""Greeting and leave-taking."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, services
from actions.forms import leave


class ActionGreet(Action):
    """Greet, by name when we know it."""

    def name(self) -> str:
        """Return the name."""
        return "action_greet"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say hello."""
        name = services().context.name.split(" ")[0]
        if tracker.active_loop_name:  # in the middle of something: the form's question follows
            dispatcher.utter_message(response="utter_greet_again")
        elif name:
            dispatcher.utter_message(response="utter_greet_name", name=name)
        else:
            dispatcher.utter_message(response="utter_greet")
        return []


class ActionGoodbye(Action):
    """Say goodbye; whoever leaves wants no form to go on."""

    def name(self) -> str:
        """Return the name."""
        return "action_goodbye"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say goodbye and leave the active form."""
        dispatcher.utter_message(response="utter_goodbye")
        return leave(tracker, domain)
