"""What all forms about one order share: finding it, proving it, changing one's mind about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import Domain, Event, choice, item_of, money, part, services
from actions.forms import END_THROTTLED, END_TRY_LATER, Finish, TopicForm, forget, was_active
from actions.order_words import (
    TOO_LONG,
    find_number,
    find_proof,
    mentioned,
    number_of_wish,
    numbers,
    order_meant,
)
from actions.patience import miss
from bot.domain.customer import Answer, Order, Status

ANOTHER = "other"
"""The value by which a choice says that another order is meant than the one talked about."""

MAX_TRIES = 2
MAX_CHOICES = 5

END_NO_ORDER = "utter_end_no_order"
END_WRONG_PROOF = "utter_end_wrong_proof"


NOT_OF_ORDER = frozenset({"return_reason", "resolution"})
"""Slots of forms that do not belong to the order: they hold for another one too."""

ABOUT_ORDER = frozenset({"order_number", "email", "postcode"})


def forget_order(tracker: Tracker, domain: Domain) -> list[Event]:
    """Return events that empty what belongs to the order, and note that it is not the one meant."""
    events = forget(tracker, domain, "order_number")
    number, before = _talked_about(tracker), tracker.get_slot("rejected") or ""
    rejected = f"{before} {number}" if number and number not in numbers(tracker) else before
    kept = [event for event in events if event["name"] not in NOT_OF_ORDER]
    return [*kept, SlotSet("rejected", rejected.strip() or None)]


def _talked_about(tracker: Tracker) -> str | None:
    """Return the order that was meant until now; a choice has put ANOTHER into its slot by then."""
    if tracker.get_slot("order_number") != ANOTHER:
        return find_number(tracker.get_slot("order_number"))
    set_to = [e.get("value") for e in tracker.events if e.get("name") == "order_number"]
    return next((str(value) for value in reversed(set_to) if value and value != ANOTHER), None)


def rejected(tracker: Tracker) -> list[str]:
    """Return the orders that the customer said they do not mean."""
    return str(tracker.get_slot("rejected") or "").split()


class OrderForm(TopicForm, ABC):
    """Ask for an order, and for its e-mail or postcode only when the directory wants that."""

    @staticmethod
    @abstractmethod
    def refusal(order: Order) -> str:
        """Return the response that says why this form cannot go on with `order`, or an empty text."""

    @classmethod
    def offers(cls, order: Order) -> bool:
        """Say whether the customer may mean `order`; it is among the choices then."""
        return not cls.refusal(order)

    def more(self, order: Order, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Return further slots that an order fills once it is found."""
        return {}

    def subject(self, tracker: Tracker) -> str:
        """Return the order's number."""
        return find_number(tracker.get_slot("order_number")) or ""

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Leave out the proof while nobody asks for it; nothing is required of a form that ended."""
        if tracker.get_slot("form_end"):
            return []
        proof = tracker.get_slot("proof_needed") or tracker.get_slot("order_proof") is not None
        return [slot for slot in domain_slots if slot != "order_proof" or proof]

    async def extract_order_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the one order that the customer's words can mean: "the lamp", "cancel the rug".

        A form that begins with an order talked about before takes another one if the words name it.
        """
        kinds = {entity.get("entity") for entity in tracker.latest_message.get("entities", [])}
        begins = not was_active(tracker, self.form_name())
        if kinds & ABOUT_ORDER or (tracker.get_slot("order_number") and not begins):
            return {}
        if TOO_LONG.search(str(tracker.latest_message.get("text") or "")):
            if tracker.get_slot(REQUESTED_SLOT) != "order_number":
                dispatcher.utter_message(response="utter_order_number_unclear")
            return {}
        meant = await self._meant(tracker)
        return {"order_number": meant.number} if meant else {}

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look the order up."""
        if value == ANOTHER:
            return {event["name"]: event["value"] for event in forget_order(tracker, domain)}
        number, proof = find_number(value), find_proof(tracker)
        if number is not None and (wished := number_of_wish(tracker, self.topic)):
            number = wished
        if number is None and (meant := await self._meant(tracker)):
            number = meant.number
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
        if proof is None and services().context.directory_ref:
            # They have signed in since we asked, and need not prove what is theirs.
            answer = await services().directory.order(number)
            if answer.status is not Status.NOT_ALLOWED:
                return self._found(number, answer, dispatcher, tracker, domain)
        if proof is None:
            if tracker.get_slot("order_proof") not in (None, number) and not numbers(tracker):
                return {"order_proof": None} | miss(dispatcher, tracker, "utter_need_answer")
            return {"order_proof": None}
        return await self._prove(number, proof, dispatcher, tracker, domain)

    async def _meant(self, tracker: Tracker) -> Order | None:
        answer = await services().directory.orders()
        not_meant = rejected(tracker)
        fitting = [o for o in answer.value or () if self.offers(o) and o.number not in not_meant]
        return order_meant(tracker, fitting)

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
            found = _order_slots(answer.value, domain) | self.more(answer.value, tracker, domain)
            return found | {"form_end": self.refusal(answer.value) or None}
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
            # The number stays after a wrong proof: the right one may follow.
            kept = number if end == END_WRONG_PROOF else None
            return {"order_number": kept, "order_proof": None, "form_end": end}
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


class AskOrderNumber(Action, ABC):
    """Ask which order is meant, with the customer's own recent orders as choices when we know them."""

    @property
    @abstractmethod
    def form(self) -> type[OrderForm]:
        """Name the form's validation; a class attribute will do."""

    def name(self) -> str:
        """Return the name that Rasa derives from the form's."""
        return f"action_ask_{self.form().topic}_form_order_number"

    @property
    def ask(self) -> str:
        """Name the response that asks."""
        return f"utter_which_order_{self.form().topic}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Offer the orders with which the form could go on."""
        answer = await services().directory.orders()
        not_meant = rejected(tracker)
        left = [order for order in answer.value or () if order.number not in not_meant]
        if not left:
            dispatcher.utter_message(response=self.ask)
            return []
        fitting = [order for order in left if self.form().offers(order)][:MAX_CHOICES]
        response = f"{self.ask}_choices" if fitting else "utter_ask_order_number_none_fits"
        dispatcher.utter_message(response=response, buttons=[_order_choice(o, domain) for o in fitting])
        return []


def _order_choice(order: Order, domain: Domain) -> dict[str, str]:
    title = part(
        domain, "utter_choice_title_order", order_number=order.number, order_item=item_of(order, domain)
    )
    return choice(title, f'/inform{{"order_number": "{order.number}"}}')


class FinishOrder(Finish, ABC):
    """The end of a form about an order."""

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, and forget the order if it was not found."""
        number = tracker.get_slot("order_number")
        dispatcher.utter_message(response=end, order_number=number or "")
        return [] if number else forget(tracker, domain, "order_proof")


class ActionForgetOrder(Action):
    """The customer means another order than the one we were talking about."""

    def name(self) -> str:
        """Return the name."""
        return "action_forget_order"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Let the form ask anew."""
        return forget_order(tracker, domain)
