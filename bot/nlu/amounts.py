"""Amounts of money, as a decimal number and an ISO 4217 currency: "12.50 GBP"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from bot.nlu.calendar_words import MONTHS, any_of
from bot.nlu.number_words import FROM_20, NUMBER, number_in
from bot.nlu.reading import Reading

CURRENCIES: Mapping[str, str] = {
    "£": "GBP",
    "€": "EUR",
    "$": "USD",
    "¥": "JPY",
    "₹": "INR",
    "zł": "PLN",
    "pound": "GBP",
    "pounds": "GBP",
    "quid": "GBP",
    "sterling": "GBP",
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "p": "GBP",
    "pence": "GBP",
    "cent": "EUR",
    "cents": "EUR",
}
"""What signs and words mean; config.yml can change that ("$" is another currency in Canada)."""

_CODES = "EUR GBP USD CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON JPY CNY INR ZAR SGD HKD MXN BRL AED"
CODES = frozenset(_CODES.split())
WHOLE = frozenset({"JPY", "HUF"})
"""Currencies that are written without decimals."""

_SMALL = frozenset({"p", "pence", "cent", "cents"})
_SLANG = {"quid": "1", "fiver": "5", "tenner": "10"}
_DIGITS = r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_SIGN = r"[£€¥₹]|(?:US|CA|AU|NZ|[AC])?\$"
_CODE = "|".join(sorted(CODES))
_WORD = r"pounds?|quid|euros?|dollars?|bucks|pence|cents?|sterling"
# "12 pounds 50", but not "12 pounds 50 days ago".
_AFTER_REST = (
    rf"(?:\s?(?:p|pence|cents?))?\b(?!\s?(?:{_WORD}|%|[/.:-]?\d|[ap]\.?m\b|st\b|nd\b|rd\b|th\b|of\b|times"
    rf"|days?|weeks?|months?|years?|hours?|min|people|{any_of(MONTHS)}))"
)
_AMOUNT = re.compile(
    rf"""(?<![\w.,£$€])(?:
      (?P<before>{_SIGN}|\b(?:{_CODE})(?=[\s\d]))\s?(?P<n1>{_DIGITS})(?P<k>k\b)?(?![\d%]|[.,]\d)
    | (?<![-/])(?P<n2>{_DIGITS})\s?(?P<after>{_SIGN}|zł|(?:{_CODE}|{_WORD})\b)
        (?:\s?(?:and\s)?(?P<rest>\d{{2}}){_AFTER_REST})?
    | (?P<n3>{NUMBER})[\s-]+(?P<spelled>{_WORD})\b
        (?:\s(?:and\s)?(?P<more>{FROM_20})\b{_AFTER_REST})?
    | (?<![-/])(?P<n4>\d{{1,2}})(?P<pence>p)\b
    | an?\s(?P<slang>quid|fiver|tenner)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_HINT = re.compile(
    r"[£€$¥₹ł]|\d\s?[a-z]|[a-z]\s?\d|pound|quid|euro|dollar|bucks|pence|cent|tenner|fiver", re.IGNORECASE
)
_WEIGHT = re.compile(r"\bweigh|\bheavy\b|\blbs?\b", re.IGNORECASE)
_AROUND = 25
"""Characters around "20 pounds" in which a word may say that it is a weight."""


def find(text: str, currencies: Mapping[str, str]) -> Iterator[Reading]:
    """Yield the amounts of a text; `currencies` overrides what signs and words mean."""
    if not _HINT.search(text):
        return
    for match in _AMOUNT.finditer(text):
        if not _is_weight(match, text):
            yield Reading(*match.span(), _value(match, currencies))


def normalise(text: str, currencies: Mapping[str, str]) -> str:
    """Return an amount in its normal form; a text that is none stays."""
    found = [r for r in find(text.strip(), currencies) if r.end - r.start == len(text.strip())]
    return found[0].value if found else text


def _value(match: re.Match[str], currencies: Mapping[str, str]) -> str:
    if slang := match["slang"]:
        return _written(Decimal(_SLANG[slang.lower()]), "GBP")
    sign = match["before"] or match["after"] or match["spelled"] or match["pence"]
    digits = match["n1"] or match["n2"] or match["n4"]
    number = _decimal(digits) if digits else Decimal(number_in(match["n3"]))
    if match["k"]:
        number *= 1000
    if sign.lower() in _SMALL:
        number /= 100
    elif number == int(number):
        number += _hundredths(match)
    return _written(number, currency_of(sign, currencies))


def _hundredths(match: re.Match[str]) -> Decimal:
    digits, words = match["rest"], match["more"]
    return Decimal(digits or (number_in(words) if words else 0)) / 100


def currency_of(sign: str, currencies: Mapping[str, str]) -> str:
    """Return the ISO code that a sign, a code or a word means."""
    sign = sign.lower()
    if sign in currencies:
        return currencies[sign]
    if sign.endswith("$") and len(sign) > 1:
        return {"u": "USD", "c": "CAD", "a": "AUD", "n": "NZD"}[sign[0]]
    return CURRENCIES.get(sign, sign.upper())


def _decimal(digits: str) -> Decimal:
    """Read "1,299.00", "1.299,00" and "12,50": the last sign parts decimals unless three digits follow."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0 or len(digits) - last - 1 == 3:
        return Decimal(re.sub(r"[.,]", "", digits))
    return Decimal(re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :])


def _written(number: Decimal, currency: str) -> str:
    exponent = Decimal(1) if currency in WHOLE and number == int(number) else Decimal("0.01")
    return f"{number.quantize(exponent)} {currency}"


def _is_weight(match: re.Match[str], text: str) -> bool:
    word = (match["after"] or match["spelled"] or "").lower()
    around = text[max(0, match.start() - _AROUND) : match.end() + _AROUND]
    return word in ("pound", "pounds") and bool(_WEIGHT.search(around))
