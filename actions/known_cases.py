"""The cases that this conversation has opened: one for an order and a matter is enough."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Event, day, services
from bot.domain.customer import Case

KNOWN_CASES = "known_cases"
"""The slot: topic, order and number of each case, such as "late_delivery:4521:C-7"."""
CASE_OPEN = "utter_case_open_already"


def note_case(case: Case, topic: str, order_number: str, tracker: Tracker) -> Event:
    """Return the event that remembers a case."""
    known = str(tracker.get_slot(KNOWN_CASES) or "")
    event: Event = SlotSet(KNOWN_CASES, f"{known} {topic}:{order_number}:{case.number}".strip())
    return event


async def open_case(topic: str, order_number: str, tracker: Tracker) -> Case | None:
    """Return the case that is still open for this matter and order, if we opened one."""
    known = [entry.split(":", 2) for entry in str(tracker.get_slot(KNOWN_CASES) or "").split()]
    number = next((number for of, order, number in known if (of, order) == (topic, order_number)), "")
    case = (await services().directory.case(number)).value if number else None
    return case if case and case.state == "open" else None


async def say_open_case(
    topic: str, order_number: str, dispatcher: CollectingDispatcher, tracker: Tracker
) -> None:
    """Say the number of the case and the day of its answer."""
    case = await open_case(topic, order_number, tracker)
    if case is not None:
        dispatcher.utter_message(
            response=CASE_OPEN,
            case_number=case.number,
            order_number=order_number,
            promised=day(case.promised_by),
        )
