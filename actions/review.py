"""Leaving a review."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named
from actions.common import Domain, Event
from actions.mood import mood_of


class ActionReview(Action):
    """Thank and say where; whoever is unhappy may rather want it put right."""

    def name(self) -> str:
        """Return the name."""
        return "action_review"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer by the mood of the message."""
        unhappy = mood_of(tracker).upset or named(tracker, "bad_opinion")
        dispatcher.utter_message(response="utter_review_unhappy" if unhappy else "utter_review")
        return []
