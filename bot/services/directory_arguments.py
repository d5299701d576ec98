"""What an action may ask of the directory: names, types and lengths, checked before anything is done.

Arguments come from an engine process, so from code that a message can confuse, or from an agent's page.
Nothing here knows of trust.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.domain.customer import Preferences

LONGEST_NUMBER = 40
LONGEST_LINE = 300
"""Characters of an address, an item or a proof."""
LONGEST_REASON = 500
LONGEST_TEXT = 4_000
"""Characters of what a case is about; as many as a message may have."""
UNWRITABLE = ("Cc", "Cs")
"""Unicode's control characters and halves of characters: no database takes all of them."""
HOLDER = {"name": 100, "email": 254, "phone": 40}
"""What may be changed of an account's holder, and how long it may be."""
KINDS = frozenset({"complaint", "late_delivery", "payment", "other"})
RESOLUTIONS = frozenset({"refund", "replacement"})

Check = Callable[[Any], Any]
"""Returns the argument as the directory takes it. Raises ValueError for what it cannot be."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a method; without a `default` it must be given."""

    check: Check
    default: Any = None


def normal_number(number: str) -> str:
    """Return an order number as the directory writes it: no blanks, no leading #, upper case."""
    return "".join(number.split()).lstrip("#").upper()


def _text(value: Any) -> str:
    """Return a text that can be kept and read; a number is one too."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError("must be a text")  # noqa: TRY004 (one kind of error for the caller)
    kept = (c if c in "\n\t" or unicodedata.category(c) not in UNWRITABLE else " " for c in str(value))
    return "".join(kept).strip()


def _number(value: Any) -> str:
    given = _text(value)
    number = normal_number(given)
    if len(number) > LONGEST_NUMBER or bool(given) != bool(number):
        raise ValueError("is no number")
    return number


def _words(most: int) -> Check:
    """Take a customer's own words: what is too long is cut."""
    return lambda value: _text(value)[:most]


def _line(most: int) -> Check:
    """Take one line, which has to be whole: what is too long is taken for nothing."""

    def check(value: Any) -> str:
        line = " ".join(_text(value).split())
        return line if len(line) <= most else ""

    return check


def _one_of(known: frozenset[str]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"must be one of {', '.join(sorted(known))}")
        return value

    return check


def _preferences(value: Any) -> dict[str, bool]:
    changes = _changes(value, Preferences.__dataclass_fields__)
    if not all(isinstance(wanted, bool) for wanted in changes.values()):
        raise ValueError("must be true or false each")
    return changes


def _holder(value: Any) -> dict[str, str]:
    return {name: _line(HOLDER[name])(given) for name, given in _changes(value, HOLDER).items()}


def _changes(value: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value or not set(value) <= set(known):
        raise ValueError(f"must change some of {', '.join(known)}")
    return dict(value)


_OF_ORDER = {"number": Parameter(_number)}
_MAYBE_OF_ORDER = {"number": Parameter(_number, "")}

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "profile": {},
    "orders": {},
    "order": _OF_ORDER,
    "prove_order": {**_OF_ORDER, "proof": Parameter(_line(LONGEST_LINE))},
    "cancel_order": _OF_ORDER,
    "start_return": {
        **_OF_ORDER,
        "reason": Parameter(_words(LONGEST_REASON)),
        "item": Parameter(_line(LONGEST_LINE), ""),
        "resolution": Parameter(_one_of(RESOLUTIONS), "refund"),
    },
    "refund_status": _OF_ORDER,
    "invoice": _OF_ORDER,
    "change_address": {"address": Parameter(_line(LONGEST_LINE)), **_MAYBE_OF_ORDER},
    "set_preferences": {"changes": Parameter(_preferences)},
    "update_account_holder": {"changes": Parameter(_holder)},
    "close_account": {},
    "open_case": {
        "kind": Parameter(_one_of(KINDS)),
        "text": Parameter(_words(LONGEST_TEXT)),
        **_MAYBE_OF_ORDER,
    },
    "case": _OF_ORDER,
    "find_products": {"text": Parameter(_words(LONGEST_LINE))},
}
"""The methods of `TurnDirectory`, and what each takes."""


_MONEY = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}|", re.ASCII)


def _amount(value: Any) -> Decimal:
    """Return an amount of money; it comes as a text, since a float is no amount."""
    if not isinstance(value, str) or not _MONEY.fullmatch(value) or not Decimal(value):
        raise ValueError('must be a text such as "7.50", more than nothing')
    return Decimal(value)


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("must be three capital letters such as EUR")
    return value


def _said(most: int) -> Check:
    """Take an agent's own words, which must be some."""

    def check(value: Any) -> str:
        if not (words := _text(value)[:most]):
            raise ValueError("must say something")
        return words

    return check


OF_AGENTS: dict[str, dict[str, Parameter]] = {
    "cancel_order": PARAMETERS["cancel_order"],
    "change_address": PARAMETERS["change_address"],
    "start_return": PARAMETERS["start_return"],
    "goodwill": {
        "amount": Parameter(_amount),
        "reason": Parameter(_said(LONGEST_REASON)),
        "currency": Parameter(_currency, ""),
        **_MAYBE_OF_ORDER,
    },
    "look_up": {**_OF_ORDER, "reason": Parameter(_said(LONGEST_REASON))},
}
"""What agents do for customers, and what each takes."""


def checked(
    method: str,
    arguments: Mapping[str, Any],
    methods: Mapping[str, Mapping[str, Parameter]] = PARAMETERS,
) -> dict[str, Any]:
    """Return the arguments of one of `methods`, all of them.

    Raises:
        ValueError: one is missing, unknown, or cannot be what it is given for.
    """
    parameters = methods[method]
    if not set(arguments) <= set(parameters):
        raise ValueError(f"{method} takes {', '.join(parameters) or 'nothing'}")
    found: dict[str, Any] = {}
    for name, parameter in parameters.items():
        value = arguments.get(name, parameter.default)
        try:
            found[name] = parameter.check(value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
    return found
