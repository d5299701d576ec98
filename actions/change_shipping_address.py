"""Sending an order elsewhere before it leaves, or changing the address of the account."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import (
    asked,
    asks_to_see,
    before,
    knows_customer,
    may_answer,
    named,
    number_in,
    signed_in,
    text_of,
    yes_or_no,
)
from actions.common import Domain, Event, choice, item_of, part, services
from actions.forms import END_SIGN_IN, AskConfirmed, failed, pressed
from actions.order_form import ANOTHER, AskOrderNumber, FinishOrder, OrderForm
from actions.stored_data import STORED_DATA, show_stored_data
from bot.domain.customer import Order, Status

TOPICS = ("change_shipping_address", "set_up_shipping_address")
ORDER, ACCOUNT = "order", "account"

END_STRANGER = "utter_address_stranger"
END_UNCLEAR = "utter_address_unclear"
END_KEPT = "utter_address_kept"
REFUSED = {
    "left": "utter_address_refused_left",
    "incomplete": "utter_address_refused_incomplete",
}
REFUSED_DELIVERED = "utter_address_refused_delivered"
REFUSED_CANCELLED = "utter_address_refused_cancelled"
REFUSED_OTHER = "utter_address_refused_other"

MAX_ORDERS = 2
MAX_ADDRESS = 200
MAX_TRIES = 2
LEAST_WORDS = 3
"""Words of an address besides its code: a number, a street, a place."""

# A code that a post office would know: United Kingdom, Ireland, Canada, Netherlands, or digits.
_CODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z\d]{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|\d{4} ?[A-Z]{2}|\d{4,5}(?:-\d{4})?)\b",
    re.IGNORECASE,
)
# What stands before the address in "please change it to 12 High Street ...".
_LEAD = re.compile(r"^[^\d]{0,80}(?:\b(?:to|is|it's|at)\b|:)\s+(?=\S)", re.IGNORECASE)
_NO = re.compile(r"^(?:(?:no|sorry|wait|oops|actually|yes|but)\b[\s,.:;!-]*)+", re.IGNORECASE)
# Words of a wish, which no address holds; and what parts them from the address.
_WISH = re.compile(
    r"\b(?:change|update|address|account|deliver(?:y|ed)?|please|instead|send|order)\b", re.IGNORECASE
)
_BEFORE_NUMBER = re.compile(
    r"^.*\b(?:to|is|it's|be|at|address)\b:?\s+(?=(?:flat |unit )?\d)", re.IGNORECASE
)
_AFTER = re.compile(
    r"[\s,.]+(?:as (?:the|my)\b.*|for (?:the|my)\b.*|(?:please|instead|thanks?)\W*)$", re.IGNORECASE
)
_STREET = re.compile(r"^(?:flat |unit )?\d+\w?[\s,]+[^\W\d]+(?:[\s,]+\w+)+", re.IGNORECASE)
_IN_WISH = re.compile(r"(?:\bto\b|\bis\b|:)\s+(?P<address>\S.*)$", re.IGNORECASE)


# "21 not 12", "not 12 but 21", "21 instead of 12".
_INSTEAD = (
    re.compile(
        r"\b(?P<new>\d+\w?),?\s+(?:and )?(?:not|nicht|instead of)\s+(?P<old>\d+\w?)\b", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:not|nicht)\s+(?P<old>\d+\w?),?\s+(?:but |it'?s |its |sondern )?(?P<new>\d+\w?)\b",
        re.IGNORECASE,
    ),
)
_WRONG = re.compile(
    r"\b(?:wrong|incorrect|falsch|typo|mistake|mistyped|misspell?ed|misspelt|not right|not correct"
    r"|(?:number|street|town|city|postcode|name) (?:is|should be)\b)",
    re.IGNORECASE,
)


def complete(address: str) -> bool:
    """Say whether a text has a postcode, and a house number, a street and a place besides."""
    for found in _CODE.finditer(address):
        words = re.findall(r"\w+", address[: found.start()] + address[found.end() :])
        if len(words) >= LEAST_WORDS and any(word[0].isdigit() for word in words):
            return True
    return False


def plain(address: str) -> str:
    """Return an address without the words of the wish around it; nothing if some are still within."""
    if _WISH.search(address):
        address = _AFTER.sub("", _BEFORE_NUMBER.sub("", address))
    else:
        address = _AFTER.sub("", address)
    address = address.strip(" .,!")
    return "" if _WISH.search(address) else address


def address_in(text: str) -> str:
    """Return the address in a wish such as "send 4522 to 12 High Street, Leeds LS1 4AB", or nothing.

    Number, street and place will do for a beginning: the form asks for the rest.
    """
    found = _IN_WISH.search(text)
    address = plain(found.group("address")) if found else ""
    return address if complete(address) or _STREET.search(address) else ""


class ValidateChangeShippingAddressForm(OrderForm):
    """For one order or for the account, the new address, and one yes to both."""

    topic = "change_shipping_address"

    @staticmethod
    def refusal(order: Order) -> str:
        """Explain by the order's status."""
        if order.changeable:
            return ""
        if order.status == "cancelled":
            return REFUSED_CANCELLED
        return REFUSED_DELIVERED if order.status in ("delivered", "returned") else REFUSED["left"]

    def subject(self, tracker: Tracker) -> str:
        """Return the order, or the account, with the address."""
        account = tracker.get_slot("address_for") == ACCOUNT
        about = ACCOUNT if account else super().subject(tracker)
        return f"{about}: {tracker.get_slot('new_address')}"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Leave out the order when it is about the account."""
        if tracker.get_slot("form_end"):
            return []
        account = tracker.get_slot("address_for") == ACCOUNT
        return [slot for slot in domain_slots if slot != "order_number" or not account]

    async def extract_address_for(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Find out whether it is about an order or the account; strangers can change neither."""
        if not tracker.get_slot("address_for") and asks_to_see(tracker):
            return {"form_end": STORED_DATA}
        if named(tracker, "left_alone") and not complete(text_of(tracker)):
            return {"form_end": END_KEPT}
        if not knows_customer():
            return {"form_end": END_STRANGER}
        wish = _wish(tracker)
        if wish == ACCOUNT and not signed_in():
            return {"form_end": END_SIGN_IN}
        if wish:
            return {"address_for": wish} if wish != tracker.get_slot("address_for") else {}
        if tracker.get_slot("address_for"):
            return {}
        if tracker.get_slot("order_number") not in (None, ANOTHER):
            return {"address_for": ORDER}
        meant = await self._meant(tracker) if may_answer(tracker, *TOPICS) else None
        if meant is not None:  # "send my rug to another address"
            return {"address_for": ORDER, "order_number": meant.number}
        orders = (await services().directory.orders()).value or ()
        if signed_in() and not any(order.changeable for order in orders):
            return {"address_for": ACCOUNT}
        return {}

    def validate_address_for(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take only what there is."""
        return {"address_for": value if value in (ORDER, ACCOUNT) else None}

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look the order up, unless the number was part of an address or nothing may be changed."""
        if tracker.get_slot("form_end"):
            return {"order_number": value}
        typed = asked(tracker, "new_address") and _typed_address(tracker)
        if typed or (complete(text_of(tracker)) and asked(tracker, "confirmed")):
            return {"order_number": before(tracker, "order_number")}
        slots = await super().validate_order_number(value, dispatcher, tracker, domain)
        if slots.get("proof_needed"):  # somebody else's: no proof is enough for a redirection
            return slots | {"proof_needed": False, "form_end": END_STRANGER}
        return slots

    def validate_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take no correction for a no."""
        if before(tracker, "new_address") != tracker.get_slot("new_address"):
            return {"confirmed": None}
        if _puts_right(tracker):
            return {"confirmed": None}
        return super().validate_confirmed(value, dispatcher, tracker, domain)

    def extract_new_address(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take what was asked for, an address in the wish itself, or another one instead of a yes."""
        if pressed(tracker.latest_message):
            text = ""  # the title of an order can look like an address
        elif asked(tracker, "new_address"):
            text = _typed_address(tracker)
        elif asked(tracker, "confirmed") and (better := _corrected(tracker)) is not None:
            return {"new_address": better or None}
        elif asked(tracker, "confirmed") or asked(tracker, "address_for"):
            text = _typed_address(tracker) if complete(text_of(tracker)) else ""
        else:
            text = address_in(text_of(tracker)) if may_answer(tracker, *TOPICS) else ""
        return {"new_address": text} if text else {}

    def validate_new_address(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Want a postcode and a number; ask once more, then leave it to a person.

        What came before is kept, so that an address may come in parts.
        """
        if value is None:
            dispatcher.utter_message(response="utter_address_again")
            return {"new_address": None}
        address, before_it = plain(" ".join(str(value).split()))[:MAX_ADDRESS], _part(tracker)
        if before_it and not complete(address):
            address = f"{before_it}, {address}"[:MAX_ADDRESS]
        if complete(address):
            return {"new_address": address, "tries": 0, "address_part": None}
        if _STREET.search(address) and not before_it:
            return {"new_address": None, "address_part": address}
        tries = int(tracker.get_slot("tries") or 0) + 1
        if tries >= MAX_TRIES:
            return {"new_address": None, "form_end": END_UNCLEAR}
        dispatcher.utter_message(response="utter_address_incomplete")
        return {"new_address": None, "tries": tries}


def _part(tracker: Tracker) -> str:
    """Return the beginning of an address that was given before."""
    return str(tracker.get_slot("address_part") or "")


def _corrected(tracker: Tracker) -> str | None:
    """Return the address with the number that was put right, "" if it is wrong we know not how, None if it
    is not about that: "sorry, 21 not 12" at the question for a yes is no refusal.
    """
    text, address = text_of(tracker), str(tracker.get_slot("new_address") or "")
    if complete(text) or number_in(tracker) or not address:
        return None
    for pattern in _INSTEAD:
        found = pattern.search(text)
        if found:
            old = re.compile(rf"\b{re.escape(found.group('old'))}\b", re.IGNORECASE)
            if old.search(address):
                return old.sub(found.group("new"), address, count=1)
    return "" if _WRONG.search(text) else None


def _wish(tracker: Tracker) -> str:
    """Return what the latest message says it is about: an order, the account, or nothing."""
    if not may_answer(tracker, *TOPICS, slot="address_for"):
        return ""
    if number_in(tracker) and not asked(tracker, "new_address"):
        return ORDER
    return next(iter(named(tracker, "address_for", known=(ORDER, ACCOUNT))), "")


def _puts_right(tracker: Tracker) -> bool:
    return not pressed(tracker.latest_message) and _corrected(tracker) is not None


def _typed_address(tracker: Tracker) -> str:
    """Return the latest message as an address, if it may be one at all."""
    text = text_of(tracker)
    if named(tracker, "address_for") and not complete(text):
        return ""
    if not complete(text) and (not may_answer(tracker, *TOPICS) or yes_or_no(tracker)):
        return ""
    return _LEAD.sub("", _NO.sub("", text)).strip(" .!")


class AskAddressFor(Action):
    """Ask whether it is about an order that has not left, or about the account."""

    def name(self) -> str:
        """Return the name."""
        return "action_ask_change_shipping_address_form_address_for"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Offer the orders that can still be sent elsewhere, and the account if they are signed in."""
        orders = (await services().directory.orders()).value or ()
        fitting = [order for order in orders if order.changeable][:MAX_ORDERS]
        buttons = [_order_choice(order, domain) for order in fitting]
        if signed_in():
            title = part(domain, "utter_choice_title_my_account")
            buttons.append(choice(title, f'/inform{{"address_for": "{ACCOUNT}"}}'))
        response = "utter_ask_address_for" if buttons else "utter_ask_order_number_none_fits"
        dispatcher.utter_message(response=response, buttons=buttons)
        return []


def _order_choice(order: Order, domain: Domain) -> dict[str, str]:
    title = part(
        domain, "utter_choice_title_order", order_number=order.number, order_item=item_of(order, domain)
    )
    return choice(title, f'/inform{{"order_number": "{order.number}"}}')


class AskChangeAddressOrderNumber(AskOrderNumber):
    """Ask which order is to go elsewhere."""

    form = ValidateChangeShippingAddressForm


class AskNewAddress(Action):
    """Ask for the address, naming what it is for."""

    def name(self) -> str:
        """Return the name."""
        return "action_ask_change_shipping_address_form_new_address"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Ask."""
        begun = tracker.get_slot("address_part")
        about = "rest" if begun else tracker.get_slot("address_for")
        dispatcher.utter_message(response=f"utter_ask_new_address_{about}")
        return []


class AskConfirmAddress(AskConfirmed):
    """Ask for a yes to the address."""

    form = ValidateChangeShippingAddressForm

    def wording(self, tracker: Tracker) -> str:
        """Name the response that asks: an order and the account have their own."""
        return f"{self.ask}_{tracker.get_slot('address_for')}"


class ActionChangeShippingAddress(FinishOrder):
    """Change the address, once, and say what the directory says happened."""

    form = ValidateChangeShippingAddressForm

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
        """Change the address that was asked about, if the customer said yes."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_address_kept")
            return []
        about, address = tracker.get_slot("address_for"), tracker.get_slot("new_address")
        number = tracker.get_slot("order_number") if about == ORDER else ""
        answer = await services().directory.change_address(address, number=number)
        values = {"order_number": number, "new_address": address}
        if answer.value is not None:
            values["new_address"] = answer.value.address
            dispatcher.utter_message(response=f"utter_address_changed_{about}", **values)
        elif answer.status is Status.REFUSED:
            dispatcher.utter_message(response=REFUSED.get(answer.detail, REFUSED_OTHER), **values)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_address_unknown", **values)
        else:
            failed(dispatcher, answer.status)
        return []
