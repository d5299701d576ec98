"""What is said before the answer itself: a word for the customer's feelings, a promise to come back.

Rasa runs `action_validate_slot_mappings` for every message before anything else. The words that show a
feeling are entities of data/lookups/mood.yml; they decide nothing about the topic. Further matters of the
same message are entities `also`.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import Domain, Event, has_response, part
from actions.forms import entities
from actions.handoff import MOURNING, signal, unfinished
from bot.domain.handoff import Reason

UPSET = ("frustration", "abuse")
WORRIED = "worry"
OFFER_AT = 2
"""Upset messages after which a person is offered."""
GENTLE = frozenset(
    {
        "complaint",
        "bereavement",
        "damaged_item",
        "missing_item",
        "wrong_item",
        "late_delivery",
        "payment_issue",
        "contact_human_agent",
        "goodbye",
        "thank",
        "stop",
    }
)
"""Intents whose own answers meet the feeling, or to which a word of sympathy would be odd."""
NO_OFFER = frozenset({"bereavement", "contact_human_agent", "goodbye", "thank", "stop"})
"""Intents after which no person is offered for the mood's sake."""


class ActionValidateSlotMappings(Action):
    """Acknowledge a feeling when there is reason, without getting on the customer's nerves."""

    def name(self) -> str:
        """Return the name that Rasa looks for."""
        return "action_validate_slot_mappings"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Meet a feeling, and promise to come back to what else was said."""
        if noted(tracker):  # a form that starts asks a second time
            return []
        return [*feelings(dispatcher, tracker), *promises(dispatcher, tracker, domain)]


def feelings(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Event]:
    """Say it the first time; from the second on, and to abuse, offer a person beside the answer."""
    upset = any(entities(tracker, name) for name in UPSET)
    if not upset and not entities(tracker, WORRIED):
        return []
    count = int(tracker.get_slot("upset") or 0) + upset
    gentle = (tracker.latest_message.get("intent") or {}).get("name") in GENTLE
    gentle = gentle or tracker.get_slot(REQUESTED_SLOT) == "case_text" or bool(tracker.get_slot("mourning"))
    offers = upset and (count >= OFFER_AT or bool(entities(tracker, "abuse"))) and _may_offer(tracker)
    response = "" if gentle or offers else answer_to(upset, count, tracker.get_slot("worried"))
    if response:
        dispatcher.utter_message(response=response)
    slots = {"upset": count, "worried": tracker.get_slot("worried") or not upset}
    wish = [signal(Reason.FRUSTRATED, **_evidence(tracker, count))] if offers else []
    return [*(SlotSet(name, value) for name, value in slots.items()), *wish]


def _may_offer(tracker: Tracker) -> bool:
    """Say whether a person may be offered now: not to whoever leaves, mourns, or is just telling all."""
    intent = (tracker.latest_message.get("intent") or {}).get("name")
    telling = tracker.get_slot(REQUESTED_SLOT) == "case_text"
    return intent not in NO_OFFER and not telling and not tracker.get_slot(MOURNING)


def _evidence(tracker: Tracker, count: int) -> dict[str, Any]:
    text = str(tracker.latest_message.get("text") or "")
    return {"text": text, "upset": count, "sentiment": "upset", **unfinished(tracker)}


def promises(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
    """Name the further matters of a message, and note them for when the first is done."""
    titled = [t for t in entities(tracker, "also") if has_response(domain, f"utter_choice_title_{t}")]
    if not titled or tracker.active_loop_name:
        return []
    titles = [part(domain, f"utter_choice_title_{topic}") for topic in titled]
    dispatcher.utter_message(response="utter_also", matters=", ".join(titles))
    return [SlotSet("also", " ".join(titled))]


def answer_to(upset: bool, count: int, worried: bool | None) -> str:
    """Return the response to a feeling, or nothing when enough was said."""
    if upset:
        return "utter_sorry" if count == 1 else ""
    return "" if worried else "utter_worried"


def noted(tracker: Tracker) -> bool:
    """Say whether the feeling in the latest message was noted already."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "slot" and event.get("name") in ("upset", "also"):
            return True
    return False
