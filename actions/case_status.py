"""How a case stands, and the case that a conversation has talked about."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named, text_of
from actions.common import Domain, Event, choice, day, part, services
from actions.forms import failed
from bot.domain.customer import Case, Status

CASE = "case"
"""The end of a form by which it answers how a case stands, instead of going on."""

KNOWN = "case_known"
"""The slot that holds the case talked about last: number, kind and order."""


WHEN = re.compile(r"\b(?:how long|when|how soon|how fast|what day|how many days)\b", re.IGNORECASE)
MAX_WORDS = 12
"""Words up to which a question can be about what was said right before."""


def remember(case: Case) -> Event:
    """Return the event that keeps a case for the rest of the conversation."""
    event: Event = SlotSet(KNOWN, f"{case.number} {case.kind} {case.order_number}".strip())
    return event


def known_case(tracker: Tracker) -> tuple[str, str, str]:
    """Return number, kind and order of the case talked about last; empty texts if none was."""
    number, kind, order = (*str(tracker.get_slot(KNOWN) or "").split(), "", "", "")[:3]
    return number, kind, order


def asks_for_case(tracker: Tracker) -> bool:
    """Say whether the latest message asks how a case stands."""
    return bool(named(tracker, "case_number", "case_question"))


def same_matter(tracker: Tracker, kind: str, number: str | None = None) -> bool:
    """Say whether the case talked about already is of this kind, and about this order if one is named."""
    _, known, order = known_case(tracker)
    return known == kind and (not number or not order or number == order)


async def tell_case(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
    """Say how the case stands that is named, or was talked about last."""
    typed = next(iter(named(tracker, "case_number")), "").upper()
    number = typed or known_case(tracker)[0]
    if not number:
        dispatcher.utter_message(response="utter_case_which")
        return []
    answer = await services().directory.case(number)
    if answer.value is not None:
        tell(answer.value, dispatcher)
        return [remember(answer.value)]
    if answer.status in (Status.NOT_FOUND, Status.NOT_ALLOWED):
        person = choice(part(domain, "utter_choice_title_contact_human_agent"), "/contact_human_agent")
        dispatcher.utter_message(response="utter_case_not_open", case_number=number, buttons=[person])
    else:
        failed(dispatcher, answer.status)
    return []


def tell(case: Case, dispatcher: CollectingDispatcher) -> None:
    """Say the answer if there is one, else the day by which there is."""
    late = case.promised_by < services().context.now.date()
    if case.state != "open":
        response = "utter_case_solved" if case.answer else "utter_case_closed"
    else:
        response = "utter_case_late" if late else "utter_case_open"
    values = {"case_number": case.number, "promised": day(case.promised_by), "answer": case.answer}
    dispatcher.utter_message(response=response, **values)


def asks_when(tracker: Tracker) -> bool:
    """Say whether a message that names nothing asks when there is an answer to the case just opened."""
    said = [i for i, event in enumerate(tracker.events) if event.get("event") == "user"]
    since = tracker.events[said[-3] if len(said) > 2 else 0 :]
    just = any(e.get("event") == "slot" and e.get("name") == KNOWN and e.get("value") for e in since)
    words = text_of(tracker).split()
    other = named(tracker, "order_number", "postcode", "product")
    return just and not other and bool(WHEN.search(" ".join(words))) and len(words) <= MAX_WORDS
