"""Complaints: sympathy, the customer's own words, and a case that is answered by a day."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import (
    WORDS_OF_AN_ACCOUNT,
    account_in,
    asked,
    intent_of,
    may_answer,
    text_of,
)
from actions.case_form import (
    MAX_TEXT,
    AskAboutOrder,
    AskConfirmCase,
    CaseForm,
    OpenCase,
    whole_account,
)
from actions.case_status import CASE, asks_for_case
from actions.common import Domain, Event

LONG_ENOUGH = 10
"""Words from which the message that starts the form already tells what happened."""


class ValidateComplaintForm(CaseForm):
    """What happened, about which order if any, and one yes."""

    topic = "complaint"

    def extract_case_text(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the message itself when it is long enough, so that nothing is told twice."""
        if asks_for_case(tracker):
            return {"form_end": CASE}
        text = tracker.get_slot("case_text")
        if text:
            more = account_in(tracker, self.topic) if may_answer(tracker, self.topic) else ""
            told = len(more.split()) >= WORDS_OF_AN_ACCOUNT and more not in text
            return {"case_text": f"{text}\n{more}"[:MAX_TEXT]} if told else {}
        if asked(tracker, "case_text"):
            text = account_in(tracker, self.topic, "review")
        else:
            text = text_of(tracker) if intent_of(tracker) == self.topic else ""
            text = text if len(text.split()) >= LONG_ENOUGH else ""
        if not text:
            return {}
        dispatcher.utter_message(response="utter_complaint_heard")
        return {"case_text": whole_account(tracker, text)}

    def validate_case_text(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take any words."""
        return {"case_text": value}


class AskComplaintOrder(AskAboutOrder):
    """Ask which order the complaint is about, if any."""

    form = ValidateComplaintForm


class AskConfirmComplaint(AskConfirmCase):
    """Sum the complaint up and ask for a yes."""

    form = ValidateComplaintForm


class ActionComplaint(OpenCase):
    """Open the complaint."""

    form = ValidateComplaintForm
    drops = frozenset({"get_refund", "track_refund", "payment_issue"})
    kind = "complaint"
    opened = "utter_complaint_opened"

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open it if the customer said yes; whatever has a case already needs no second one."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_complaint_not_sent")
            return []
        return await self.open(tracker.get_slot("case_text"), dispatcher, tracker, domain)
