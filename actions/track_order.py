"""Where an order is."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, has_response, item_of, part, services
from actions.forms import failed
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from bot.domain.customer import Order


class ValidateTrackOrderForm(OrderForm):
    """Every order can be looked at."""

    topic = "track_order"

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""


class AskTrackOrderNumber(AskOrderNumber):
    """Ask which order to look at."""

    form = ValidateTrackOrderForm


class ActionTrackOrder(FinishOrder):
    """Say what the directory knows of the order now."""

    form = ValidateTrackOrderForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Answer by the order's status; a status without a response of its own gets the general one."""
        answer = await services().directory.order(tracker.get_slot("order_number"))
        if answer.value is None:
            failed(dispatcher, answer.status)
            return []
        order = answer.value
        response = f"utter_order_{order.status}"
        if not has_response(domain, response):
            response = "utter_order_other"
        dispatcher.utter_message(response=response, **_values(order, domain))
        return []


def _values(order: Order, domain: Domain) -> dict[str, str]:
    tracking, carrier = order.tracking_url or order.tracking_code, order.carrier
    return {
        "order_number": order.number,
        "order_item": item_of(order, domain),
        "order_status": order.status.replace("_", " "),
        "expected": _expected(order, domain),
        "carrier": part(domain, "utter_part_carrier", carrier=carrier) if carrier else "",
        "tracking": part(domain, "utter_part_tracking", tracking=tracking) if tracking else "",
        "delivered": part(domain, "utter_part_delivered", day=day(order.delivered_on))
        if order.delivered_on
        else "",
    }


def _expected(order: Order, domain: Domain) -> str:
    if order.expected_on is None:
        return ""
    days = (order.expected_on - services().context.now.date()).days
    near = {0: "utter_part_expected_today", 1: "utter_part_expected_tomorrow"}
    return part(domain, near.get(days, "utter_part_expected"), day=day(order.expected_on))
