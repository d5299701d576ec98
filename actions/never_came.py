"""What never came is neither damaged nor to be sent back: the matter of a late order, with the same one."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction

from actions.answers import named
from actions.common import Event
from actions.forms import was_active
from actions.known_cases import open_case
from actions.order_words import numbers

TO_LATE = "late_delivery"
"""Not a response: the matter has a form of its own."""
LOST = "utter_lost_money"


def says_never_came(tracker: Tracker) -> bool:
    """Say whether the latest message tells that nothing arrived."""
    return bool(named(tracker, "never_came"))


def to_late() -> list[Event]:
    """Return the event that goes on with the late order."""
    return [FollowupAction(f"{TO_LATE}_form")]


async def awaited(tracker: Tracker) -> bool:
    """Say whether the order talked about is one that never came, as far as we were told."""
    number = tracker.get_slot("order_number")
    if not number or any(other != number for other in numbers(tracker)):
        return False
    return was_active(tracker, f"{TO_LATE}_form") or await open_case(TO_LATE, number, tracker) is not None
