"""Asking for a person. Actions only signal; the server moves the conversation and says so."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import Domain, Event
from actions.forms import entities, leave
from bot.domain.handoff import Reason

MOURNING = "mourning"
"""The slot that is filled once the customer told that somebody has died."""
PRIORITY = 40
"""That of whoever mourns: before everybody else who waits."""


def signal(reason: Reason, *, quiet: bool = False, priority: int | None = None, **evidence: Any) -> Event:
    """Return the event by which the engine learns that a person is wanted.

    With `quiet` the server tells the customer nothing about it; a high `priority` waits less.
    """
    wish: dict[str, Any] = {
        "reason": reason.value,
        "evidence": evidence,
        "priority": priority,
        "team": "",
        "skills": [],
        **({"quiet": True} if quiet else {}),
    }
    event: Event = SlotSet("handoff_request", wish)
    return event


def unfinished(tracker: Tracker) -> dict[str, Any]:
    """Return the form that was interrupted and what it asked for, for the agent."""
    form = tracker.active_loop_name
    if not form:
        return {}
    return {"form": form, "asking": tracker.get_slot(REQUESTED_SLOT) or ""}


class ActionRequestHandoff(Action):
    """The customer asked for a person and gets one, without further questions."""

    def name(self) -> str:
        """Return the name."""
        return "action_request_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Signal, and leave the form: the person goes on from here."""
        mourns = bool(tracker.get_slot(MOURNING))
        if entities(tracker, "no_person"):  # "no person please" sounds like the wish for one
            dispatcher.utter_message(response="utter_bereavement_later" if mourns else "utter_no_person")
            return [SlotSet(MOURNING, "later")] if mourns else []
        text = tracker.latest_message.get("text") or ""
        evidence = {"text": text, **({"matter": "bereavement"} if mourns else {}), **unfinished(tracker)}
        priority = PRIORITY if mourns else None
        return [signal(Reason.ASKED_FOR_HUMAN, priority=priority, **evidence), *leave(tracker, domain)]
