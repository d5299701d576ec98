"""What is said before the answer itself: a word for the customer's feelings, a word that links.

Rasa runs `action_validate_slot_mappings` for every message before anything else. How upset a message is,
and by what one sees it, is its annotation `mood` (the component `MoodDetector` of config.yml); it decides
nothing about the topic. Worries are entities of data/lookups/mood.yml.
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
from bot.domain.mood import (
    ABUSIVE,
    AT_ONCE,
    FRUSTRATED,
    NO_PROGRESS,
    PHRASE,
    REPETITION,
    Mood,
    Sign,
    from_data,
    in_words,
)

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
        """Meet a feeling, and say when an earlier promise is kept."""
        if noted(tracker):  # a form that starts asks a second time
            return []
        return [*feelings(dispatcher, tracker), *takes_up(dispatcher, tracker, domain)]


def feelings(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Event]:
    """Say it the first time; from the second on, or at once if it is much, offer a person as well."""
    mood = mood_of(tracker)
    upset = mood.upset
    if not upset and not entities(tracker, WORRIED):
        return []
    count = int(tracker.get_slot("upset") or 0) + upset
    gentle = (tracker.latest_message.get("intent") or {}).get("name") in GENTLE
    gentle = gentle or tracker.get_slot(REQUESTED_SLOT) == "case_text" or bool(tracker.get_slot("mourning"))
    gentle = gentle or (bool(tracker.get_slot(REQUESTED_SLOT)) and _answers_again(mood))
    offers = upset and (count >= OFFER_AT or mood.level in AT_ONCE) and _may_offer(tracker)
    response = "" if gentle or offers else answer_to(upset, count, tracker.get_slot("worried"))
    if response:
        dispatcher.utter_message(response=response)
    slots = {"upset": count, "worried": tracker.get_slot("worried") or not upset}
    said = str(tracker.latest_message.get("text") or "")
    wish = [signal(Reason.FRUSTRATED, text=said, **evidence(tracker, count))] if offers else []
    return [*(SlotSet(name, value) for name, value in slots.items()), *wish]


def _answers_again(mood: Mood) -> bool:
    """Say whether only the same answer to a form shows anger: the form itself says that it is stuck."""
    return mood.upset and {sign.kind for sign in mood.evidence} <= {REPETITION, NO_PROGRESS}


def _may_offer(tracker: Tracker) -> bool:
    """Say whether a person may be offered now: not to whoever leaves, mourns, or is just telling all."""
    intent = (tracker.latest_message.get("intent") or {}).get("name")
    telling = tracker.get_slot(REQUESTED_SLOT) == "case_text"
    return intent not in NO_OFFER and not telling and not tracker.get_slot(MOURNING)


def mood_of(tracker: Tracker) -> Mood:
    """Return the mood of the latest message; by its entities when the model has no component for it."""
    message = tracker.latest_message
    if message.get("mood"):
        return from_data(message["mood"]) or Mood()
    for name, level in (("abuse", ABUSIVE), ("frustration", FRUSTRATED)):
        found = [e for e in message.get("entities", ()) if e.get("entity") == name]
        if found:
            words = (str(message.get("text") or "")[e.get("start", 0) : e.get("end", 0)] for e in found)
            signs = tuple(Sign(kind=PHRASE, text=text, weight=1.0) for text in words if text)
            return Mood(frustration=1.0, abuse=float(level == ABUSIVE), level=level, evidence=signs)
    return Mood()


def evidence(tracker: Tracker, count: float) -> dict[str, Any]:
    """Return what agents see of a customer's anger: how many upset messages, and the signs of this one."""
    mood = mood_of(tracker)
    signs = in_words(mood.evidence) if mood.upset else ""
    return {
        "upset": int(count),
        "sentiment": mood.level.replace("_", " ") if mood.upset else "upset",
        **({"signs": signs} if signs else {}),
        **unfinished(tracker),
    }


def takes_up(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
    """Say so when what comes now was promised before."""
    promised = [t for t in entities(tracker, "promised") if has_response(domain, f"utter_choice_title_{t}")]
    if not promised:
        return []
    matter = part(domain, f"utter_choice_title_{promised[0]}")
    dispatcher.utter_message(response="utter_also_now", matter=matter)
    return [SlotSet("also", tracker.get_slot("also"))]


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
