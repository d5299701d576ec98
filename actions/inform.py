"""A bare answer while nobody asked: a number, a few words. It belongs to what was talked about last."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, services
from actions.fallback import ACTION as FALLBACK
from actions.forms import entities, pressed, recent_topic
from actions.order_form import ABOUT_ORDER, forget_order
from actions.order_words import by_words
from actions.product_words import WANTED, name_in, without_facts

PRODUCTS, TRACKING = "product_question", "track_order"
INVOICES, SEVERAL = ("get_invoice", "check_invoice"), "all_of_them"
LONG = 5
"""Words from which a number right after an answer about an article is a measure and no order."""


class ActionInform(Action):
    """Take up the topic that ended last; nobody is asked for an order that they did not speak of."""

    def name(self) -> str:
        """Return the name."""
        return "action_inform"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Go to the form that can use what was said, or say that it was not understood."""
        topic = await self._topic(tracker, domain)
        if topic:
            return [FollowupAction(f"{topic}_form")]
        if pressed(tracker.latest_message):  # a choice of something that is over
            dispatcher.utter_message(response="utter_what_next")
            return []
        return [FollowupAction(FALLBACK)]

    @staticmethod
    async def _topic(tracker: Tracker, domain: Domain) -> str:
        text = str(tracker.latest_message.get("text") or "")
        kinds = {entity.get("entity") for entity in tracker.latest_message.get("entities", [])}
        recent = recent_topic(tracker)
        about_order = bool(kinds & ABOUT_ORDER)
        if recent == PRODUCTS and (not about_order or len(text.split()) >= LONG):
            return PRODUCTS
        if recent in INVOICES and SEVERAL in kinds:  # "all three", after the first invoice
            return recent
        if about_order:
            return recent if takes_order(recent, domain) else TRACKING
        directory = services().directory
        wanted = kinds & {WANTED}
        if not wanted and by_words(text, (await directory.orders()).value or ()):
            return TRACKING
        if "ordinal" in kinds or pressed(tracker.latest_message):
            return ""
        bare = without_facts(tracker)
        found = (await directory.find_products(bare)).value if bare else ()
        return PRODUCTS if name_in(bare, found or ()) else ""


class ActionOtherOrder(Action):
    """Another order is meant than the one talked about: the wish stays, unless a new one is named."""

    def name(self) -> str:
        """Return the name."""
        return "action_other_order"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Go to the form of the wish, without the order."""
        named, recent = entities(tracker, "wish"), recent_topic(tracker)
        topic = next((wish for wish in (*named, recent) if takes_order(wish, domain)), TRACKING)
        return [*forget_order(tracker, domain), FollowupAction(f"{topic}_form")]


def takes_order(topic: str, domain: Domain) -> bool:
    """Say whether a topic is about one order, so that another one may follow."""
    form = domain["forms"].get(f"{topic}_form") or {}
    return "order_number" in form.get("required_slots", ())
