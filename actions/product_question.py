"""Questions about articles, answered from the catalogue."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, choice, day, money, part, services
from actions.forms import END_TRY_LATER, Finish, TopicForm, entities, was_active
from bot.domain.customer import Product, Status

MAX_SHOWN = 3
MAX_FACTS = 4
MAX_TRIES = 2
TITLE = 20
"""Characters of a choice's title that every channel shows."""
NOT_FOUND = "utter_product_not_found"


class ValidateProductQuestionForm(TopicForm):
    """The form only asks which article is meant, when the question does not say it."""

    topic = "product_question"

    async def extract_product_query(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the question itself if the catalogue knows what it is about."""
        text = str(tracker.latest_message.get("text") or "")
        if tracker.get_slot("product_query") or was_active(tracker, self.form_name()) or not text:
            return {}
        answer = await services().directory.find_products(text)
        return {"product_query": text} if answer.value or answer.status is Status.TRY_LATER else {}

    async def validate_product_query(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look it up; ask once more before giving up."""
        answer = await services().directory.find_products(str(value))
        if answer.value:
            return {"product_query": str(value)}
        if answer.value is None:
            return {"form_end": END_TRY_LATER}
        tries = int(tracker.get_slot("tries") or 0) + 1
        if tries >= MAX_TRIES:
            return {"product_query": None, "form_end": NOT_FOUND}
        return {"product_query": None, "tries": tries}


class ActionProductQuestion(Finish):
    """Say what the catalogue says."""

    form = ValidateProductQuestionForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Show the article, or the few that it may be."""
        answer = await services().directory.find_products(tracker.get_slot("product_query") or "")
        found = (answer.value or ())[:MAX_SHOWN]
        chosen = [product for product in found if product.name in entities(tracker, "product")]
        if not found:
            end = NOT_FOUND if answer.ok else END_TRY_LATER
            dispatcher.utter_message(response=end)
        elif chosen or len(found) == 1:
            self._show((chosen or found)[0], dispatcher, domain)
        else:
            names = [line(product, domain) for product in found]
            buttons = [choice(product.name[:TITLE], _payload(product)) for product in found]
            dispatcher.utter_message(response="utter_products", products="\n".join(names), buttons=buttons)
        return []

    @staticmethod
    def _show(product: Product, dispatcher: CollectingDispatcher, domain: Domain) -> None:
        known = list(product.facts.items())[:MAX_FACTS]
        facts = [part(domain, "utter_part_fact", fact=name, value=value) for name, value in known]
        url = part(domain, "utter_part_link", url=product.url) if product.url else ""
        dispatcher.utter_message(
            response="utter_product",
            product=line(product, domain),
            summary=f" {product.summary}" if product.summary else "",
            facts="".join(f"\n{fact}" for fact in facts),
            link=url,
            **({"image": product.image_url} if product.image_url else {}),
        )


def line(product: Product, domain: Domain) -> str:
    """Return an article with its price and whether there is any, in one line."""
    if product.in_stock:
        stock = part(domain, "utter_part_in_stock")
    elif product.restock_on:
        stock = part(domain, "utter_part_back_on", day=day(product.restock_on))
    else:
        stock = part(domain, "utter_part_sold_out")
    price = money(product.price, product.currency)
    return part(domain, "utter_part_product", product=product.name, price=price, stock=stock)


def _payload(product: Product) -> str:
    name = product.name.replace("\\", " ").replace('"', " ")
    return f'/product_question{{"product": "{name}"}}'
