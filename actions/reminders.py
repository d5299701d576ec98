"""What the bot comes back to by itself: a question without an answer, a case whose answer was promised.

Intents that begin with EXTERNAL_ come from reminders and are never understood from what customers write.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ReminderScheduled
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, services
from actions.forms import entities, leave
from actions.handoff import signal, unfinished
from bot.domain.customer import Case, Status
from bot.domain.handoff import Reason
from bot.domain.reminders import EXTERNAL

INTENT = f"{EXTERNAL}follow_up"
AT = time(9)
AGAIN_AFTER = timedelta(hours=1)
MAX_ATTEMPTS = 12
"""How often a system that does not answer is asked before a person looks into it."""


def follow_up(case: Case) -> Event:
    """Return the event by which the bot comes back to a case: nine o'clock, the working day after the
    one for which the company promised an answer. For actions that open a case.
    """
    now, day = services().context.now, case.promised_by + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return _reminder(case.number, datetime.combine(day, AT, tzinfo=now.tzinfo))


def _reminder(number: str, at: datetime, attempt: int = 1) -> Event:
    about = {"case_number": number, **({"attempt": str(attempt)} if attempt > 1 else {})}
    event: Event = ReminderScheduled(
        INTENT, at, entities=about, name=f"follow up {number}", kill_on_user_message=False
    )
    return event


class ActionNudge(Action):
    """Say that the bot still waits for an answer; the form then asks its question again."""

    def name(self) -> str:
        """Return the name."""
        return "action_nudge"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say it if something is still being asked."""
        if tracker.active_loop_name:
            dispatcher.utter_message(response="utter_nudge")
        return []


class ActionFollowUp(Action):
    """Bring a case's answer on the promised day, or call the person who can give it."""

    def name(self) -> str:
        """Return the name."""
        return "action_follow_up"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Tell the answer, apologise for one that is late, or leave the customer in peace."""
        number = next(iter(entities(tracker, "case_number")), "")
        if not number:
            return []
        directory = services().directory
        found, profile = await directory.case(number), await directory.profile()
        state = found.value.state if found.value else found.status.value
        if Status.TRY_LATER in (found.status, profile.status):
            attempt = int(next(iter(entities(tracker, "attempt")), "1")) + 1
            if attempt <= MAX_ATTEMPTS:
                return [_reminder(number, services().context.now + AGAIN_AFTER, attempt)]
            # Whether they want messages cannot be asked either.
            return _person(tracker, domain, quiet=True, case_number=number, state=state)
        if profile.value is not None and not profile.value.preferences.messages:
            evidence = {"case_number": number, "state": state, "wants_no_messages": True}
            return _person(tracker, domain, quiet=True, **evidence)
        if found.value is not None and found.value.state != "open" and found.value.answer:
            dispatcher.utter_message(
                response="utter_follow_up_solved", case_number=number, answer=found.value.answer
            )
            return []
        dispatcher.utter_message(response="utter_follow_up_open", case_number=number)
        return _person(tracker, domain, case_number=number, state=state)


def _person(tracker: Tracker, domain: Domain, *, quiet: bool = False, **evidence: Any) -> list[Event]:
    wish = signal(Reason.BUSINESS_RULE, quiet=quiet, offer=False, **evidence, **unfinished(tracker))
    return [wish, *leave(tracker, domain)]
