"""What every topic needs: the turn's services, and values put into words that trainers own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bot.domain.customer import Order
from bot.ports import TurnServices, turn_services

Domain = Mapping[str, Any]
Event = dict[str, Any]

TITLE = 20
"""Characters of a choice's title that every channel shows."""
PARTICLE = 4
"""Letters of a word that ends no title: "Glass teapot with"."""

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def services() -> TurnServices:
    """Return the context and the directory of the turn that is being worked out."""
    return turn_services.get()


def part(domain: Domain, name: str, **values: str) -> str:
    """Return the first wording of response `name`, filled in: for titles and pieces of a sentence.

    Raises:
        KeyError: the domain has no such response.
    """
    text: str = domain["responses"][name][0]["text"]
    return text.format(**values)


def has_response(domain: Domain, name: str) -> bool:
    """Say whether trainers wrote a response of this name."""
    return name in domain.get("responses", {})


def choice(title: str, payload: str) -> dict[str, str]:
    """Return a choice in the shape that Rasa's dispatcher takes."""
    return {"title": title, "payload": payload}


def short_titles(names: Sequence[str]) -> list[str]:
    """Return titles of choices that every channel shows in full, cut at a word, each one different."""
    for cut in (_at_comma, _at_word):
        titles = [cut(name) for name in names]
        if len(set(titles)) == len(titles):
            return titles
    return [f"{number} {_at_word(name, TITLE - 3)}" for number, name in enumerate(names, 1)]


def _at_comma(name: str) -> str:
    return name if len(name) <= TITLE else _at_word(name.split(",")[0])


def _at_word(name: str, most: int = TITLE) -> str:
    if len(name) <= most:
        return name
    kept = name[: most + 1].rpartition(" ")[0] or name[:most]
    words = kept.rstrip(" ,.;:-&").split()
    while len(words) > 1 and words[-1].islower() and len(words[-1]) <= PARTICLE:
        words.pop()
    return " ".join(words).rstrip(" ,.;:-&")


def money(amount: Decimal, currency: str) -> str:
    """Return an amount as a customer reads it, such as "£12.50"."""
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{amount:.2f}" if symbol else f"{amount:.2f} {currency}"


def day(value: date | None) -> str:
    """Return a date as a customer reads it, such as "Thursday 12 June"; empty for none."""
    return f"{value:%A} {value.day} {value:%B}" if value else ""


def item_of(order: Order, domain: Domain) -> str:
    """Name what is in an order: its first line, and how many more there are."""
    if not order.items:
        return order.number
    first = order.items[0].name
    more = len(order.items) - 1
    return part(domain, "utter_part_more_items", item=first, count=str(more)) if more else first
