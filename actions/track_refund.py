"""Where a refund is."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, has_response, services
from actions.forms import failed
from actions.get_refund import refund_values
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from bot.domain.customer import Order, Refund, Status


class ValidateTrackRefundForm(OrderForm):
    """Any order may have a refund."""

    topic = "track_refund"

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""


class AskTrackRefundOrderNumber(AskOrderNumber):
    """Ask for which order the money is awaited."""

    form = ValidateTrackRefundForm


class ActionTrackRefund(FinishOrder):
    """Say what the directory knows of the refund now."""

    form = ValidateTrackRefundForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Answer by the refund's state; a state without a response of its own gets the general one."""
        number = tracker.get_slot("order_number")
        answer = await services().directory.refund_status(number)
        if answer.value is not None:
            response = _of(answer.value, domain)
            dispatcher.utter_message(response=response, **refund_values(answer.value, domain))
        elif answer.status is Status.NOT_FOUND:
            dispatcher.utter_message(response="utter_refund_none", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []


def _of(refund: Refund, domain: Domain) -> str:
    """Return the response for a refund's state; a replacement has words of its own."""
    family = "utter_replacement_" if refund.resolution == "replacement" else "utter_refund_"
    keeps = refund.state == "requested" and not refund.send_back
    response = f"{family}{refund.state}" + ("_keep" if keeps else "")
    return response if has_response(domain, response) else f"{family}other"
