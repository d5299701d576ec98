"""Payments that fail, or that were taken twice."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, intent_of, may_answer, named, number_in, text_of
from actions.case_form import MAX_TEXT, AskAboutOrder, AskConfirmCase, CaseForm, OpenCase
from actions.case_status import CASE, same_matter
from actions.common import Domain, Event, has_response, item_of, services
from actions.handoff import signal
from bot.domain.handoff import Reason

DECLINED, TWICE, CHECKOUT, OTHER = "declined", "charged_twice", "checkout", "other"

CARD = re.compile(r"\[card ending \d*\]")
"""What the server leaves of a card number that was typed."""


class ValidatePaymentIssueForm(CaseForm):
    """What went wrong; for money taken twice also the order, and a yes to the case."""

    topic = "payment_issue"

    def subject(self, tracker: Tracker) -> str:
        """Return the problem and the order."""
        return f"{tracker.get_slot('payment_problem')}: {tracker.get_slot('about_order')}"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Leave out the case when there will be none."""
        if tracker.get_slot("form_end"):
            return []
        short = tracker.get_slot("payment_problem") not in (None, TWICE)
        return ["payment_problem"] if short else domain_slots

    def extract_payment_problem(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take what the words name; other words, when asked, are something else."""
        if same_matter(tracker, "payment", number_in(tracker)) and intent_of(tracker) == self.topic:
            return {"form_end": CASE}
        if CARD.search(text_of(tracker)) and not tracker.get_slot("payment_problem"):
            dispatcher.utter_message(response="utter_no_card_numbers")
        found = named(tracker, "payment_problem", known=(DECLINED, TWICE, CHECKOUT, OTHER))
        if found and may_answer(tracker, self.topic, "check_payment_methods", slot="payment_problem"):
            problem = found[0]
        elif asked(tracker, "payment_problem") and may_answer(tracker) and not _short(tracker):
            problem = OTHER
        else:
            return {}
        if problem == tracker.get_slot("payment_problem"):
            return {}
        return {"payment_problem": problem, "case_text": text_of(tracker)[:MAX_TEXT]}

    def validate_payment_problem(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Keep what was said with it, for whoever looks into it."""
        return {"payment_problem": value, "case_text": tracker.get_slot("case_text")}


def _short(tracker: Tracker) -> bool:
    return intent_of(tracker) in ("affirm", "deny", "other_order") or bool(named(tracker, "order_number"))


class AskPaymentOrder(AskAboutOrder):
    """Ask which order was paid twice."""

    form = ValidatePaymentIssueForm


class AskConfirmPaymentCase(AskConfirmCase):
    """Ask for a yes before the case is opened."""

    form = ValidatePaymentIssueForm


class ActionPaymentIssue(OpenCase):
    """Say what helps, by the problem and by what the directory knows of the order's payment."""

    form = ValidatePaymentIssueForm
    drops = frozenset({"get_refund", "track_refund"})
    kind = "payment"
    opened = "utter_payment_issue_opened"

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open a case for money taken twice, pass on what has no answer, help with the rest."""
        problem, text = tracker.get_slot("payment_problem"), str(tracker.get_slot("case_text") or "")
        if problem == TWICE:
            if not self.agreed(tracker):
                dispatcher.utter_message(response="utter_payment_no_case")
                return []
            return await self.open(text, dispatcher, tracker, domain)
        if problem == OTHER:
            dispatcher.utter_message(response="utter_payment_other")
            number = number_in(tracker) or tracker.get_slot("order_number") or ""
            return [signal(Reason.BUSINESS_RULE, matter=self.kind, text=text, order_number=number)]
        await _help(f"utter_payment_{problem}", dispatcher, tracker, domain)
        return []


async def _help(response: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> None:
    """Say what helps: by the order's payment if an order is named and open to the customer."""
    number = number_in(tracker) or tracker.get_slot("order_number")
    order = (await services().directory.order(number)).value if number else None
    if order is None:
        dispatcher.utter_message(response=response)
        return
    by_state = f"utter_payment_state_{order.payment_state}"
    if has_response(domain, by_state):
        response = by_state
    dispatcher.utter_message(
        response=response, order_number=order.number, order_item=item_of(order, domain)
    )
