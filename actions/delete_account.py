"""Closing an account."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, asks_to_see, signed_in
from actions.common import Domain, Event, day, item_of, part, services
from actions.forms import AskConfirmed, Finish, TopicForm, failed
from actions.stored_data import STORED_DATA, show_stored_data
from bot.domain.customer import Order, Status

END_SIGN_IN = "utter_delete_account_sign_in"
REFUSED = {"open_orders": "utter_delete_account_open_orders"}
UNDER_WAY = ("processing", "packed", "shipped", "out_for_delivery")
REFUSED_OTHER = "utter_delete_account_refused_other"


class ValidateDeleteAccountForm(TopicForm):
    """One yes, of somebody who is signed in."""

    topic = "delete_account"

    async def extract_confirmed(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """End at once for whoever is not signed in, only asks what is kept, or waits for an order."""
        if asks_to_see(tracker) and not asked(tracker, "confirmed"):
            return {"form_end": STORED_DATA}
        if not signed_in():
            return {"form_end": END_SIGN_IN}
        return {"form_end": REFUSED["open_orders"]} if await _under_way() else {}


async def _under_way() -> list[Order]:
    """Return the orders for which the account is needed."""
    orders = (await services().directory.orders()).value or ()
    return [order for order in orders if order.status in UNDER_WAY]


class AskConfirmDeleteAccount(AskConfirmed):
    """Say what will happen and ask for a yes."""

    form = ValidateDeleteAccountForm


class ActionDeleteAccount(Finish):
    """Close the account, once, and say when it closes."""

    form = ValidateDeleteAccountForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, what is kept, or which orders are in the way."""
        if end == STORED_DATA:
            await show_stored_data(dispatcher, domain)
            return []
        if end != REFUSED["open_orders"]:
            return await super().early(end, dispatcher, tracker, domain)
        open_orders = await _under_way()
        named = [
            part(domain, "utter_part_order", order_number=o.number, order_item=item_of(o, domain))
            for o in open_orders
        ]
        dispatcher.utter_message(response=end, orders=", ".join(named))
        return []

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Close the account if the customer said yes."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_delete_account_kept")
            return []
        answer = await services().directory.close_account()
        if answer.value is not None:
            done = "utter_delete_account_already" if answer.value.already else "utter_delete_account_done"
            dispatcher.utter_message(response=done, closes_on=day(answer.value.closes_on))
        elif answer.status is Status.REFUSED:
            if answer.detail in REFUSED:
                return await self.early(REFUSED[answer.detail], dispatcher, tracker, domain)
            dispatcher.utter_message(response=REFUSED_OTHER)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_delete_account_unknown")
        else:
            failed(dispatcher, answer.status)
        return []
