"""Cancelling an order that has not left yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, money, services
from actions.forms import AskConfirmed, failed
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from bot.domain.customer import Cancellation, Order, Status

REFUSED = {
    "shipped": "utter_cancel_refused_shipped",
    "delivered": "utter_cancel_refused_delivered",
    "cancelled": "utter_cancel_already",
}
REFUSED_OTHER = "utter_cancel_refused_other"

UNPAID = frozenset({"pending", "failed"})
"""Payment states of orders for which nothing was taken."""

_REFUSAL_OF_STATUS = {
    "shipped": "shipped",
    "out_for_delivery": "shipped",
    "delivered": "delivered",
    "returned": "delivered",
    "cancelled": "cancelled",
}


class ValidateCancelOrderForm(OrderForm):
    """Only an order that the directory calls cancellable goes on to the question."""

    topic = "cancel_order"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status."""
        if order.cancellable:
            return ""
        return REFUSED.get(_REFUSAL_OF_STATUS.get(order.status, ""), REFUSED_OTHER)

    def more(self, order: Order, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Keep what cancelling costs and gives back, for the question; empty for nothing."""
        fee, back = order.cancellation_fee, refundable(order)
        return {
            "order_fee": money(fee, order.currency) if fee else None,
            "order_refund": money(back, order.currency) if back else None,
        }


def refundable(order: Order) -> Decimal:
    """Return what a customer gets back for an order that is cancelled now."""
    return Decimal(0) if order.payment_state in UNPAID else order.total - order.cancellation_fee


class AskCancelOrderNumber(AskOrderNumber):
    """Ask which order to cancel."""

    form = ValidateCancelOrderForm


class AskConfirmCancel(AskConfirmed):
    """Ask for a yes before cancelling."""

    form = ValidateCancelOrderForm

    def wording(self, tracker: Tracker) -> str:
        """Name a fee if there is one, and promise no money that was never paid."""
        if not tracker.get_slot("order_refund"):
            return f"{self.ask}_unpaid"
        return f"{self.ask}_fee" if tracker.get_slot("order_fee") else self.ask


class ActionCancelOrder(FinishOrder):
    """Cancel, once, and say what the directory says happened."""

    form = ValidateCancelOrderForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Cancel the order that was asked about, if the customer said yes."""
        number = tracker.get_slot("order_number")
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_cancel_kept", order_number=number)
            return []
        answer = await services().directory.cancel_order(number)
        if answer.value is not None:
            dispatcher.utter_message(
                response=_done(answer.value),
                order_number=number,
                refund=money(answer.value.refund, answer.value.currency),
                fee=money(answer.value.fee, answer.value.currency),
            )
        elif answer.status is Status.REFUSED:
            response = REFUSED.get(answer.detail, REFUSED_OTHER)
            dispatcher.utter_message(response=response, order_number=number)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_cancel_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []


def _done(done: Cancellation) -> str:
    """Return the response that fits what happened."""
    if done.already:
        return "utter_cancel_already"
    if not done.refund:
        return "utter_cancel_done_unpaid"
    return "utter_cancel_done_fee" if done.fee else "utter_cancel_done"
