"""An order that has not come: what is known of it, and a case if it should have been there."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, named
from actions.case_status import remember
from actions.common import Domain, Event, day, services
from actions.forms import AskConfirmed, failed
from actions.item_form import account, said_before
from actions.known_cases import CASE_OPEN, note_case, open_case, say_open_case
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from actions.order_state import order_values, overdue
from actions.reminders import follow_up
from bot.domain.customer import Case, Order, Status

NOT_DUE = "utter_late_not_due"
CANCELLED = "utter_late_cancelled"
RETURNED = "utter_late_returned"
DEADLINE = "utter_late_deadline"
MAX_TEXT = 1_000


class ValidateLateDeliveryForm(OrderForm):
    """An order that is overdue, or was delivered to somebody else, goes on to the question."""

    topic = "late_delivery"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's state; one that is still in time ends here with its date."""
        if order.status == "cancelled":
            return CANCELLED
        if order.status == "returned":
            return RETURNED
        return "" if order.status == "delivered" or overdue(order) else NOT_DUE

    @classmethod
    def offers(cls, order: Order) -> bool:
        """Offer whatever the customer may still wait for."""
        return order.status not in ("cancelled", "returned")

    def more(self, order: Order, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Keep whether it counts as delivered, for the question."""
        return {"order_state": order.status}

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look the order up; one case for it is enough."""
        slots = await super().validate_order_number(value, dispatcher, tracker, domain)
        number = slots.get("order_number")
        if number and not slots.get("form_end") and await open_case(self.topic, str(number), tracker):
            return slots | {"form_end": CASE_OPEN}
        return slots

    def extract_confirmed(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Be honest about a day by which it must be there, instead of going on with the question."""
        if asked(tracker, "confirmed") and named(tracker, "deadline"):
            return {"form_end": DEADLINE}
        return {}


class AskLateDeliveryOrderNumber(AskOrderNumber):
    """Ask which order is awaited."""

    form = ValidateLateDeliveryForm


class AskConfirmLateDelivery(AskConfirmed):
    """Say what is known, and offer to have it looked into."""

    form = ValidateLateDeliveryForm

    def wording(self, tracker: Tracker) -> str:
        """Ask otherwise when the carrier says that it was delivered."""
        delivered = tracker.get_slot("order_state") == "delivered"
        return f"{self.ask}_delivered" if delivered else f"{self.ask}_overdue"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say dates and link before the question."""
        order = (await services().directory.order(tracker.get_slot("order_number"))).value
        if order is not None:
            known = "utter_late_delivered" if order.status == "delivered" else "utter_late_overdue"
            dispatcher.utter_message(response=known, **order_values(order, domain))
        return await super().run(dispatcher, tracker, domain)


class ActionLateDelivery(FinishOrder):
    """Open a case, once, and say by when it is answered."""

    form = ValidateLateDeliveryForm
    drops = frozenset({"damaged_item", "get_refund"})

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say when an order is due that is not late."""
        number = tracker.get_slot("order_number")
        if end == CASE_OPEN:
            await say_open_case(self.form().topic, number, dispatcher, tracker)
            return []
        order = (await services().directory.order(number)).value if end == NOT_DUE else None
        if order is None:
            return await super().early(end, dispatcher, tracker, domain)
        dispatcher.utter_message(response=end, **order_values(order, domain))
        return []

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open the case if the customer said yes."""
        number = tracker.get_slot("order_number")
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_late_left", order_number=number)
            return []
        text = "\n".join(account(tracker, self.form().form_name()) or said_before(tracker))[:MAX_TEXT]
        answer = await services().directory.open_case("late_delivery", text, number=number)
        if answer.value is not None:
            noted = note_case(answer.value, self.form().topic, number, tracker)
            return [noted, *_opened(answer.value, dispatcher)]
        if answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_late_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []


def _opened(case: Case, dispatcher: CollectingDispatcher) -> list[Event]:
    promised = day(case.promised_by)
    dispatcher.utter_message(
        response="utter_late_case",
        case_number=case.number,
        order_number=case.order_number,
        promised=promised,
    )
    return [follow_up(case), remember(case)]
