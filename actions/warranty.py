"""The warranty: the rule, and until when it holds for an order that is named."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, item_of, services
from actions.faults import covered
from actions.forms import failed
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from actions.order_words import numbers
from bot.domain.customer import Order


class ValidateWarrantyForm(OrderForm):
    """Asks for an order only when the customer wants to know about one."""

    topic = "warranty"

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""

    @classmethod
    def offers(cls, order: Order) -> bool:
        """Offer what was delivered."""
        return order.status == "delivered"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Require nothing for the rule; an order that is only in talk must be open already."""
        if not numbers(tracker) and not going_on(tracker, f"{self.topic}_form"):
            number = tracker.get_slot("order_number")
            if not number or not (await services().directory.order(number)).ok:
                return []
        return await super().required_slots(domain_slots, dispatcher, tracker, domain)


def going_on(tracker: Tracker, form: str) -> bool:
    """Say whether a form was active before the customer's latest message."""
    loop = ""
    for event in reversed(tracker.events):
        if event.get("event") == "user" and not loop:
            loop = "before"
        elif event.get("event") == "active_loop":
            return loop == "before" and event.get("name") == form
    return False


class AskWarrantyOrderNumber(AskOrderNumber):
    """Ask which order it is about."""

    form = ValidateWarrantyForm


class ActionWarranty(FinishOrder):
    """Say the rule, or what holds for the order."""

    form = ValidateWarrantyForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Answer by the order's dates."""
        number = tracker.get_slot("order_number")
        answer = await services().directory.order(number) if number else None
        if answer is None or (answer.value is None and not numbers(tracker)):
            dispatcher.utter_message(response="utter_warranty_rule")
        elif answer.value is None:
            failed(dispatcher, answer.status)
        else:
            values = {"order_number": answer.value.number, "order_item": item_of(answer.value, domain)}
            until = day(answer.value.warranty_until)
            dispatcher.utter_message(response=_of(answer.value), until=until, **values)
        return []


def _of(order: Order) -> str:
    if order.status in ("cancelled", "returned"):
        return "utter_warranty_unclear"
    if order.status != "delivered":
        return "utter_warranty_not_begun"
    if order.warranty_until is None:
        return "utter_warranty_unclear"
    return "utter_warranty_covered" if covered(order.warranty_until) else "utter_warranty_over"
