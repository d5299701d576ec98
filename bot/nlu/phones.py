"""Telephone numbers, read by libphonenumber's rules and written as E.164."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberMatch,
    PhoneNumberMatcher,
    format_number,
    is_possible_number,
    is_valid_number,
    parse,
)

from bot.nlu.reading import Reading

MIN_DIGITS = 7
"""Digits below which nothing counts as a number: short ones are codes and hotlines."""

_ENOUGH = re.compile(r"\d(?:[\s()/.-]{0,3}\d){6}")
_PREFIXED = re.compile(r"\+|00|\(?0")
_NO_NUMBER = re.compile(
    r"\b\d\d?([./-])\d\d?\1(?:\d{4}|\d\d)\b|\b\d{4}-\d\d?-\d\d?\b|\b\d\d?:\d\d\b|\b24/7\b"
)
"""Dates and times, whose digits would be taken for a part of the number beside them."""

_GLUED = re.compile(r"(?:[\w@#][_-]?|\d[./])\Z")


def find(text: str, region: str) -> Iterator[Reading]:
    """Yield the telephone numbers of a text; one without a country code is of `region` (ISO 3166)."""
    if not _ENOUGH.search(text):
        return
    text = _NO_NUMBER.sub(lambda match: "~" * len(match[0]), text)
    for match in PhoneNumberMatcher(text, region, leniency=Leniency.POSSIBLE):
        if _counts(match, text):
            number = format_number(match.number, PhoneNumberFormat.E164)
            yield Reading(match.start, match.end, number)


def normalise(text: str, region: str) -> str:
    """Return a number as E.164, or its digits if it cannot be a number of that region."""
    try:
        number = parse(text, region)
    except NumberParseException:
        number = None
    digits = re.sub(r"[^\d+]+", "", text)
    if number is not None and is_possible_number(number) and len(digits) >= MIN_DIGITS:
        return format_number(number, PhoneNumberFormat.E164)
    return digits


def _counts(match: PhoneNumberMatch, text: str) -> bool:
    """Say whether digits were meant as a number: valid, or written with a prefix.

    Numbers that are not handed out yet, or kept for stories, are possible and not valid.
    """
    if sum(c.isdigit() for c in match.raw_string) < MIN_DIGITS or _GLUED.search(text[: match.start]):
        return False
    return is_valid_number(match.number) or bool(_PREFIXED.match(match.raw_string))
