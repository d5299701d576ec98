"""What agents are told about an action for a customer, in plain words; never shown to customers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_DONE = {
    "cancel_order": "Order {number} is cancelled.",
    "change_address": "{What} goes to {address} now.",
    "start_return": "A return is open for order {number}.",
    "goodwill": "{amount} {currency} was given: {code}.",
}
_REFUSED = {
    "shipped": "Order {number} has left already and cannot be cancelled.",
    "delivered": "Order {number} has been delivered and cannot be cancelled.",
    "cancelled": "Order {number} was cancelled before.",
    "left": "Order {number} has left already: its address cannot be changed.",
    "incomplete": "This is not a full address: it needs a number, a street, a place and a postcode.",
    "not_delivered": "Order {number} has not been delivered, so nothing can be sent back yet.",
    "too_late": "The time for returning order {number} is over.",
    "already": "There is a return for this already.",
    "unknown_item": "There is no such article in order {number}.",
    "no_replacement": "The article is out of stock: offer the money back.",
    "too_much": "The company's system refuses an amount of this size.",
    "currency": "This customer's orders are not in {currency}.",
    "not_found": "The company's system knows no such order or customer.",
    "not_offered": "The company's system does not offer this.",
}
_NOT_ALLOWED = {
    "not_theirs": "Order {number} is not known to be this customer's. Look it up with a reason first.",
    "needs_supervisor": (
        "Nobody vouches for who this customer is: a supervisor may send order {number} elsewhere."
    ),
    "unknown_customer": "Nobody knows who this customer is: look up one of their orders first.",
    "over_limit": "You may give up to {limit} at once. {who}",
    "over_customer_limit": (
        "This customer was given {had} in the last 30 days, and {customer} is the most: {left} is left."
    ),
}
_UNKNOWN = {
    "unfinished": (
        "Nobody knows yet whether the attempt of {at} was carried out. Ask for exactly the same again to"
        " find out; nothing else is begun before that is known."
    ),
}
_LATER = "The company's system cannot be reached. Nothing was done; try again in a moment."
_LOST = (
    "The company's system did not answer in time. It may have done it or not: ask again, it is done once."
)


class _Facts(dict[str, str]):
    """Facts for a sentence; one that is missing must not hide the others."""

    def __missing__(self, key: str) -> str:
        return "?"


def told(action: str, status: str, detail: str, facts: Mapping[str, str]) -> str:
    """Return the outcome of an action in one or two sentences."""
    number = facts.get("number", "")
    known = _Facts({**facts, "What": f"Order {number}" if number else "The account's post"})
    if status == "ok":
        return " ".join([_DONE[action].format_map(known), *_besides(action, facts)])
    words = {"refused": _REFUSED, "not_allowed": _NOT_ALLOWED, "unknown": _UNKNOWN}.get(status, {})
    missing = {"try_later": _LATER, "unknown": _LOST}
    sentence = words.get(detail) or missing.get(status) or "The company's system refuses this ({code})."
    return sentence.format_map(_Facts({**known, "code": detail}))


def limit_words(limits: Any, own: Decimal, had: Decimal) -> dict[str, str]:
    """Return the facts of a refusal because of `GoodwillLimits`: who may, and what is left."""
    more = own < limits.supervisor
    who = f"A supervisor may give up to {limits.supervisor}." if more else "Nobody here may give more."
    return {
        "limit": str(own),
        "who": who,
        "had": str(had),
        "customer": str(limits.customer),
        "left": str(max(Decimal(0), limits.customer - had)),
    }


def _besides(action: str, facts: Mapping[str, str]) -> list[str]:
    """Return what else an agent should tell the customer."""
    currency = facts.get("currency", "")
    if action == "cancel_order":
        back, fee = Decimal(facts["refund"]), Decimal(facts["fee"])
        said = [f"{back} {currency} goes back." if back else "Nothing was paid, so nothing goes back."]
        return said + ([f"{fee} {currency} is kept as a fee."] if fee else [])
    if action == "start_return":
        replaced = facts["resolution"] == "replacement"
        said = ["A replacement is sent." if replaced else f"{facts['amount']} {currency} goes back."]
        return said + (["They have to send it in."] if facts["send_back"] == "True" else [])
    until = facts.get("valid_until", "None")
    return [] if until == "None" else [f"It is good until {until}."]
