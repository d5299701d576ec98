"""What else the customer asked: named while it has to wait. The engine takes it up by itself.

The slot `also` holds the matters that are still to come, as the engine read them.
"""

from __future__ import annotations

import json
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, choice, has_response, part
from actions.forms import offered_now

CARRIED = frozenset({"order_number", "email", "postcode"})
"""Entities that a choice takes along."""


class ActionPromise(Action):
    """Promise to come back to what waits; offer it when nothing else is asked."""

    def name(self) -> str:
        """Return the name that the engine looks for."""
        return "action_promise"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Name what trainers gave a title, and drop what has none."""
        matters = [m for m in tracker.get_slot("also") or [] if has_response(domain, _title(m))]
        if matters and not tracker.active_loop_name and not offered_now(tracker):
            _offer(dispatcher, domain, matters[0])
            matters = [{**matters[0], "offered": True}, *matters[1:]]
        elif matters:
            titles = [part(domain, _title(matter)) for matter in matters]
            dispatcher.utter_message(response="utter_also", matters=", ".join(titles))
        return [SlotSet("also", matters or None)]


def _offer(dispatcher: CollectingDispatcher, domain: Domain, matter: dict[str, Any]) -> None:
    values = {e["entity"]: e["value"] for e in matter["entities"] if e["entity"] in CARRIED}
    payload = f"/{matter['intent']['name']}{json.dumps(values) if values else ''}"
    go_on = choice(part(domain, "utter_choice_title_go_on"), payload)
    no = choice(part(domain, "utter_choice_title_no"), "/deny")
    title = part(domain, _title(matter))
    dispatcher.utter_message(response="utter_way_back", matter=title, buttons=[go_on, no])


def _title(matter: dict[str, Any]) -> str:
    return f"utter_choice_title_{matter['intent']['name']}"
