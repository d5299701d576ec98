"""Changing the name, the e-mail or the phone number of an account."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, asks_to_see, may_answer, named, signed_in, text_of, yes_or_no
from actions.common import Domain, Event, part, services
from actions.forms import AskConfirmed, Finish, TopicForm, failed
from actions.stored_data import STORED_DATA, show_stored_data
from bot.domain.customer import Status

FIELDS = ("name", "email", "phone")
ADDRESS, PASSWORD = "address", "password"

END_SIGN_IN = "utter_edit_account_sign_in"
END_UNCLEAR = "utter_edit_account_unclear"
END_KEPT = "utter_edit_account_kept"
TO_ADDRESS = "change_shipping_address"
"""Not a response: the matter has a form of its own."""
TO_RECOVERY = "utter_recover_password"

REFUSED = {"taken": "utter_edit_account_taken", "invalid": "utter_edit_account_invalid"}
REFUSED_OTHER = "utter_edit_account_refused_other"

MAX_TRIES = 2
MAX_NAME = 60
PHONE_DIGITS = range(7, 16)

_EMAIL = re.compile(r"[^@\s<>()\[\],;:]+@[^@\s<>()\[\],;:]+\.[^@\s.<>()\[\],;:!?]{2,}")
_PHONE = re.compile(r"\+?\(?\d[\d\s()./-]{5,}\d")
_LEAD = re.compile(r"^.*\b(?:to|is|it\Ws|be|spelled|as)\b:?\s+(?=\S)", re.IGNORECASE)
_NAME_IN_WISH = re.compile(r"\bname\b.*?\b(?:to|is|be)\s+(?P<name>\S.*)$", re.IGNORECASE)


def email_in(text: str) -> str:
    """Return the e-mail address in a text, or nothing."""
    found = _EMAIL.search(text)
    return found.group().lower() if found else ""


def phone_in(text: str) -> str:
    """Return the phone number in a text, or nothing."""
    found = _PHONE.search(text)
    number = " ".join(found.group().split()) if found else ""
    return number if sum(c.isdigit() for c in number) in PHONE_DIGITS else ""


def name_in(text: str) -> str:
    """Return what can be somebody's name, without "my new name is"; or nothing."""
    name = _LEAD.sub("", text).strip(" .!,\"'")
    fits = any(c.isalpha() for c in name) and not any(c.isdigit() or c in "@?/[]" for c in name)
    return name if fits and len(name) <= MAX_NAME else ""


READ: Mapping[str, Callable[[str], str]] = {"name": name_in, "email": email_in, "phone": phone_in}
"""How the new value of a field is found in what the customer writes."""


class ValidateEditAccountForm(TopicForm):
    """Which detail, its new value, and one yes."""

    topic = "edit_account"

    def subject(self, tracker: Tracker) -> str:
        """Return the detail with its new value."""
        return f"{tracker.get_slot('account_field')}: {tracker.get_slot('new_value')}"

    def extract_account_field(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the detail that is named; an address and a password have ways of their own."""
        field = tracker.get_slot("account_field")
        if not field and asks_to_see(tracker):
            return {"form_end": STORED_DATA}
        field = field or self._named(tracker)
        if field == ADDRESS and named(tracker, "left_alone"):
            return {"form_end": END_KEPT}
        if field == ADDRESS:
            return {"form_end": TO_ADDRESS}
        if field == PASSWORD:
            return {"form_end": TO_RECOVERY}
        if not signed_in():
            return {"form_end": END_SIGN_IN}
        return {"account_field": field} if field and not tracker.get_slot("account_field") else {}

    def validate_account_field(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take only what there is."""
        return {"account_field": value if value in FIELDS else None}

    def extract_new_value(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take what was asked for, or a value in the wish itself, or another one instead of a yes."""
        field, text = tracker.get_slot("account_field"), text_of(tracker)
        if field not in READ:
            return {}
        if asked(tracker, "new_value"):
            free = may_answer(tracker) and not yes_or_no(tracker)
            text = text if free or (field != "name" and READ[field](text)) else ""
        elif not may_answer(tracker, self.topic):
            text = ""
        elif field == "name":
            found = _NAME_IN_WISH.search(text)
            text = found.group("name") if found else ""
        else:
            text = READ[field](text)
        return {"new_value": text} if text else {}

    def validate_new_value(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Want the shape of the detail; ask once more, then leave it to a person."""
        field = tracker.get_slot("account_field")
        new = READ[field](str(value or "")) if field in READ else ""
        if new:
            return {"new_value": new, "tries": 0}
        tries = int(tracker.get_slot("tries") or 0) + 1
        if tries >= MAX_TRIES:
            return {"new_value": None, "form_end": END_UNCLEAR}
        dispatcher.utter_message(response=f"utter_new_value_unclear_{field}")
        return {"new_value": None, "tries": tries}

    def _named(self, tracker: Tracker) -> str:
        if not may_answer(tracker, self.topic, slot="account_field"):
            return ""
        known = (*FIELDS, ADDRESS, PASSWORD)
        found = named(tracker, "account_field", "contact_way", known=known)
        if found:
            return found[0]
        return "email" if named(tracker, "email") else ""


class AskNewValue(Action):
    """Ask for the new value of the detail."""

    def name(self) -> str:
        """Return the name."""
        return "action_ask_edit_account_form_new_value"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Ask."""
        dispatcher.utter_message(response=f"utter_ask_new_value_{tracker.get_slot('account_field')}")
        return []


class AskConfirmEdit(AskConfirmed):
    """Ask for a yes to the new value."""

    form = ValidateEditAccountForm

    def values(self, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Name the detail."""
        return {"field": field_name(tracker, domain)}


class ActionEditAccount(Finish):
    """Change the detail, once, and say what the directory says happened."""

    form = ValidateEditAccountForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, or go on with the address."""
        if end == STORED_DATA:
            await show_stored_data(dispatcher, domain)
            return []
        if end == TO_ADDRESS:
            return [SlotSet("address_for", "account"), FollowupAction("change_shipping_address_form")]
        return await super().early(end, dispatcher, tracker, domain)

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Change what was asked about, if the customer said yes."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_edit_account_kept")
            return []
        field, new = tracker.get_slot("account_field"), tracker.get_slot("new_value")
        answer = await services().directory.update_account_holder({field: new})
        values = {"field": field_name(tracker, domain), "new_value": new}
        if answer.value is not None:
            values["new_value"] = str(getattr(answer.value, field))
            dispatcher.utter_message(response="utter_edit_account_done", **values)
        elif answer.status is Status.REFUSED:
            dispatcher.utter_message(response=REFUSED.get(answer.detail, REFUSED_OTHER), **values)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_edit_account_unknown", **values)
        else:
            failed(dispatcher, answer.status)
        return []


def field_name(tracker: Tracker, domain: Domain) -> str:
    """Return the detail in words."""
    return part(domain, f"utter_part_field_{tracker.get_slot('account_field')}")
