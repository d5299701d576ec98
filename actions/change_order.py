"""Changing what is in an order: a person does it, with everything that was said."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, intent_of, may_answer, text_of
from actions.common import Domain, Event
from actions.forms import entities
from actions.handoff import signal
from actions.item_form import said_before
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from actions.patience import miss
from bot.domain.customer import Order
from bot.domain.handoff import Reason

REFUSED = {
    "delivered": "utter_change_refused_delivered",
    "returned": "utter_change_refused_delivered",
    "cancelled": "utter_change_refused_cancelled",
}
LEFT = "utter_change_refused_left"
MAX_REQUEST = 500
NO_MORE = "no"
ALL_SAID = frozenset({"deny", "goodbye", "thank"})
"""Intents by which somebody says that there is nothing else."""
WISHES = ("change_order", "place_order", "product_question", "wrong_item", "missing_item", "damaged_item")


class ValidateChangeOrderForm(OrderForm):
    """Only an order that has not left can be changed."""

    topic = "change_order"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status."""
        return "" if order.changeable else REFUSED.get(order.status, LEFT)

    def extract_change_request(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the wish from the message that began the matter, if it names what to change."""
        if tracker.get_slot("change_request") or not entities(tracker, "change_wish"):
            return {}
        return {"change_request": tracker.latest_message.get("text")}

    def validate_change_request(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take any words."""
        request = " ".join(str(value).split())[:MAX_REQUEST]
        if not any(c.isalnum() for c in request):
            return {"change_request": None} | miss(dispatcher, tracker, "utter_need_answer")
        return {"change_request": request}

    def extract_change_more(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take a further wish, asked for once; whatever is no wish says that it was all."""
        intent = intent_of(tracker)
        if not asked(tracker, "change_more"):
            return {}
        if intent == "affirm" and len(text_of(tracker).split()) <= 2:
            return {}  # "yes": what is it, then?
        if intent in ALL_SAID:
            return {"change_more": NO_MORE}
        return {"change_more": text_of(tracker)} if may_answer(tracker, *WISHES) else {}

    def validate_change_more(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Add it to the wish."""
        if value == NO_MORE:
            return {"change_more": NO_MORE}
        both = f"{tracker.get_slot('change_request')}; {value}"[: 2 * MAX_REQUEST]
        return {"change_more": NO_MORE, "change_request": both}


class AskChangeMore(Action):
    """Ask once whether there is anything else, or for the words after a mere yes."""

    def name(self) -> str:
        """Return the name."""
        return "action_ask_change_order_form_change_more"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Name what is noted, and ask."""
        dispatcher.utter_message(response="utter_ask_change_more")
        return []


class AskChangeOrderNumber(AskOrderNumber):
    """Ask which order to change."""

    form = ValidateChangeOrderForm


class ActionChangeOrder(FinishOrder):
    """Say that a person does it, and pass on what was asked for."""

    form = ValidateChangeOrderForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Signal with order and wish; who has said what to change wants it passed on."""
        evidence = {name: tracker.get_slot(name) for name in ("order_number", "change_request")}
        dispatcher.utter_message(response="utter_change_passed_on", **evidence)
        said = said_before(tracker)
        return [signal(Reason.BUSINESS_RULE, offer=False, topic="change_order", said=said, **evidence)]
