"""What all forms about one order share: finding it, proving it, changing one's mind, leaving.

A form ends early by setting the slot `form_end` to the response that says why.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction

from actions.common import Domain, Event, choice, item_of, money, part, services
from bot.domain.customer import Answer, Order, Status

NUMBER = re.compile(r"(?<!card ending )(?<!\d)\d{3,12}")
"""An order number wherever it is written, but not what is left of a masked card number; adapt it
together with the regex in data/nlu/inform.yml.
"""

ANOTHER = "other"
"""The value by which a choice says that another order is meant than the one talked about."""

MAX_TRIES = 2
MAX_CHOICES = 5
MAX_POSTCODE = 10

END_NO_ORDER = "utter_end_no_order"
END_WRONG_PROOF = "utter_end_wrong_proof"
END_THROTTLED = "utter_end_throttled"
END_TRY_LATER = "utter_end_try_later"

FORM_SLOTS = (
    "proof_needed",
    "tries",
    "form_end",
    "confirm_for",
    "confirm_cancel",
    "confirm_return",
    "return_reason",
)
"""Slots that mean something only while one form runs; number and proof of an order stay."""


def forget(*names: str) -> list[Event]:
    """Return events that empty the slots of a finished form, and those in `names`."""
    return [SlotSet(name, None) for name in (*FORM_SLOTS, *names)]


def forget_order() -> list[Event]:
    """Return events that empty what belongs to the order; the reason of a return stays."""
    return [event for event in forget("order_number") if event["name"] != "return_reason"]


def leave() -> list[Event]:
    """Return events that end whatever form is active."""
    return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget()]


def find_number(text: Any) -> str | None:
    """Return the last order number in a text."""
    found = NUMBER.findall(str(text or ""))
    return found[-1] if found else None


def find_proof(tracker: Tracker) -> str | None:
    """Return what the slot `order_proof` holds if it can be an e-mail or a postcode at all.

    A wrong proof costs one of few attempts, so "no, 4522" or "why?" must not count as one, nor must
    an order number that looks like a postcode.
    """
    proof = tracker.get_slot("order_proof")
    if not proof or "@" in proof:
        return proof or None
    if proof == find_number(tracker.get_slot("order_number")):
        return None
    said = tracker.latest_message
    kinds = {entity.get("entity") for entity in said.get("entities", [])}
    if "postcode" not in kinds and "order_number" in kinds and proof == said.get("text"):
        return None
    signs = [c for c in proof if c.isalnum()]
    short = 4 <= len(signs) <= MAX_POSTCODE and len(proof.split()) <= 3
    return proof if short and any(c.isdigit() for c in signs) else None


def mentioned(tracker: Tracker, value: str) -> bool:
    """Say whether the customer's latest message contains `value`, typed or by a choice."""
    message = tracker.latest_message
    values = [str(entity.get("value")) for entity in message.get("entities", [])]
    return value in values or value in (message.get("text") or "")


class OrderForm(FormValidationAction, ABC):
    """Ask for an order, and for its e-mail or postcode only when the directory wants that."""

    topic: ClassVar[str]

    @staticmethod
    @abstractmethod
    def refusal(order: Order) -> str:
        """Return the response that says why this form cannot go on with `order`, or an empty text."""

    def name(self) -> str:
        """Return the name that Rasa derives from the form's."""
        return f"validate_{self.topic}_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Leave out the proof while nobody asks for it; nothing is required of a form that ended."""
        if tracker.get_slot("form_end"):
            return []
        proof = tracker.get_slot("proof_needed") or tracker.get_slot("order_proof") is not None
        return [slot for slot in domain_slots if slot != "order_proof" or proof]

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look the order up."""
        if value == ANOTHER:
            return {event["name"]: None for event in forget_order()}
        number, proof = find_number(value), find_proof(tracker)
        if number is None:
            if proof is not None:  # the e-mail came before the number
                return {"order_number": None}
            return self._again("utter_order_number_unclear", END_NO_ORDER, dispatcher, tracker)
        answer = await services().directory.order(number)
        if answer.status is Status.NOT_ALLOWED and proof is not None:
            return await self._prove(number, proof, dispatcher, tracker, domain)
        return self._found(number, answer, dispatcher, tracker, domain)

    async def validate_order_proof(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Check the proof, unless it is not needed, not yet usable, or was just found wrong."""
        number, proof = tracker.get_slot("order_number"), find_proof(tracker)
        if not number or not tracker.get_slot("proof_needed"):
            return {"order_proof": proof}
        if proof is None:
            if tracker.get_slot("order_proof") not in (None, number) and not _numbers(tracker):
                dispatcher.utter_message(response="utter_need_answer")
            return {"order_proof": None}
        return await self._prove(number, proof, dispatcher, tracker, domain)

    def validate_confirm_cancel(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take a yes or no only for the order that was asked about."""
        return {"confirm_cancel": value if _asked_about(tracker) else None}

    def validate_confirm_return(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take a yes or no only for the order that was asked about."""
        return {"confirm_return": value if _asked_about(tracker) else None}

    async def _prove(
        self, number: str, proof: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        answer = await services().directory.prove_order(number, proof)
        if answer.status is not Status.NOT_FOUND:
            return self._found(number, answer, dispatcher, tracker, domain)
        slots = {"order_number": number, "order_proof": None, "proof_needed": True}
        if not mentioned(tracker, proof):  # it was given for another order
            return slots
        return slots | self._again("utter_wrong_proof", END_WRONG_PROOF, dispatcher, tracker, number=number)

    def _found(
        self,
        number: str,
        answer: Answer[Order],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: Domain,
    ) -> dict[str, Any]:
        if answer.value is not None:
            return _order_slots(answer.value, domain) | {"form_end": self.refusal(answer.value) or None}
        if answer.status is Status.NOT_ALLOWED:
            return {"order_number": number, "proof_needed": True, "tries": 0}
        if answer.status is Status.NOT_FOUND:
            if not mentioned(tracker, number):  # kept from an earlier matter
                return {"order_number": None}
            return self._again("utter_order_not_found", END_NO_ORDER, dispatcher, tracker, number=number)
        end = END_THROTTLED if answer.status is Status.THROTTLED else END_TRY_LATER
        return {"order_number": number, "form_end": end}

    def _again(
        self, response: str, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, number: str = ""
    ) -> dict[str, Any]:
        """Ask once more, and end the form when that was the last try."""
        tries = int(tracker.get_slot("tries") or 0) + 1
        if tries >= MAX_TRIES:
            return {"order_number": None, "order_proof": None, "form_end": end}
        dispatcher.utter_message(response=response, order_number=number)
        kept = number if end == END_WRONG_PROOF else None
        return {"order_number": kept, "tries": tries}


def _order_slots(order: Order, domain: Domain) -> dict[str, Any]:
    return {
        "order_number": order.number,
        "order_item": item_of(order, domain),
        "order_total": money(order.total, order.currency),
        "proof_needed": False,
        "tries": 0,
    }


def _numbers(tracker: Tracker) -> list[str]:
    return [
        e["value"] for e in tracker.latest_message.get("entities", []) if e.get("entity") == "order_number"
    ]


def _asked_about(tracker: Tracker) -> bool:
    number = find_number(tracker.get_slot("order_number"))
    return number is not None and tracker.get_slot("confirm_for") == number


class AskOrderNumber(Action, ABC):
    """Ask which order is meant, with the customer's own recent orders as choices when we know them."""

    form: ClassVar[type[OrderForm]]

    def name(self) -> str:
        """Return the name that Rasa derives from the form's."""
        return f"action_ask_{self.form.topic}_form_order_number"

    @property
    @abstractmethod
    def ask(self) -> str:
        """Name the response that asks."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Offer the orders with which the form could go on."""
        answer = await services().directory.orders()
        if not answer.value:
            dispatcher.utter_message(response=self.ask)
            return []
        fitting = [order for order in answer.value if not self.form.refusal(order)][:MAX_CHOICES]
        response = f"{self.ask}_choices" if fitting else "utter_ask_order_number_none_fits"
        dispatcher.utter_message(response=response, buttons=[_order_choice(o, domain) for o in fitting])
        return []


def _order_choice(order: Order, domain: Domain) -> dict[str, str]:
    title = part(
        domain, "utter_choice_title_order", order_number=order.number, order_item=item_of(order, domain)
    )
    return choice(title, f'/inform{{"order_number": "{order.number}"}}')


class AskConfirm(Action, ABC):
    """Ask for the one yes, and note for which order it was asked."""

    slot: ClassVar[str]

    @property
    @abstractmethod
    def ask(self) -> str:
        """Name the response that asks."""

    def name(self) -> str:
        """Return the name that Rasa derives from the slot's."""
        return f"action_ask_{self.slot}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say what will happen and ask."""
        dispatcher.utter_message(response=self.ask)
        return [SlotSet("confirm_for", tracker.get_slot("order_number"))]


def ended(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Event] | None:
    """Say why a form ended before its time; None if it did not."""
    end = tracker.get_slot("form_end")
    number = tracker.get_slot("order_number")
    if end:
        dispatcher.utter_message(response=end, order_number=number or "")
        return forget() if number else forget("order_number", "order_proof")
    return None if number else forget()


def failed(dispatcher: CollectingDispatcher, status: Status) -> None:
    """Say that the directory gave no answer that the topic knows how to use."""
    response = END_THROTTLED if status is Status.THROTTLED else END_TRY_LATER
    dispatcher.utter_message(response=response)


class ActionForgetOrder(Action):
    """The customer means another order than the one we were talking about."""

    def name(self) -> str:
        """Return the name."""
        return "action_forget_order"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Let the form ask anew."""
        return forget_order()


class ActionLeaveForm(Action):
    """The customer wants to stop."""

    def name(self) -> str:
        """Return the name."""
        return "action_leave_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Leave the active form; nothing has been changed by it."""
        response = "utter_left_form" if tracker.active_loop_name else "utter_nothing_to_stop"
        dispatcher.utter_message(response=response)
        return leave()
