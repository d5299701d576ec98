"""When somebody has died: condolence, no form, and a person who does the rest whenever they like."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.answers import intent_of, named, text_of
from actions.common import Domain, Event
from actions.forms import OF_THE_DEAD, leave, pressed
from actions.handoff import MOURNING, PRIORITY, signal, unfinished
from bot.domain.handoff import Reason

TOLD, LATER = "told", "later"
"""What the slot says: a person was offered, or is not wanted now."""
NOW, CHANGE = "now", "change"
"""What is wanted: a person, or something that only a person can change."""
QUESTIONS = ("mailings", "papers", "money")
"""What is often asked; each has an answer of one sentence."""


class ActionBereavement(Action):
    """Say how sorry we are, offer a person, and answer gently whatever is asked afterwards."""

    def name(self) -> str:
        """Return the name."""
        return "action_bereavement"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Hand over when that is wanted or needed; a form that waits for a yes stays."""
        state, wishes = tracker.get_slot(MOURNING), named(tracker, "estate")
        if named(tracker, "no_person") or LATER in wishes:
            dispatcher.utter_message(response="utter_bereavement_later")
            return [SlotSet(MOURNING, LATER), *_alone(tracker, domain)]
        if NOW in wishes or (CHANGE in wishes and state != LATER):
            dispatcher.utter_message(response="utter_bereavement_person")
            return hand_over(tracker, domain)
        if tracker.get_slot(REQUESTED_SLOT) == "confirmed":  # one word ends it; its question follows
            dispatcher.utter_message(response="utter_bereavement_meanwhile")
            return [SlotSet(MOURNING, state or TOLD)]
        if state:
            answer(dispatcher, tracker)
            return _alone(tracker, domain)
        dispatcher.utter_message(response="utter_bereavement")
        return [SlotSet(MOURNING, TOLD), SlotSet("offer", "bereavement"), *_alone(tracker, domain)]


def answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Say what is known of a question in one sentence, and leave the door open."""
    asked = named(tracker, "estate", known=QUESTIONS)
    if named(tracker, "contact_way", "newsletter_wish"):
        asked = ["mailings"]
    about = asked[0] if asked else "change" if needs_change(tracker) else "still"
    dispatcher.utter_message(response=f"utter_bereavement_{about}")


def needs_change(tracker: Tracker) -> bool:
    """Say whether the latest message wants an account or its mailings changed."""
    return CHANGE in named(tracker, "estate") or intent_of(tracker) in OF_THE_DEAD


def hand_over(tracker: Tracker, domain: Domain) -> list[Event]:
    """Return the events that pass the matter on, before everybody else who waits."""
    evidence: dict[str, Any] = {
        "matter": "bereavement",
        "text": text_of(tracker),
        "said": _said(tracker),
        "order_number": tracker.get_slot("order_number") or "",
    }
    wish = signal(Reason.BUSINESS_RULE, offer=False, priority=PRIORITY, **evidence, **unfinished(tracker))
    return [SlotSet(MOURNING, TOLD), wish, *_alone(tracker, domain)]


def _said(tracker: Tracker) -> str:
    """Return what was said about it, so that nobody has to tell it twice."""
    told = [
        str(e.get("text") or "")
        for e in tracker.events
        if e.get("event") == "user"
        and not pressed(e.get("parse_data") or {})
        and ((e.get("parse_data") or {}).get("intent") or {}).get("name") == "bereavement"
    ]
    return "\n".join(text for text in told[-3:] if not text.startswith("/"))


def _alone(tracker: Tracker, domain: Domain) -> list[Event]:
    """Return the events that leave an active form, which then asks nothing more."""
    return [*leave(tracker, domain), FollowupAction("action_listen")] if tracker.active_loop_name else []


class ActionBereavementAnswer(Action):
    """Something of the account is wanted or asked after a death."""

    def name(self) -> str:
        """Return the name."""
        return "action_bereavement_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Hand over what is to be changed, unless no person is wanted; answer the rest."""
        if needs_change(tracker) and tracker.get_slot(MOURNING) != LATER:
            dispatcher.utter_message(response="utter_bereavement_person")
            return [*hand_over(tracker, domain), FollowupAction("action_listen")]
        answer(dispatcher, tracker)
        return [FollowupAction("action_listen")]


class ActionBereavementPerson(Action):
    """Yes, a person."""

    def name(self) -> str:
        """Return the name."""
        return "action_bereavement_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Hand over."""
        dispatcher.utter_message(response="utter_bereavement_person")
        return [*hand_over(tracker, domain), FollowupAction("action_listen")]


class ActionDeny(Action):
    """The customer says no while no form asks."""

    def name(self) -> str:
        """Return the name."""
        return "action_deny"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Leave whoever mourns in peace; else wait for what comes."""
        if tracker.get_slot(MOURNING) == TOLD:
            dispatcher.utter_message(response="utter_bereavement_later")
            return [SlotSet(MOURNING, LATER)]
        dispatcher.utter_message(response="utter_nothing_then")
        return []
