"""An answer that fits nothing the form asks: ask again, but not for ever."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event
from actions.forms import leave
from actions.patience import END_STUCK, miss


class ActionNeedAnswer(Action):
    """Say that an answer is needed; the form asks its question again by itself."""

    def name(self) -> str:
        """Return the name."""
        return "action_need_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Count the miss, and leave the form when it was one too many."""
        slots = miss(dispatcher, tracker, "utter_need_answer")
        if slots.get("form_end"):
            dispatcher.utter_message(response=END_STUCK)
            return [*leave(tracker, domain), FollowupAction("action_listen")]
        return [SlotSet(name, value) for name, value in slots.items()]
