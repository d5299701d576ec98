"""The kinds of values that config.yml's `normalise` can name: how each is found and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.nlu import amounts, dates, phones
from bot.nlu.misspelt import Misspelt
from bot.nlu.reading import Reading

PRODUCT = "product"
"""The kind of names from a lookup table that may be misspelt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How the company's customers write.

    Attributes:
        region: where a telephone number without a country code belongs (ISO 3166).
        day_first: whether 3/4 is the third of April.
        currencies: currencies (ISO 4217) of signs and words, where they are not the usual ones.
    """

    region: str = "GB"
    day_first: bool = True
    currencies: Mapping[str, str] = field(default_factory=dict)


def _nothing(text: str, today: date | None) -> Iterable[Reading]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        normalise: writes a value that the trainers' patterns found in the one normal form.
        find: finds further ones by itself; both get the day of the message, if there is one.
        soft: whether ordinary words can be such a value, which then gives way to word lists.
    """

    normalise: Callable[[str, date | None], str]
    find: Callable[[str, date | None], Iterable[Reading]] = _nothing
    soft: bool = False


def kind_of(name: str, habits: Habits, names: Iterable[tuple[str, str]], never: frozenset[str]) -> Kind:
    """Build a kind; `names` are the (phrase, value) pairs of its entity. Raises ValueError."""
    if name in _PLAIN:
        return _plain(_PLAIN[name], _FINDERS.get(name))
    if name == "phone":
        return Kind(
            normalise=lambda text, today: phones.normalise(text, habits.region),
            find=lambda text, today: phones.find(text, habits.region),
        )
    if name == "amount":
        return Kind(
            normalise=lambda text, today: amounts.normalise(text, habits.currencies),
            find=lambda text, today: amounts.find(text, habits.currencies),
            soft=True,
        )
    if name == "date":
        return Kind(
            normalise=lambda text, today: dates.normalise(text, today, day_first=habits.day_first),
            find=lambda text, today: dates.find(text, today, day_first=habits.day_first),
            soft=True,
        )
    if name == PRODUCT:
        known = Misspelt(names, never=never)
        return Kind(
            normalise=lambda text, today: text, find=lambda text, today: known.find(text), soft=True
        )
    raise ValueError(f"unknown normaliser '{name}'; there are {', '.join(KINDS)}")


def _plain(write: Callable[[str], str], find: Callable[[str], Iterable[Reading]] | None) -> Kind:
    if find is None:
        return Kind(normalise=lambda text, today: write(text))
    return Kind(normalise=lambda text, today: write(text), find=lambda text, today: find(text))


_BLANKS = re.compile(r"[\s#]+")
_AT = re.compile(r"\s*[(\[]\s*at\s*[)\]]\s*|\s*@\s*", re.IGNORECASE)
_DOT = re.compile(r"\s*[(\[]\s*dot\s*[)\]]\s*", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}(?:\s?[(\[]\s?at\s?[)\]]\s?|\s@\s)[a-z0-9-]{1,63}"
    r"(?:(?:\.|\s?[(\[]\s?dot\s?[)\]]\s?)[a-z0-9-]{1,63}){1,4}(?![\w@])",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"(?<![\w.+-])(?P<who>[a-z0-9][\w.+-]{0,63})\s+at\s+(?P<where>[a-z0-9-]{1,63}(?:\s+dot\s+(?:co|com))?)"
    r"\s+dot\s+(?P<end>com|org|net|info|eu|uk|ie|de|at|ch|fr|es|it|nl|be|us|ca|io)\b",
    re.IGNORECASE,
)
_UK = re.compile(r"(?:[A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
_CANADA_IRELAND = re.compile(r"[A-Z]\d[A-Z\d](?:\d[A-Z]\d|[A-Z\d]{4})")
_NETHERLANDS = re.compile(r"\d{4}[A-Z]{2}")


def email(text: str) -> str:
    """Return an address in small letters, with its signs where they were spelled: "(at)", "[dot]"."""
    return _DOT.sub(".", _AT.sub("@", text.strip())).strip(".").lower()


def postcode(text: str) -> str:
    """Return a postcode in capitals with the blank where its country has one."""
    signs = re.sub(r"\s+", "", text.strip()).upper()
    if _UK.fullmatch(signs):
        return f"{signs[:-3]} {signs[-3:]}"
    if _NETHERLANDS.fullmatch(signs):
        return f"{signs[:4]} {signs[4:]}"
    if _CANADA_IRELAND.fullmatch(signs):
        return f"{signs[:3]} {signs[3:]}"
    return signs


def _spelled(text: str) -> Iterable[Reading]:
    if " dot " in text.lower():
        for match in _SPOKEN.finditer(text):
            where = re.sub(r"\s+dot\s+", ".", match["where"], flags=re.IGNORECASE)
            yield Reading(*match.span(), f"{match['who']}@{where}.{match['end']}".lower())
    if "@" in text or "[" in text or "(" in text:
        for match in _SPELLED.finditer(text):
            yield Reading(*match.span(), email(match[0]))


_PLAIN: dict[str, Callable[[str], str]] = {
    "code": lambda text: _BLANKS.sub("", text).upper(),
    "lower": lambda text: text.strip().lower(),
    "email": email,
    "postcode": postcode,
    "none": lambda text: text,
}
_FINDERS: dict[str, Callable[[str], Iterable[Reading]]] = {"email": _spelled}

KINDS = (*_PLAIN, "phone", "amount", "date", PRODUCT)
"""Their names."""
