"""Sending an order, or one article of it, back for its money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, before
from actions.common import Domain, Event, day, money, part, services
from actions.forms import AskConfirmed, entities, failed
from actions.handoff import signal
from actions.item_form import AskItem, FinishItem, ItemForm
from actions.never_came import LOST, TO_LATE, awaited, says_never_came, to_late
from actions.order_form import AskOrderNumber
from bot.domain.customer import Order, Refund, Status
from bot.domain.handoff import Reason

REFUSED = {
    "not_delivered": "utter_return_refused_not_delivered",
    "too_late": "utter_return_refused_too_late",
    "already": "utter_return_refused_already",
}
REFUSED_ON_ITS_WAY = "utter_return_refused_on_its_way"
REFUSED_OTHER = "utter_return_refused_other"
REFUSED_CANCELLED = "utter_return_refused_cancelled"
MAX_REASON = 300

REPLACEMENT = "replacement"
SWITCH = "replacement"
"""The end of the form for somebody who would rather have a new one: another form goes on."""
WRONG_ITEM = "wrong item"
NO_FAULT = frozenset({"changed mind"})
"""Reasons for which nothing is sent again."""


class ValidateGetRefundForm(ItemForm):
    """Only an order that the directory calls returnable goes on to reason and question."""

    topic = "get_refund"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status."""
        if order.returnable:
            return ""
        if order.status == "cancelled":
            return REFUSED_CANCELLED
        if order.status == "returned":
            return REFUSED["already"]
        if order.status == "delivered":
            return REFUSED["too_late"]
        return REFUSED["not_delivered"] if order.cancellable else REFUSED_ON_ITS_WAY

    async def extract_order_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """End here for what never came, or if a new one is wanted for what is broken or wrong."""
        if says_never_came(tracker):
            return {"form_end": TO_LATE}
        if await awaited(tracker):
            return {"form_end": LOST}
        given = before(tracker, "return_reason")
        if given and given not in NO_FAULT and REPLACEMENT in entities(tracker, "resolution"):
            return {"form_end": SWITCH}
        return await super().extract_order_number(dispatcher, tracker, domain)

    def validate_return_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take any words; the known reasons arrive as codes. A given one stays: "I've changed my mind"
        at the end is about the return.
        """
        given = before(tracker, "return_reason")
        if given and not asked(tracker, "return_reason"):
            return {"return_reason": given}
        reason = " ".join(str(value).split())[:MAX_REASON]
        return {"return_reason": reason or None}


class AskGetRefundOrderNumber(AskOrderNumber):
    """Ask which order to send back."""

    form = ValidateGetRefundForm


class AskGetRefundItem(AskItem):
    """Ask what of the order to send back."""

    form = ValidateGetRefundForm


class AskConfirmReturn(AskConfirmed):
    """Ask for a yes before the return is opened."""

    form = ValidateGetRefundForm


class ActionGetRefund(FinishItem):
    """Open the return, once, and say what the directory says happened."""

    form = ValidateGetRefundForm
    drops = frozenset({"late_delivery"})

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why not; a delivered order may not be returnable because it already is on its way back."""
        if end == TO_LATE:
            return to_late()
        number = tracker.get_slot("order_number")
        if end == SWITCH:
            topic = "wrong_item" if tracker.get_slot("return_reason") == WRONG_ITEM else "damaged_item"
            item = SlotSet("item", tracker.get_slot("item"))
            return [item, SlotSet("resolution", REPLACEMENT), FollowupAction(f"{topic}_form")]
        if end == REFUSED["too_late"] and await _open_already(number):
            end = REFUSED["already"]
        return await super().early(end, dispatcher, tracker, domain)

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open a return of the order that was asked about, if the customer said yes."""
        number = tracker.get_slot("order_number")
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_return_not_started")
            return []
        reason, item = tracker.get_slot("return_reason") or "", self.item(tracker)
        if worth := await over_limit(tracker, number, item):
            dispatcher.utter_message(response="utter_return_over_limit", order_number=number, refund=worth)
            evidence = {"order_number": number, "refund": worth, "return_reason": reason, "item": item}
            return [signal(Reason.BUSINESS_RULE, rule="refund_limit", topic=self.form().topic, **evidence)]
        answer = await services().directory.start_return(number, reason, item=item)
        if answer.value is not None:
            response = "utter_return_done" if answer.value.send_back else "utter_return_done_keep"
            dispatcher.utter_message(response=response, **refund_values(answer.value, domain))
        elif answer.status is Status.REFUSED:
            response = REFUSED.get(answer.detail, REFUSED_OTHER)
            dispatcher.utter_message(response=response, order_number=number)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_return_unknown", order_number=number)
        else:
            failed(dispatcher, answer.status)
        return []


async def over_limit(tracker: Tracker, number: str, item: str) -> str:
    """Return what is to be paid back if that is more than the assistant may open a return for by itself.

    The slot `refund_limit` says how much that is, in whatever the order's currency is; empty for any.
    """
    limit = tracker.get_slot("refund_limit")
    order = (await services().directory.order(number)).value if limit is not None else None
    if order is None:
        return ""
    lines = [line.price * line.quantity for line in order.items if line.name == item]
    worth = sum(lines, start=Decimal(0)) if lines else order.total
    return money(worth, order.currency) if worth > Decimal(str(limit)) else ""


async def _open_already(number: str) -> bool:
    """Say whether a delivered order cannot be sent back because it already is on its way."""
    return (await services().directory.refund_status(number)).ok


def refund_values(refund: Refund, domain: Domain) -> dict[str, str]:
    """Return what responses about a refund may mention."""
    expected = day(refund.expected_on)
    return {
        "order_number": refund.order_number,
        "refund_number": refund.number,
        "refund": money(refund.amount, refund.currency),
        "item": refund.item or part(domain, "utter_part_whole_order"),
        "refund_expected": part(domain, "utter_part_refund_expected", day=expected) if expected else "",
    }
