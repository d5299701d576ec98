"""Looking at an order's invoice, and getting the document."""

from __future__ import annotations

from abc import ABC

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, day, money, services
from actions.forms import failed
from actions.order_form import AskOrderNumber, FinishOrder, OrderForm
from bot.domain.customer import Invoice, Order, Status

NEVER = frozenset({"cancelled"})
"""States in which an order without an invoice will not get one."""


class InvoiceForm(OrderForm, ABC):
    """Any order may have an invoice."""

    @staticmethod
    def refusal(order: Order) -> str:
        """Refuse nothing."""
        return ""


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
        """Look it up now."""
        number = tracker.get_slot("order_number")
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
        return []


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
