"""Sending an order back for its money."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, money, part, services
from actions.order_form import AskConfirm, AskOrderNumber, OrderForm, ended, failed, forget
from bot.domain.customer import Order, Refund, Status

REFUSED = {
    "not_delivered": "utter_return_refused_not_delivered",
    "too_late": "utter_return_refused_too_late",
    "already": "utter_return_refused_already",
}
REFUSED_OTHER = "utter_return_refused_other"
REFUSED_CANCELLED = "utter_return_refused_cancelled"
MAX_REASON = 300


class ValidateRefundForm(OrderForm):
    """Only an order that the directory calls returnable goes on to reason and question."""

    topic = "refund"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status."""
        if order.returnable:
            return ""
        if order.status == "cancelled":
            return REFUSED_CANCELLED
        if order.status == "returned":
            return REFUSED["already"]
        return REFUSED["too_late"] if order.status == "delivered" else REFUSED["not_delivered"]

    def validate_return_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take any words; the known reasons arrive as codes."""
        reason = " ".join(str(value).split())[:MAX_REASON]
        return {"return_reason": reason or None}


class AskRefundOrderNumber(AskOrderNumber):
    """Ask which order to send back."""

    form = ValidateRefundForm

    @property
    def ask(self) -> str:
        """Name the response that asks."""
        return "utter_which_order_return"


class AskConfirmReturn(AskConfirm):
    """Ask for a yes before the return is opened."""

    slot = "confirm_return"

    @property
    def ask(self) -> str:
        """Name the response that asks."""
        return "utter_confirm_return"


class ActionStartReturn(Action):
    """Open the return, once, and say what the directory says happened."""

    def name(self) -> str:
        """Return the name."""
        return "action_start_return"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Open a return of the order that was asked about, if the customer said yes."""
        number = tracker.get_slot("order_number")
        if tracker.get_slot("form_end") == REFUSED["too_late"] and await _open_already(number):
            dispatcher.utter_message(response=REFUSED["already"], order_number=number)
            return forget()
        events = ended(dispatcher, tracker)
        if events is not None:
            return events
        if not tracker.get_slot("confirm_return") or tracker.get_slot("confirm_for") != number:
            dispatcher.utter_message(response="utter_return_not_started")
            return forget()
        answer = await services().directory.start_return(number, tracker.get_slot("return_reason") or "")
        if answer.value is not None:
            dispatcher.utter_message(response="utter_return_done", **refund_values(answer.value, domain))
        elif answer.status is Status.REFUSED:
            response = REFUSED.get(answer.detail, REFUSED_OTHER)
            dispatcher.utter_message(response=response, order_number=number)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_return_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return forget()


async def _open_already(number: str) -> bool:
    """Say whether a delivered order cannot be sent back because it already is on its way."""
    return (await services().directory.refund_status(number)).ok


def refund_values(refund: Refund, domain: Domain) -> dict[str, str]:
    """Return what responses about a refund may mention."""
    expected = day(refund.expected_on)
    return {
        "order_number": refund.order_number,
        "refund_number": refund.number,
        "refund": money(refund.amount, refund.currency),
        "refund_expected": part(domain, "utter_part_refund_expected", day=expected) if expected else "",
    }
