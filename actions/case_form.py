"""What forms share that open a case: the customer's own words, perhaps an order, and one yes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asked, intent_of, may_answer, named, number_in
from actions.case_status import CASE, KNOWN, remember, tell_case
from actions.common import Domain, Event, choice, day, item_of, part, services
from actions.forms import AskConfirmed, Finish, TopicForm, failed, pressed
from actions.known_cases import CASE_OPEN, note_case, open_case, say_open_case
from actions.reminders import follow_up
from bot.domain.customer import Status

NO_ORDER = "none"
"""The value by which a choice says that the matter is about no order."""

MAX_TEXT = 600
SHORT = 6
"""Words up to which a message is rather the wish to complain than an account."""
MAX_SHOWN = 400
LOOK_BACK = 6
"""Messages before the complaint that may have told some of it."""
TELLING = frozenset(
    {"complaint", "late_delivery", "damaged_item", "missing_item", "wrong_item", "payment_issue", "review"}
)
"""Intents of messages that tell what went wrong."""
MAX_ORDERS = 3


class CaseForm(TopicForm, ABC):
    """A form about something that happened, perhaps with an order.

    The order needs no proof: a number that is not open to the customer is handed on in words.
    """

    def subject(self, tracker: Tracker) -> str:
        """Return the matter and the order."""
        return f"{self.topic}: {tracker.get_slot('about_order')}"

    def extract_about_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take a number wherever it is said, and a no when it is asked for."""
        number = number_in(tracker)
        if number and (may_answer(tracker, self.topic) or not tracker.get_slot("about_order")):
            return {"about_order": number} if number != tracker.get_slot("about_order") else {}
        if not asked(tracker, "about_order"):
            return {}
        none = NO_ORDER in named(tracker, "order_number") or intent_of(tracker) == "deny"
        return {"about_order": NO_ORDER} if none else {}

    async def validate_about_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take any number: whoever reads the case can look it up. One case for an order is enough."""
        if await open_case(self.topic, str(value), tracker):
            return {"about_order": value, "form_end": CASE_OPEN}
        return {"about_order": value}


class AskAboutOrder(Action, ABC):
    """Ask which order it is about, if any."""

    @property
    @abstractmethod
    def form(self) -> type[CaseForm]:
        """Name the form's validation; a class attribute will do."""

    def name(self) -> str:
        """Return the name that Rasa derives from the form's."""
        return f"action_ask_{self.form().topic}_form_about_order"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Offer the customer's recent orders, and none."""
        orders = (await services().directory.orders()).value or ()
        buttons = [
            choice(
                part(
                    domain,
                    "utter_choice_title_order",
                    order_number=order.number,
                    order_item=item_of(order, domain),
                ),
                f'/inform{{"order_number": "{order.number}"}}',
            )
            for order in orders[:MAX_ORDERS]
        ]
        none = choice(
            part(domain, "utter_choice_title_no_order"), f'/inform{{"order_number": "{NO_ORDER}"}}'
        )
        response = "utter_ask_about_order_choices" if buttons else "utter_ask_about_order"
        dispatcher.utter_message(response=response, buttons=[*buttons, none])
        return []


class AskConfirmCase(AskConfirmed, ABC):
    """Ask for a yes before the case is opened."""

    def values(self, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Sum up what will be handed on."""
        number, text = tracker.get_slot("about_order"), str(tracker.get_slot("case_text") or "").strip()
        about = part(domain, "utter_part_about_order", order_number=number) if has_order(tracker) else ""
        shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN].rsplit(' ', 1)[0]}…"
        return {"about": about, "summary": shown}


class OpenCase(Finish, ABC):
    """Open the case, once, and say its number and the day by which there is an answer."""

    kind: str
    opened: str
    """The response that names the case."""

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, or how the case stands that there is already."""
        if end == CASE:
            return await tell_case(dispatcher, tracker, domain)
        if end != CASE_OPEN:
            return await super().early(end, dispatcher, tracker, domain)
        about = str(tracker.get_slot("about_order"))
        await say_open_case(self.form().topic, about, dispatcher, tracker)
        return []

    async def open(
        self, text: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Open a case about `text`; return the events that keep the promise."""
        number, words = "", " ".join(text.split())[:MAX_TEXT]
        if has_order(tracker):
            number = tracker.get_slot("about_order")
            order = await services().directory.order(number)
            if order.value is None:
                words = part(domain, "utter_part_case_text", text=words, order_number=number)
                number = ""
        answer = await services().directory.open_case(self.kind, words, number=number)
        if answer.value is not None:
            case = answer.value
            values = {"case_number": case.number, "promised": day(case.promised_by)}
            dispatcher.utter_message(response=self.opened, **values)
            about = tracker.get_slot("about_order") if has_order(tracker) else ""
            noted = [note_case(case, self.form().topic, about, tracker)] if about else []
            return [*noted, follow_up(case), remember(case)]
        if answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_case_unknown")
        else:
            failed(dispatcher, answer.status)
        return []


def whole_account(tracker: Tracker, text: str) -> str:
    """Return what the customer told of the matter until now, oldest first, with `text` last."""
    told: list[str] = []
    for event in tracker.events:
        if event.get("event") == "slot" and event.get("name") == KNOWN:
            told = []  # that was another case
        elif event.get("event") == "user":
            parsed = event.get("parse_data") or {}
            words = " ".join(str(event.get("text") or "").split())
            wrong = (parsed.get("intent") or {}).get("name") in TELLING
            if wrong and not pressed(parsed) and len(words.split()) > SHORT and not words.startswith("/"):
                told.append(words)
    lines = [line for line in told[-LOOK_BACK:] if line != text and line not in text]
    return "\n".join([*dict.fromkeys(lines), text])[-MAX_TEXT:]


def has_order(tracker: Tracker) -> bool:
    """Say whether the matter is about an order."""
    return tracker.get_slot("about_order") not in (None, NO_ORDER)
