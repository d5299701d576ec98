"""Questions about articles, answered from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.common import Domain, Event, choice, day, money, part, services, short_titles
from actions.forms import END_TRY_LATER, Finish, TopicForm, entities, leave, pressed, was_active
from actions.product_words import CHEAPEST, SHOWN, WANTED, Found, about, find, shown
from bot.domain.customer import Answer, Product, Status

MAX_SHOWN = 3
MAX_FACTS = 4
MAX_TRIES = 2
NOT_FOUND = "utter_product_not_found"
EXTRA = "shop_extra"
"""The entity of what shoppers ask for that is no article, such as gift wrap."""


class ValidateProductQuestionForm(TopicForm):
    """The form only asks which article is meant, when the question does not say it."""

    topic = "product_question"

    async def extract_product_query(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the question itself if it names an article or speaks of the one just shown."""
        text = str(tracker.latest_message.get("text") or "")
        if tracker.get_slot("product_query") or was_active(tracker, self.form_name()) or not text:
            return {}
        if extra := entities(tracker, EXTRA):
            return {"form_end": f"utter_extra_{extra[0]}"}
        if _chosen(tracker):
            return {}
        query, _ = await about(tracker)
        return {"product_query": query} if query else {}

    async def validate_product_query(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Look it up; ask once more before giving up."""
        if extra := entities(tracker, EXTRA):
            return {"product_query": None, "form_end": f"utter_extra_{extra[0]}"}
        query, found = await self._looked_up(str(value), tracker)
        if found is not None and found.value is None:
            return {"form_end": END_TRY_LATER}
        if query:
            return {"product_query": query}
        tries = int(tracker.get_slot("tries") or 0) + 1
        if tries >= MAX_TRIES:
            return {"product_query": None, "form_end": NOT_FOUND}
        dispatcher.utter_message(response="utter_product_unknown")
        return {"product_query": None, "tries": tries}

    @staticmethod
    async def _looked_up(value: str, tracker: Tracker) -> tuple[str, Found | None]:
        if value == tracker.latest_message.get("text"):
            return await about(tracker)
        if set(value.splitlines()) <= set(shown(tracker)):
            return value, None
        found = await services().directory.find_products(value)
        return (value if found.value else ""), found


class ActionProductQuestion(Finish):
    """Say what the catalogue says."""

    form = ValidateProductQuestionForm

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Show the article, or the few that it may be; what was asked for comes first."""
        answer = await _products(tracker.get_slot("product_query") or "", tracker)
        found = list(answer.value or ())
        wanted = list(dict.fromkeys(entities(tracker, WANTED)))
        if CHEAPEST in wanted:
            wanted.remove(CHEAPEST)
            found.sort(key=lambda product: product.price)
            response, values = "utter_products_cheapest", {"cheapest": found[0].name if found else ""}
        else:
            response, values = "utter_products", {}
        found = found[:MAX_SHOWN]
        chosen = [product for product in found if product.name in _chosen(tracker)]
        if not found:
            dispatcher.utter_message(response=NOT_FOUND if answer.ok else END_TRY_LATER)
            return []
        if chosen or len(found) == 1:
            found = (chosen or found)[:1]
            self._show(found[0], wanted, dispatcher, domain)
        else:
            lines = [_with_facts(product, wanted, domain) for product in found]
            titles = short_titles([product.name for product in found])
            pairs = zip(titles, found, strict=True)
            buttons = [choice(title, _payload(product, wanted)) for title, product in pairs]
            dispatcher.utter_message(
                response=response, products="\n".join(lines), buttons=buttons, **values
            )
        return [SlotSet(SHOWN, "\n".join(product.name for product in found))]

    @staticmethod
    def _show(
        product: Product, wanted: Sequence[str], dispatcher: CollectingDispatcher, domain: Domain
    ) -> None:
        known = [(name, value) for name, value in product.facts.items() if name not in wanted]
        facts = [part(domain, "utter_part_fact", fact=n, value=v) for n, v in known[:MAX_FACTS]]
        url = part(domain, "utter_part_link", url=product.url) if product.url else ""
        asked = [part(domain, "utter_part_fact", fact=n, value=_fact(product, n, domain)) for n in wanted]
        dispatcher.utter_message(
            response="utter_product",
            product=line(product, domain),
            summary=f" {product.summary}" if product.summary else "",
            facts="".join(f"\n{fact}" for fact in facts),
            answer="".join(f"{fact}\n" for fact in asked),
            link=url,
            **({"image": product.image_url} if product.image_url else {}),
        )


class ActionThanked(Action):
    """The customer says thanks instead of naming an article: they want nothing more."""

    def name(self) -> str:
        """Return the name."""
        return "action_thanked"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer and ask nothing any more."""
        dispatcher.utter_message(response="utter_welcome")
        return leave(tracker, domain)


async def _products(query: str, tracker: Tracker) -> Found:
    """Look up words, or each of several names that were shown."""
    names = query.splitlines()
    if len(names) < 2:
        return await find(query, tracker)
    answers = [await services().directory.find_products(name) for name in names]
    lost = next((answer for answer in answers if answer.value is None), None)
    found = tuple(answer.value[0] for answer in answers if answer.value)
    return lost if lost and not found else Answer(status=Status.OK, value=found)


def _chosen(tracker: Tracker) -> list[str]:
    """Return the article of a choice, pressed or named by its place; a typed name may fit several."""
    message = tracker.latest_message
    found = [e for e in message.get("entities", []) if e.get("entity") == "product"]
    return [str(e.get("value")) for e in found if pressed(message) or int(e.get("start", -1)) < 0]


def _fact(product: Product, name: str, domain: Domain) -> str:
    return product.facts.get(name) or part(domain, "utter_part_fact_unknown")


def _with_facts(product: Product, wanted: Sequence[str], domain: Domain) -> str:
    """Return an article in one line, with the facts that were asked for."""
    facts = [part(domain, "utter_part_also_fact", fact=n, value=_fact(product, n, domain)) for n in wanted]
    return line(product, domain) + "".join(facts)


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


def _payload(product: Product, wanted: Sequence[str]) -> str:
    name = product.name.replace("\\", " ").replace('"', " ")
    return "/product_question" + json.dumps({"product": name, **({WANTED: wanted[0]} if wanted else {})})
