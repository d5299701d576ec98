"""When somebody has died: condolence, no form, and a person who does the rest."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named, text_of
from actions.common import Domain, Event
from actions.forms import leave
from actions.handoff import signal, unfinished
from bot.domain.handoff import Reason

PRIORITY = 40
"""Before everybody else who waits."""


class ActionBereavement(Action):
    """Say how sorry we are and pass on, unless the message says that no person is wanted now."""

    def name(self) -> str:
        """Return the name."""
        return "action_bereavement"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Signal, and leave the form: nothing more is asked."""
        if named(tracker, "no_person"):
            dispatcher.utter_message(response="utter_bereavement_later")
            return leave(tracker, domain)
        dispatcher.utter_message(response="utter_bereavement")
        number = tracker.get_slot("order_number") or ""
        evidence: dict[str, Any] = {
            "matter": "bereavement",
            "text": text_of(tracker),
            "order_number": number,
        }
        return [
            signal(Reason.BUSINESS_RULE, priority=PRIORITY, **evidence, **unfinished(tracker)),
            *leave(tracker, domain),
        ]
