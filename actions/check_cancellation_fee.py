"""What cancelling costs: the rule, and what it comes to for an order."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.cancel_order import refundable
from actions.common import Domain, Event, item_of, money, services
from actions.order_words import find_number, numbers
from bot.domain.customer import Order


class ActionCheckCancellationFee(Action):
    """Answer at once, also in the middle of a form; nothing is asked and nothing is changed."""

    def name(self) -> str:
        """Return the name."""
        return "action_check_cancellation_fee"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Speak of the order that is named or talked about if it is open to them, else in general."""
        named = [number for text in numbers(tracker) if (number := find_number(text))]
        number = named[-1] if named else find_number(tracker.get_slot("order_number"))
        answer = await services().directory.order(number) if number else None
        if answer is not None and answer.value is not None:
            dispatcher.utter_message(response=_of(answer.value), **_values(answer.value, domain))
        elif named:
            dispatcher.utter_message(response="utter_fee_rule_named", order_number=named[-1])
        else:
            dispatcher.utter_message(response="utter_fee_rule")
        return []


def _of(order: Order) -> str:
    if order.cancellable:
        return "utter_fee_due" if order.cancellation_fee else "utter_fee_none"
    return "utter_fee_cancelled" if order.status == "cancelled" else "utter_fee_left"


def _values(order: Order, domain: Domain) -> dict[str, str]:
    return {
        "order_number": order.number,
        "order_item": item_of(order, domain),
        "fee": money(order.cancellation_fee, order.currency),
        "refund": money(refundable(order), order.currency),
    }
