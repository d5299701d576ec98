"""Removes card numbers and passwords from what a customer typed, before anything is stored."""

from __future__ import annotations

import re

_CARD = re.compile(r"(?<![\w.])\d(?:[ \-\u2010-\u2015.]?\d){12,18}(?![\w])")
_PASSWORD = re.compile(
    r"(?P<lead>\b(?:pass\s?word|passcode|passwd|pwd|pin(?:\s+code)?|cvv|cvc|security code)\b"
    r"(?:\s+(?:is|was|for[\w\s]{0,30}?is)\b|\s*[:=])\s*)(?P<secret>\S+)",
    re.IGNORECASE,
)
_NOT_A_SECRET = re.compile(
    r"not|wrong|incorrect|invalid|expired|lost|forgotten|gone|the|a|my|it|that|broken|rejected|right|"
    r"correct|no|never|being|asked|required|needed|working|still|too"
)


def _luhn(digits: str) -> bool:
    """Say whether the check digit fits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def _mask_card(match: re.Match[str]) -> str:
    digits = "".join(c for c in match.group() if c.isdigit())
    return f"[card ending {digits[-4:]}]" if _luhn(digits) else match.group()


def _mask_password(match: re.Match[str]) -> str:
    bare = match.group("secret").strip(".,;:!?'\"").lower()
    return match.group() if _NOT_A_SECRET.fullmatch(bare) else f"{match.group('lead')}[hidden]"


def mask(text: str) -> str:
    """Return `text` with payment card numbers (13 to 19 digits, valid check digit) and stated
    passwords, PINs and security codes replaced; the last four digits of a card stay.
    """
    if any(c.isdigit() for c in text):
        text = _CARD.sub(_mask_card, text)
    return _PASSWORD.sub(_mask_password, text)
