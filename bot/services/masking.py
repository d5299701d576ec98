"""Removes card numbers and passwords from what a customer typed, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.services.secrets_in_text import mask_secrets

_GAP = r"[ \t\u00a0\u2000-\u2015\u202f\u2060.\-]{0,3}"
_RUN = re.compile(rf"(?<!\w)\d(?:{_GAP}\d){{12,}}")
_LENGTHS = (16, 15, 19, 18, 17, 14, 13)
"""Digits of a payment card (ISO/IEC 7812-1), the usual lengths first."""
_NETWORKS = "23456"
"""First digits of payment cards; others are airlines, fuel, telecoms: and parcels."""


def mask(text: str) -> str:
    """Return `text` with payment card numbers (13 to 19 digits, valid check digit) and stated
    passwords, PINs and security codes replaced; the last four digits of a card stay.
    """
    if any(c.isdigit() for c in text):
        text = _RUN.sub(_mask_cards, text)
    return mask_secrets(text)


def _mask_cards(match: re.Match[str]) -> str:
    """Replace the cards in a run of digits: an expiry date or a security code may stand right behind."""
    run, kept, done = match.group(), "", 0
    for start, end, digits in _cards(run):
        if start >= done:
            kept, done = f"{kept}{run[done:start]}[card ending {digits[-4:]}]", end
    return kept + run[done:]


def _cards(run: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a card may stand: whole groups of digits that together fit a card."""
    at = [place for place, character in enumerate(run) if character.isdigit()]
    digits = "".join(str(int(run[place])) for place in at)
    for first in range(len(at)):
        if digits[first] not in _NETWORKS or (first and at[first] == at[first - 1] + 1):
            continue
        for length in _LENGTHS:
            last = first + length - 1
            ends = last < len(at) and (last + 1 == len(at) or at[last + 1] > at[last] + 1)
            if ends and _luhn(digits[first : last + 1]):
                yield at[first], at[last] + 1, digits[first : last + 1]
                break


def _luhn(digits: str) -> bool:
    """Say whether the check digit fits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0
