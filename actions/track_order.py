"""Where an order is; several at once for somebody we know who names none."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named
from actions.common import Domain, Event, choice, has_response, part, services
from actions.forms import entities, failed
from actions.order_form import MAX_CHOICES, AskOrderNumber, FinishOrder, OrderForm, rejected
from actions.order_state import ON_ITS_WAY, UNDER_WAY, order_values, overdue
from bot.domain.customer import Order

LEFT = ON_ITS_WAY | {"delivered"}
OVERVIEW = "utter_track_overview"


class ValidateTrackOrderForm(OrderForm):
    """Every order can be looked at."""

    topic = "track_order"

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""

    async def extract_order_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the only order that can be meant; several are shown together, and nothing is asked."""
        if named(tracker, "all_orders") and await shown(tracker):
            return {"form_end": OVERVIEW}
        found = await super().extract_order_number(dispatcher, tracker, domain)
        if found or tracker.get_slot("order_number") or tracker.get_slot("order_proof"):
            return found
        orders = await shown(tracker)
        if len(orders) == 1:
            return {"order_number": orders[0].number}
        return {"form_end": OVERVIEW} if orders else {}


async def shown(tracker: Tracker) -> list[Order]:
    """Return the orders that a customer may ask after: those under way, else the latest."""
    left = [
        o for o in (await services().directory.orders()).value or () if o.number not in rejected(tracker)
    ]
    under_way = [order for order in left if order.status in UNDER_WAY]
    # Whoever means none of those under way means an older one.
    every = rejected(tracker) or named(tracker, "all_orders")
    return (left if every else under_way or left)[:MAX_CHOICES]


class AskTrackOrderNumber(AskOrderNumber):
    """Ask which order to look at."""

    form = ValidateTrackOrderForm


class ActionTrackOrder(FinishOrder):
    """Say what the directory knows of the order now."""

    form = ValidateTrackOrderForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Show several orders at once, or say why there is none."""
        if end != OVERVIEW:
            return await super().early(end, dispatcher, tracker, domain)
        orders = await shown(tracker)
        lines = [part(domain, "utter_part_order_line", **order_values(o, domain)) for o in orders]
        buttons = [_choice(order, domain) for order in orders]
        dispatcher.utter_message(response=OVERVIEW, lines="\n".join(lines), buttons=buttons)
        return []

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Answer by the order's status; a status without a response of its own gets the general one."""
        answer = await services().directory.order(tracker.get_slot("order_number"))
        if answer.value is None:
            failed(dispatcher, answer.status)
            return []
        order = answer.value
        state = asked_state(tracker, order)
        if state is not None:
            dispatcher.utter_message(response="utter_asked_state_yes" if state else "utter_asked_state_no")
        response = "utter_order_overdue" if overdue(order) else f"utter_order_{order.status}"
        if not order.cancellable and has_response(domain, f"{response}_fixed"):
            response = f"{response}_fixed"  # without the choice to cancel
        if not has_response(domain, response):
            response = "utter_order_other"
        dispatcher.utter_message(response=response, **order_values(order, domain))
        if order.status in UNDER_WAY and entities(tracker, "delivery_wish"):
            dispatcher.utter_message(response="utter_delivery_wish")
        return []


def asked_state(tracker: Tracker, order: Order) -> bool | None:
    """Say whether an order is in the one state that the message asks about; None if it asks for none."""
    asked = set(entities(tracker, "asked_state"))
    if len(asked) != 1 or not entities(tracker, "state_question"):
        return None
    state = asked.pop()
    return order.status in (LEFT if state == "shipped" else {state})


def _choice(order: Order, domain: Domain) -> dict[str, str]:
    title = part(domain, "utter_choice_title_order", **order_values(order, domain))
    return choice(title, f'/track_order{{"order_number": "{order.number}"}}')
