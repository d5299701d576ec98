"""Which article a message is about: named by its words, by its place in a list, or just shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rasa_sdk import Tracker

from actions.common import services
from actions.forms import entities, recent_topic
from actions.order_words import words_of
from bot.domain.customer import Answer, Product

TOPIC = "product_question"
SHOWN = "shown_products"
"""The slot that keeps the names of the articles shown last, one a line."""
WANTED = "wanted_fact"
"""The entity that names what a question asks for."""
CHEAPEST = "cheapest"
LAST = "last"
REFERS = frozenset({"it", "its", "they", "them", "this", "that", "these", "those", "one"})
"""Words that speak of something shown before."""

Found = Answer[tuple[Product, ...]]


async def find(query: str, tracker: Tracker) -> Found:
    """Look articles up: by the words without those that ask for a fact, then by all of them.

    "Is the teapot dishwasher-safe" is about every teapot; those that meet all the words come first.
    """
    text = str(tracker.latest_message.get("text") or "")
    bare = without_facts(tracker) if query == text else query
    directory = services().directory
    whole = await directory.find_products(query)
    if bare == query or not bare or whole.value is None:
        return whole
    named = await directory.find_products(bare)
    if named.value is None:
        return whole
    rest = [p for p in named.value if p.sku not in {q.sku for q in whole.value}]
    first = [p for p in whole.value if p in named.value] or ([] if rest else list(whole.value))
    return Answer(status=named.status, value=(*first, *rest))


async def about(tracker: Tracker) -> tuple[str, Found | None]:
    """Return the words that name the article of the latest message, and what was found, if it was sought.

    The words are empty if the message names none.
    """
    text = str(tracker.latest_message.get("text") or "")
    before = shown(tracker)
    place = _place(entities(tracker, "ordinal"), before)
    if place:
        return place, None
    found = await find(text, tracker)
    refers = _refers(text, tracker)
    if found.value is None:
        return text, found
    if before and refers and not name_in(without_facts(tracker), found.value):
        return "\n".join(before), None
    return (text if found.value else ""), found


def shown(tracker: Tracker) -> list[str]:
    """Return the names of the articles shown last."""
    return str(tracker.get_slot(SHOWN) or "").splitlines()


def without_facts(tracker: Tracker) -> str:
    """Return the latest message without the words that ask for a fact."""
    text = str(tracker.latest_message.get("text") or "")
    spans = [
        (int(e.get("start") or 0), int(e.get("end") or 0))
        for e in tracker.latest_message.get("entities", [])
        if e.get("entity") == WANTED
    ]
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return " ".join(text.split()) if spans else text


def name_in(text: str, products: Iterable[Product]) -> bool:
    """Say whether a text has a word of an article's name in it."""
    return any(words_of(text) & words_of(product.name) for product in products)


def _refers(text: str, tracker: Tracker) -> bool:
    """Say whether a message speaks of what was shown: "is it washable"; long after, only by a fact."""
    if entities(tracker, WANTED):
        return True
    said = set(re.findall(r"[^\W\d_]+", text.casefold()))
    return recent_topic(tracker) == TOPIC and bool(said & REFERS)


def _place(places: list[str], names: list[str]) -> str:
    if len(places) != 1 or not names:
        return ""
    if places[0] == LAST:
        return names[-1]
    at = int(places[0]) if places[0].isdecimal() else 0
    return names[at - 1] if 1 <= at <= len(names) else ""
