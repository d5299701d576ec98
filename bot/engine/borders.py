"""Where one clause of a message ends and another may begin, by the words that join and open them. Pure.

English words, since that is what the shipped assistant speaks; what a clause means is for `clauses.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice

MAX_PARTS, MAX_BORDERS = 6, 40
"""Stretches of a message, and joints between them, that are looked at."""

WORDS_OF_A_NOTE = 3
"""Words that a sentence needs that asks for nothing."""

_AUXILIARY = r"(?:can|could|may|do|does|did|is|are|was|will|would|should|has|have|am)"
_QUESTION = r"(?:where|when|what|which|who|how|why)"
_ASKS = rf"(?:{_QUESTION}(?:'?s|'?re)?|{_AUXILIARY})\b(?!'t)"
_WANTS = (
    r"(?:(?:i|we)(?:'d|d)?\s(?:also\s|still\s|just\s)?(?:want|need|would\slike|like|wish|have\sto)"
    r"|let\sme|help\sme|cancel|track|send|change|return|refund|exchange|replace|update|delete|close|remove"
    r"|unsubscribe|subscribe|sign\sme|give\sme|tell\sme|show\sme|check|explain)\b"
)
_TELLS = (
    r"(?:(?:i(?:'ve|\shave)?\s)?(?:never\s)?(?:got|was|lost|forgot|forgotten|been|haven'?t|can'?t|cannot|didn'?t)"
    r"|my|the|one|something|there(?:'s|\sis))\b"
)
_POLITE = r"(?:(?:please|pls|also|then|oh|so|too|btw|by\sthe\sway|and|or)[,\s]++){0,5}+"
_IF = r"(?:if|whether)\s(?:i|you|we|it|there)\b"
_REQUEST = re.compile(rf"{_POLITE}(?:{_ASKS}|{_WANTS})", re.IGNORECASE)
_STATEMENT = re.compile(rf"{_POLITE}{_TELLS}", re.IGNORECASE)
_INDIRECT = re.compile(_IF, re.IGNORECASE)
_OPEN = re.compile(rf"{_POLITE}{_QUESTION}\b(?!.*\b{_AUXILIARY}\b)(?!'?s\b)", re.IGNORECASE)
"""A question word that still waits for its verb: "how many days" before "do I have"."""
_SUBJECT = re.compile(r"(?:\b(?:i|we|you|they|would|could|can)|'d|'m)\s*$", re.IGNORECASE)
"""What "also" stands behind in the middle of a clause: "I also need"."""
_ALSO = re.compile(r"\balso\b", re.IGNORECASE)
TOO = re.compile(r"\b(?:too|as\swell|also)\W*$", re.IGNORECASE)

# Quantifiers are possessive and no match begins within blanks, so that no text takes more than linear time.
_JOIN = r"(?:(?:and|or|but|also|plus|oh)\s++)*+"
_STRONG = (
    rf"(?<=[.!?;\n])\s++{_JOIN}"
    r"|(?<!\s)(?:\s*+[,;])?+\s++(?:but|also|and\salso|oh\sand|plus|by\sthe\sway|btw|one\smore\sthing)"
    r"(?:[,:]\s*+|\s++)"
)
_AND = r"(?<!\s)(?:\s*+,)?+\s++(?:and\sthen|and|or|&|\+|then)\s++"
_COMMA = r"(?<!\s)\s*+,\s*+"
_NONE = (
    rf"(?<!\s)\s++(?=(?:{_QUESTION}(?:'?s\s|\s(?:is|are|do|does|can|will|time|long|much|many)\b)"
    r"|(?:can|could|may)\s(?:i|you|we)\b|do\s(?:you|i|we)\b|(?:is|are)\sthere\b|i\s(?:want|need)\sto\b))"
)
_BORDER = re.compile(
    rf"(?P<strong>{_STRONG})|(?P<and>{_AND})|(?P<comma>{_COMMA})|(?P<none>{_NONE})", re.IGNORECASE
)
POINTS = re.compile(
    r"\b(?:it|its|that|this|them|these|those|the\s(?:order|parcel|package))\b", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of a message, from `start` to `end`; its own words begin at `said`."""

    start: int
    said: int
    end: int
    loose: bool
    """Whether a mere comma or nothing stands before it."""
    joined: bool
    """Whether "and" or "or" stands before it."""
    asks: bool = False
    """Whether it holds a request."""


def pieces_of(text: str) -> list[Piece]:
    """Return the stretches of text that may be matters of their own."""
    pieces: list[Piece] = []
    start, said, loose, joined = 0, 0, False, False
    for border in islice(_BORDER.finditer(text), MAX_BORDERS):
        if len(pieces) == MAX_PARTS - 1:
            break
        if _is_border(border, text[said : border.start()], text[border.end() :]):
            pieces.append(Piece(start=start, said=said, end=border.start(), loose=loose, joined=joined))
            start, said = border.start(), border.end()
            joined = border["and"] is not None
            loose = border["strong"] is None and not joined
    return [*pieces, Piece(start=start, said=said, end=len(text), loose=loose, joined=joined)]


def candidates(text: str) -> list[Piece]:
    """Return the pieces of a text, those put together that cannot be matters of their own.

    What asks for nothing is background of what follows it behind a comma, or a word or two.
    """
    found: list[Piece] = []
    for piece in pieces_of(text):
        said = text[piece.said : piece.end].strip()
        piece = replace(piece, asks=is_request(said, joined=piece.joined))
        last = found[-1] if found else None
        short = last is not None and len(text[last.said : last.end].split()) < WORDS_OF_A_NOTE
        if last is not None and not last.asks and (piece.loose or short):
            found[-1] = replace(last, end=piece.end, asks=piece.asks)
        else:
            found.append(piece)
    return found


def _is_border(border: re.Match[str], before: str, after: str) -> bool:
    if not _speaks(before) or not _speaks(after):
        return False
    if border["none"] is not None:
        return not _OPEN.match(before)
    if border["strong"] is not None:
        return not (_ALSO.search(border["strong"]) and _SUBJECT.search(before))
    begins = _REQUEST.match(after) or _STATEMENT.match(after)
    return bool(begins or (border["and"] is not None and _INDIRECT.match(after)))


def _speaks(text: str) -> bool:
    return any(c.isalnum() for c in text)


def is_request(text: str, *, joined: bool = False) -> bool:
    """Say whether a text begins as a question or a wish; behind "and" also "if I can still ..."."""
    return bool(_REQUEST.match(text) or (joined and _INDIRECT.match(text)))
