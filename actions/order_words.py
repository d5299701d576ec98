"""Reading order numbers, proofs and articles out of what a customer wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from rasa_sdk import Tracker

from actions.forms import entities
from bot.domain.customer import Order

T = TypeVar("T")

NUMBER = re.compile(r"(?<!card ending )(?<!\d)\d{3,12}(?!\d)")
"""An order number wherever it is written, but not what is left of a masked card number; adapt it
together with the regex in data/nlu/inform.yml.
"""

TOO_LONG = re.compile(r"(?<![\d+])\d{13,}")
"""Digits that are meant for an order number and cannot be one."""

COMMON = frozenset({"the", "and", "for", "with", "set", "one", "two", "order", "new", "old", "not", "all"})
"""Words in the names of articles that name nothing by themselves."""

MAX_POSTCODE = 10

_ORDERED = re.compile(
    r"\b(?:ordered|bought|purchased|placed)\b[^.?!;]{0,40}\Z"
    r"|\b(?:orders?|ones?|things?|stuff)\s+(?:that\s+)?(?:i\s+\w+\s+)?(?:from|of|on)\s+\Z",
    re.IGNORECASE,
)
"""What stands before a date on which an order was placed, and not when it should come."""

NEW_ADDRESS = frozenset({"change_shipping_address", "set_up_shipping_address"})
WORDS_OF_ADDRESS = 2


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
    if in_address(tracker, proof):
        return None
    if proof == find_number(tracker.get_slot("order_number")):
        return None
    said = tracker.latest_message
    kinds = {entity.get("entity") for entity in said.get("entities", [])}
    if "postcode" not in kinds and "order_number" in kinds and proof == said.get("text"):
        return None
    signs = [c for c in proof if c.isalnum()]
    short = 4 <= len(signs) <= MAX_POSTCODE and len(proof.split()) <= 3
    return proof if short and any(c.isdigit() for c in signs) else None


def in_address(tracker: Tracker, postcode: str) -> bool:
    """Say whether a postcode of the latest message belongs to an address that is told in full."""
    message = tracker.latest_message
    text = str(message.get("text") or "")
    written = _as_written(tracker, postcode)
    if written not in text:
        return False
    if (message.get("intent") or {}).get("name") in NEW_ADDRESS:
        return True
    rest = text.replace(written, " ")
    for number in numbers(tracker):
        rest = rest.replace(number, " ")
    # A house number, and the street around it.
    return any(c.isdigit() for c in rest) and len(rest.split()) >= WORDS_OF_ADDRESS


def _as_written(tracker: Tracker, value: str) -> str:
    """Return the customer's own characters for an entity's value: "ls62ab" for LS6 2AB."""
    text = str(tracker.latest_message.get("text") or "")
    for entity in tracker.latest_message.get("entities", []):
        start, end = int(entity.get("start") or 0), int(entity.get("end") or 0)
        if entity.get("value") == value and 0 <= start < end:
            return text[start:end]
    return value


def mentioned(tracker: Tracker, value: str) -> bool:
    """Say whether the customer's latest message contains `value`, typed or by a choice."""
    message = tracker.latest_message
    values = [str(entity.get("value")) for entity in message.get("entities", [])]
    return value in values or value in (message.get("text") or "")


def numbers(tracker: Tracker) -> list[str]:
    """Return the order numbers in the latest message."""
    return entities(tracker, "order_number")


def number_of_wish(tracker: Tracker, topic: str) -> str | None:
    """Return the number that goes with one of several wishes: "cancel 4525 and return 4524"."""
    found = sorted(tracker.latest_message.get("entities", []), key=lambda e: int(e.get("start") or 0))
    wishes = {str(e.get("value")) for e in found if e.get("entity") == "wish"}
    if len(wishes) < 2 or topic not in wishes or len(set(numbers(tracker))) < 2:
        return None
    mine = False
    for entity in found:
        if entity.get("entity") == "wish":
            mine = entity.get("value") == topic
        elif mine and entity.get("entity") == "order_number":
            return find_number(entity.get("value"))
    return None


def order_meant(tracker: Tracker, orders: Sequence[Order]) -> Order | None:
    """Return the one order that the latest message means: by an article, the day it was placed, or both.

    What is misspelt counts by the article's name, but only where the customer's own words decide nothing.
    """
    text = str(tracker.latest_message.get("text") or "")
    dated = _placed_then(tracker, orders)
    among = dated or orders
    found = by_words(text, among) or by_words(" ".join((text, *entities(tracker, "product"))), among)
    return found or (dated[0] if len(dated) == 1 else None)


def _placed_then(tracker: Tracker, orders: Sequence[Order]) -> list[Order]:
    """Return the orders of the day, week or month of "what I ordered last Tuesday"."""
    text = str(tracker.latest_message.get("text") or "")
    said = [
        str(entity.get("value"))
        for entity in tracker.latest_message.get("entities", [])
        if entity.get("entity") == "date" and _ORDERED.search(text[: max(0, int(entity.get("start") or 0))])
    ]
    return [order for order in orders if said and _on(order.placed_on, said[0])] if len(said) == 1 else []


def _on(day: date, said: str) -> bool:
    """Say whether a day is the one, or in the week, month or year, that an ISO 8601 text names."""
    year, week, _ = day.isocalendar()
    return said == f"{year}-W{week:02}" or (day.isoformat() + "-").startswith(f"{said}-")


def by_words(text: str, orders: Sequence[Order]) -> Order | None:
    """Return the only order that has something in it which the text names; None if none or several."""
    return meant(text, [(" ".join(item.name for item in order.items), order) for order in orders])


def meant(text: str, named: Sequence[tuple[str, T]]) -> T | None:
    """Return the one thing whose name shares most words with a text; None if none or several do."""
    said = words_of(text)
    hits = [(len(said & words_of(name)), thing) for name, thing in named]
    best = max((count for count, _ in hits), default=0)
    found = [thing for count, thing in hits if count == best]
    return found[0] if best and len(found) == 1 else None


def words_of(text: str) -> set[str]:
    """Return the words of a text that can name an article, without their plural."""
    found = re.findall(r"[^\W\d_]{3,}", text.casefold())
    return {word.removesuffix("s") for word in found} - COMMON
