"""How often a form asks the same again: after two answers that fit nothing a way out, then an end."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

MISSES = "misses"
"""The slot that holds what was asked, and how many answers in a row did not fit it."""
WAY_OUT_AT = 2
END_AT = 3
END_STUCK = "utter_end_stuck"


def miss(
    dispatcher: CollectingDispatcher, tracker: Tracker, response: str, **values: str
) -> dict[str, Any]:
    """Say that an answer did not fit, by `response`; return the slots that count it.

    The second time in a row a person and stopping are offered instead; the third time the form ends.
    """
    asked = str(tracker.get_slot(REQUESTED_SLOT) or "")
    slot, _, count = str(tracker.get_slot(MISSES) or "").rpartition(" ")
    times = int(count) + 1 if count and slot == asked else 1
    if times >= END_AT:
        return {MISSES: None, "form_end": END_STUCK}
    dispatcher.utter_message(response="utter_stuck" if times == WAY_OUT_AT else response, **values)
    return {MISSES: f"{asked} {times}"}
