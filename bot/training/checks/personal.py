"""Examples with what may be somebody's own: e-mail addresses, telephone, card and account numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.services.masking import mask
from bot.training.checks.problem import Level, Problem
from bot.training.checks.source import Line, Source
from bot.training.examples import bare

_EMAIL = re.compile(r"[\w.+%-]+@(?P<domain>[\w-]+(?:\.[\w-]+)+)")
_MADE_UP_DOMAIN = re.compile(r"(?:.*\.)?example\.[a-z.]+|.*\.(?:example|test|invalid|localhost)")
"""Domains that are kept for examples (RFC 2606), and example.co.uk and its like."""

_PHONE = re.compile(
    r"(?<![\w.#-])(?:(?:\+|00|0)\d[\d ()/.-]{6,18}\d|\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])"
)
_LEAST_OF_PHONE, _MOST_OF_PHONE = 9, 15
"""Digits of a telephone number; more are a parcel's."""
_MADE_UP = re.compile(
    r"(?:0|44)(?:1632960|7700900|2079460|2896496|2920180|3069990|8081570|9098790|1\d\d496|191498)\d{3,4}"
    r"|1?[2-9]\d\d55501\d\d"
)
"""Numbers for stories and films: Ofcom's and those of the North American plan."""

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_CARD = "[card ending"


def personal(source: Source) -> Iterator[Problem]:
    """Yield examples of intents that hold what may be a person's own."""
    for line in source.of("intent"):
        for level, what, advice in _found(bare(line.text)):
            yield _problem(line, level, what, advice)


def _problem(line: Line, level: Level, what: str, advice: str) -> Problem:
    return Problem(
        level=level,
        kind="personal",
        place=line.place,
        message=f"An example of {line.name} holds {what}.",
        advice=advice,
    )


def _found(text: str) -> Iterator[tuple[Level, str, str]]:
    for match in _EMAIL.finditer(text):
        if not _MADE_UP_DOMAIN.fullmatch(match["domain"].lower()):
            yield "warning", f"the e-mail address {match[0]}", "Use an address at example.com."
    if _CARD in mask(text):
        yield "error", "a payment card's number that passes its check", "Take the number out."
    if any(_valid_iban(match[0]) for match in _IBAN.finditer(text)):
        yield "error", "a bank account (IBAN) that passes its check", "Take the number out."
        return
    for match in _PHONE.finditer(text):
        if _may_be_phone(match[0]):
            yield (
                "warning",
                f"the telephone number {match[0]}",
                "Use one that is kept for stories: 020 7946 0018.",
            )


def _may_be_phone(text: str) -> bool:
    digits = "".join(c for c in text if c.isdigit())
    short = digits.removeprefix("00")
    rising = digits in "01234567890123456789"
    return (
        _LEAST_OF_PHONE <= len(digits) <= _MOST_OF_PHONE
        and not rising
        and len(set(digits)) > 2
        and not _MADE_UP.fullmatch(short)
    )


def _valid_iban(text: str) -> bool:
    """Say whether the check digits fit (ISO 13616)."""
    code = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1
