"""Cancelling an order that has not left yet."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, money, services
from actions.forms import AskConfirmed, failed
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from bot.domain.customer import Order, Status

REFUSED = {
    "shipped": "utter_cancel_refused_shipped",
    "delivered": "utter_cancel_refused_delivered",
    "cancelled": "utter_cancel_already",
}
REFUSED_OTHER = "utter_cancel_refused_other"

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


class AskCancelOrderNumber(AskOrderNumber):
    """Ask which order to cancel."""

    form = ValidateCancelOrderForm


class AskConfirmCancel(AskConfirmed):
    """Ask for a yes before cancelling."""

    form = ValidateCancelOrderForm


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
            response = "utter_cancel_already" if answer.value.already else "utter_cancel_done"
            refund = money(answer.value.refund, answer.value.currency)
            dispatcher.utter_message(response=response, order_number=number, refund=refund)
        elif answer.status is Status.REFUSED:
            response = REFUSED.get(answer.detail, REFUSED_OTHER)
            dispatcher.utter_message(response=response, order_number=number)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_cancel_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []
