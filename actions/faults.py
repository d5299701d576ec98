"""Articles that arrived damaged, not at all or not as ordered: a refund or a replacement, after one yes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, services
from actions.forms import AskConfirmed, failed
from actions.get_refund import refund_values
from actions.handoff import signal
from actions.item_form import ALL, FinishItem, ItemForm, said_before
from actions.patience import miss
from bot.domain.customer import Order, Refund, Status
from bot.domain.handoff import Reason

REFUND, REPLACEMENT = "refund", "replacement"
TOO_LATE = "utter_fault_too_late"
ALREADY = "utter_fault_already"
NOT_DELIVERED = "utter_fault_not_delivered"
CANCELLED = "utter_return_refused_cancelled"
REFUSED = {"too_late": TOO_LATE, "already": ALREADY, "not_delivered": NOT_DELIVERED}


class FaultForm(ItemForm, ABC):
    """The validation of a form about something wrong with what arrived."""

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status; what was not delivered cannot be wrong yet."""
        if order.status == "cancelled":
            return CANCELLED
        if order.status == "returned":
            return ALREADY
        if order.status != "delivered":
            return NOT_DELIVERED
        return "" if order.returnable else TOO_LATE

    @classmethod
    def offers(cls, order: Order) -> bool:
        """Offer what was delivered, also long ago: it may be under warranty."""
        return order.status == "delivered"

    def subject(self, tracker: Tracker) -> str:
        """Return order, article and what is to be done."""
        return f"{super().subject(tracker)} {tracker.get_slot('resolution') or ''}".strip()

    def validate_resolution(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take one of the two."""
        if value in (REFUND, REPLACEMENT):
            return {"resolution": value}
        return {"resolution": None} | miss(dispatcher, tracker, "utter_need_answer")


class AskConfirmFault(AskConfirmed, ABC):
    """Name order, article and what will be done, and ask for the yes."""

    def wording(self, tracker: Tracker) -> str:
        """Ask for a refund or for a replacement."""
        return f"{self.ask}_{tracker.get_slot('resolution')}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Promise no new one that is sold out; offer the money at once."""
        events: list[Event] = []
        if tracker.get_slot("resolution") == REPLACEMENT and await _sold_out(tracker):
            dispatcher.utter_message(response="utter_fault_no_replacement")
            tracker.slots["resolution"] = REFUND  # the question and what a yes counts for
            events.append(SlotSet("resolution", REFUND))
        return [*events, *await super().run(dispatcher, tracker, domain)]


async def _sold_out(tracker: Tracker) -> bool:
    """Say whether something that would have to be sent again is known to be sold out."""
    order = (await services().directory.order(tracker.get_slot("order_number"))).value
    item = tracker.get_slot("item")
    names = [line.name for line in order.items if item in (ALL, line.name)] if order else []
    for name in names:
        found = (await services().directory.find_products(name)).value or ()
        if any(p.name.casefold() == name.casefold() and not p.in_stock for p in found):
            return True
    return False


class FinishFault(FinishItem, ABC):
    """Arrange what was agreed, once, and say what the directory says happened."""

    warranted = True
    """Whether the warranty covers it when the time for returns is over."""

    @property
    @abstractmethod
    def reason(self) -> str:
        """Name the reason for the company's system; a class attribute will do."""

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why not; an order that is not returnable may be back already, or under warranty."""
        if end != TOO_LATE:
            return await super().early(end, dispatcher, tracker, domain)
        if (await services().directory.refund_status(tracker.get_slot("order_number"))).ok:
            return await super().early(ALREADY, dispatcher, tracker, domain)
        return await self._too_late(dispatcher, tracker, domain)

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open the return of what was asked about, if the customer said yes."""
        number, resolution = tracker.get_slot("order_number"), tracker.get_slot("resolution")
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_fault_left", order_number=number)
            return []
        answer = await services().directory.start_return(
            number, self.reason, item=self.item(tracker), resolution=resolution
        )
        if answer.value is not None:
            name = tracker.get_slot("item_name")
            values = refund_values(answer.value, domain) | {"item_name": name}
            dispatcher.utter_message(response=_done(answer.value), **values)
        elif answer.status is Status.REFUSED:
            return await self._refused(answer.detail, dispatcher, tracker, domain)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_return_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []

    async def _refused(
        self, detail: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        number = tracker.get_slot("order_number")
        if detail == "too_late":
            return await self._too_late(dispatcher, tracker, domain)
        if detail == "no_replacement":
            dispatcher.utter_message(response="utter_fault_no_replacement")
            # The form again, with the money instead: it asks for a yes of its own.
            item = tracker.get_slot("item")
            return [
                SlotSet("item", item),
                SlotSet("resolution", REFUND),
                FollowupAction(f"{self.form().topic}_form"),
            ]
        response = REFUSED.get(detail, "utter_return_refused_other")
        dispatcher.utter_message(response=response, order_number=number)
        return []

    async def _too_late(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Pass on what the warranty covers; offer a person for the rest."""
        number = tracker.get_slot("order_number")
        order = (await services().directory.order(number)).value
        until = order.warranty_until if order else None
        if not self.warranted or not covered(until):
            dispatcher.utter_message(response=TOO_LATE, order_number=number)
            return []
        dispatcher.utter_message(response="utter_fault_warranty", order_number=number, until=day(until))
        evidence = {"order_number": number, "warranty_until": str(until), "said": said_before(tracker)}
        return [signal(Reason.BUSINESS_RULE, topic=self.form().topic, **evidence)]


def _done(arranged: Refund) -> str:
    """Return the response for what was arranged, and for whether anything is to be sent back."""
    response = "utter_fault_replacement" if arranged.resolution == REPLACEMENT else "utter_fault_refund"
    return response if arranged.send_back else f"{response}_keep"


def covered(until: date | None) -> bool:
    """Say whether a warranty still runs."""
    return until is not None and until >= services().context.now.date()
