"""Closing an account."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, asks_to_see, signed_in
from actions.common import Domain, Event, day, services
from actions.forms import AskConfirmed, Finish, TopicForm, failed
from actions.stored_data import STORED_DATA, show_stored_data
from bot.domain.customer import Status

END_SIGN_IN = "utter_delete_account_sign_in"
REFUSED = {"open_orders": "utter_delete_account_open_orders"}
REFUSED_OTHER = "utter_delete_account_refused_other"


class ValidateDeleteAccountForm(TopicForm):
    """One yes, of somebody who is signed in."""

    topic = "delete_account"

    def extract_confirmed(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """End at once for whoever is not signed in, or only asks what is kept."""
        if asks_to_see(tracker) and not asked(tracker, "confirmed"):
            return {"form_end": STORED_DATA}
        return {} if signed_in() else {"form_end": END_SIGN_IN}


class AskConfirmDeleteAccount(AskConfirmed):
    """Say what will happen and ask for a yes."""

    form = ValidateDeleteAccountForm


class ActionDeleteAccount(Finish):
    """Close the account, once, and say when it closes."""

    form = ValidateDeleteAccountForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, or what is kept."""
        if end == STORED_DATA:
            await show_stored_data(dispatcher, domain)
            return []
        return await super().early(end, dispatcher, tracker, domain)

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
            dispatcher.utter_message(response=REFUSED.get(answer.detail, REFUSED_OTHER))
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_delete_account_unknown")
        else:
            failed(dispatcher, answer.status)
        return []
