"""Looking at an order's invoice, and getting the document."""

from __future__ import annotations

from abc import ABC
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, money, services
from actions.forms import entities, failed
from actions.order_form import MAX_CHOICES, AskOrderNumber, FinishOrder, OrderForm
from actions.order_words import find_number, numbers
from bot.domain.customer import Invoice, Order, Status

NEVER = frozenset({"cancelled"})
"""States in which an order without an invoice will not get one."""


class InvoiceForm(OrderForm, ABC):
    """Any order may have an invoice."""

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""

    async def extract_order_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Begin with the first of several orders that is open to the customer."""
        for number in await named_orders(tracker):
            if (await services().directory.order(number)).ok:
                return {"order_number": number}
        return await super().extract_order_number(dispatcher, tracker, domain)

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Let a wrong number among several not spoil the others."""
        for number in await named_orders(tracker):
            if (await services().directory.order(number)).ok:
                value = number
                break
        return await super().validate_order_number(value, dispatcher, tracker, domain)


async def named_orders(tracker: Tracker) -> list[str]:
    """Return the numbers of several orders that the latest message names; empty for one or none."""
    found = [number for text in numbers(tracker) if (number := find_number(text))]
    if not found and entities(tracker, "all_of_them"):
        found = [order.number for order in (await services().directory.orders()).value or ()]
    found = list(dict.fromkeys(found))[:MAX_CHOICES]
    return found if len(found) > 1 else []


class ValidateCheckInvoiceForm(InvoiceForm):
    """The form of somebody who wants to look."""

    topic = "check_invoice"


class ValidateGetInvoiceForm(InvoiceForm):
    """The form of somebody who wants the document."""

    topic = "get_invoice"


class AskCheckInvoiceOrderNumber(AskOrderNumber):
    """Ask for which order."""

    form = ValidateCheckInvoiceForm


class AskGetInvoiceOrderNumber(AskOrderNumber):
    """Ask for which order."""

    form = ValidateGetInvoiceForm


class FinishInvoice(FinishOrder, ABC):
    """Say what the invoice says, with its link if the directory gives it to this customer."""

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Look it up now, and those that were named with it."""
        number = tracker.get_slot("order_number")
        for named in await named_orders(tracker) or [number]:
            if named == number or (await services().directory.order(named)).ok:
                await self._tell(named, dispatcher)
            else:
                dispatcher.utter_message(response="utter_invoice_not_open", order_number=named)
        return []

    async def _tell(self, number: str, dispatcher: CollectingDispatcher) -> None:
        answer = await services().directory.invoice(number)
        if answer.value is not None:
            response = f"utter_invoice_{self.form().topic}" if answer.value.url else "utter_invoice_no_link"
            dispatcher.utter_message(response=response, **_values(answer.value))
        elif answer.status is Status.NOT_FOUND:
            order = (await services().directory.order(number)).value
            never = order is not None and order.status in NEVER
            response = "utter_invoice_never" if never else "utter_invoice_not_yet"
            dispatcher.utter_message(response=response, order_number=number)
        else:
            failed(dispatcher, answer.status)


class ActionCheckInvoice(FinishInvoice):
    """Look at an invoice."""

    form = ValidateCheckInvoiceForm


class ActionGetInvoice(FinishInvoice):
    """Get the document."""

    form = ValidateGetInvoiceForm


def _values(invoice: Invoice) -> dict[str, str]:
    return {
        "order_number": invoice.order_number,
        "invoice_number": invoice.number,
        "invoice_total": money(invoice.total, invoice.currency),
        "issued": day(invoice.issued_on),
        "url": invoice.url,
    }
