"""What forms about one article of an order share: which one it is, taken from words or choices."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import FEW_WORDS, TALK
from actions.common import Domain, Event, choice, item_of, money, part, services
from actions.forms import pressed
from actions.order_form import ABOUT_ORDER, FinishOrder, OrderForm
from actions.order_words import meant
from actions.patience import miss
from bot.domain.customer import Order, OrderItem

ALL = "all"
"""The value of the slot `item` that means the whole order."""
MAX_ITEMS = 8
LOOK_BACK = 3
"""Messages of the customer that may have named the article before it was asked for."""


class ItemForm(OrderForm, ABC):
    """Ask which article it is about, unless there is only one or the customer named it."""

    def subject(self, tracker: Tracker) -> str:
        """Return the order's number and the article."""
        return f"{super().subject(tracker)} {tracker.get_slot('item') or ''}".strip()

    def more(self, order: Order, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Take the article that was chosen, or the only one it can be."""
        given = tracker.get_slot("item")
        if given and tracker.get_slot("item_of") in (None, order.number):
            found = find_item(order, str(given), domain)
            if found:
                return found
        if len(order.items) == 1:
            return item_slots(order, order.items[0], domain) | {"item": ALL}
        named = meant(" ".join(said_before(tracker)), _named(order))
        return item_slots(order, named, domain) if named else dict.fromkeys(NO_ITEM)

    async def validate_item(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take an article of the order by name, by a word of it, or all of them."""
        number = tracker.get_slot("order_number")
        order = (await services().directory.order(number)).value if number else None
        if order is None:  # it was named first; `more` looks again when the order is open
            return {"item": value}
        found = find_item(order, str(value), domain)
        return found or {"item": None} | miss(dispatcher, tracker, "utter_item_unclear")


NO_ITEM = ("item", "item_of", "item_name", "item_total")


def find_item(order: Order, text: str, domain: Domain) -> dict[str, Any]:
    """Return the slots of the article of an order that a text names; empty if it names none or several."""
    everything = part(domain, "utter_part_whole_order")
    if text.casefold() in (ALL, everything.casefold()):
        return item_slots(order, None, domain)
    exact = [line for line in order.items if line.name.casefold() == text.casefold()]
    named = exact[0] if exact else meant(text, _named(order))
    return item_slots(order, named, domain) if named else {}


def item_slots(order: Order, line: OrderItem | None, domain: Domain) -> dict[str, Any]:
    """Return the slots that name one line of an order, or all of it if `line` is None."""
    whole = item_of(order, domain) if len(order.items) < 2 else part(domain, "utter_part_whole_order")
    return {
        "item": line.name if line else ALL,
        "item_of": order.number,
        "item_name": line.name if line else whole,
        "item_total": money(line.price * line.quantity if line else order.total, order.currency),
    }


def said_before(tracker: Tracker) -> list[str]:
    """Return what the customer wrote in their last messages; the title of a pressed choice is ours."""
    said = [(e.get("text"), e.get("parse_data")) for e in tracker.events if e.get("event") == "user"]
    latest = tracker.latest_message
    last = [*said[-LOOK_BACK:], (latest.get("text"), latest)]
    return list(dict.fromkeys(str(text) for text, parsed in last if text and not _pressed(parsed or {})))


def account(tracker: Tracker, form: str) -> list[str]:
    """Return what the customer wrote about the matter since `form` began: no yes, no mere number."""
    said: list[dict[str, Any]] = []
    for event in tracker.events:
        if event.get("event") == "user":
            said.append(event)
        elif event.get("event") == "active_loop" and event.get("name") == form:
            said = said[-1:]
    told = [(str(e.get("text") or ""), e.get("parse_data") or {}) for e in said]
    return list(dict.fromkeys(text for text, parsed in told if _tells(text, parsed)))


def _tells(text: str, parsed: dict[str, Any]) -> bool:
    intent = str((parsed.get("intent") or {}).get("name") or "")
    if not text or text.startswith("/") or pressed(parsed) or _pressed(parsed) or intent in TALK:
        return False
    kinds = {entity.get("entity") for entity in parsed.get("entities") or ()}
    return not (kinds & ABOUT_ORDER and len(text.split()) <= FEW_WORDS)


def _pressed(parsed: dict[str, Any]) -> bool:
    return any(entity.get("extractor") == "payload" for entity in parsed.get("entities") or ())


def _named(order: Order) -> list[tuple[str, OrderItem]]:
    return [(line.name, line) for line in order.items]


class AskItem(Action, ABC):
    """Offer the articles of the order as choices."""

    @property
    @abstractmethod
    def form(self) -> type[ItemForm]:
        """Name the form's validation; a class attribute will do."""

    def name(self) -> str:
        """Return the name that Rasa derives from form and slot."""
        return f"action_ask_{self.form().topic}_form_item"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Ask which one it is."""
        order = (await services().directory.order(tracker.get_slot("order_number"))).value
        lines = order.items[:MAX_ITEMS] if order else ()
        everything = choice(part(domain, "utter_choice_title_all_items"), _payload(ALL))
        buttons = [choice(line.name, _payload(line.name)) for line in lines]
        response = f"utter_which_item_{self.form().topic}"
        dispatcher.utter_message(response=response, buttons=[*buttons, everything])
        return []


def _payload(item: str) -> str:
    return "/inform" + json.dumps({"item": item})


class FinishItem(FinishOrder, ABC):
    """The end of a form about one article."""

    def item(self, tracker: Tracker) -> str:
        """Return the article as the directory knows it; empty for the whole order."""
        item = tracker.get_slot("item") or ALL
        return "" if item == ALL else str(item)
