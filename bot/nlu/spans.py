"""Which of several readings of the same characters stays. One span has one entity, by construction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` that may be the entity `name`; `value` if its finder knows it."""

    name: str
    start: int
    end: int
    value: str | None = None


DECOY = ""
"""The name of what looks like a value and is none: it takes the characters and is dropped."""

_IBAN = r"(?-i:\b[A-Z]{2}\d{2}(?:\ ?[A-Z0-9]{4}){3,7}(?:\ ?[A-Z0-9]{1,3})?\b)"
_UNITS = (
    "mm|cm|km|ml|cl|kg|mg|oz|lbs?|inch|inches|feet|ft|metres?|meters?|litres?|liters?|watts?|volts?|lumens?"
    "|points?|pts|stars?|percent|pieces|pcs|people|times|x"
)
_NUMBERED = (
    "room|size|pin|model|flat|apartment|floor|version|serial"
    r"|(?:error|gate|door|pin|voucher|discount)(?:\scode)?"
)
_CARDS = "cards?|visa|mastercard|amex|iban|account|number|phone"
_SIZE = r"\d{1,4}(?:[.,]\d{1,2})?"
_DECOYS = re.compile(
    rf"""
      \b(?:https?://|www\.)[^\s<>"]+ | \b(?:[a-z0-9-]+\.)+[a-z]{{2,8}}/[^\s<>"]*   # addresses of pages
    | {_IBAN} | \b\d{{4}}(?:[\ -]\d{{4}}){{2,3}}(?:[\ -]\d{{1,4}})?\b  # accounts, cards
    | \[card\ ending\ \d{{4}}\]
    | \b(?:{_CARDS})\b[^\d\n]{{0,24}}\bend(?:ing|s)\b[^\d\n]{{0,6}}\d{{4}}\b
    | \b(?:{_NUMBERED})\s+(?:(?:is|no|nr|number)\.?\s+)?v?\d[\d.]{{0,8}}\b
    | \b{_SIZE}(?:\s?[x\u00d7]\s?{_SIZE}){{1,2}}(?:\s?[cm]?m\b)?
    | \b\d{{1,6}}(?:[.,]\d{{1,3}})?\s?(?:%|(?:{_UNITS})\b)
    | \b\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\s?[ap]m\b)?
    """,
    re.IGNORECASE | re.VERBOSE,
)


def settle(
    values: Iterable[Span],
    words: Iterable[Span],
    text: str,
    *,
    rank: Mapping[str, int],
    soft: frozenset[str],
) -> list[Span]:
    """Return spans that do not overlap, in the order of the text.

    Values (numbers, addresses, dates) contend among themselves and with decoys: the longest stays, then
    the earliest, then by rank. What is left contends with the trainers' words in the same way, except
    values that are ordinary words themselves (`soft`): "by Friday" is a deadline and holds a date. Those
    take their characters and leave the word the rest, or nothing: it is at -1 then. A word inside a longer
    one goes: there is no "first" in "the first of May".
    """
    values = list(values)
    kept = apart([*values, *decoys(text)] if values else values, rank)
    over = [span for span in kept if span.name in soft]
    hard = [span for span in kept if span.name not in soft and span.name != DECOY]
    words = [word for word in words if not any(_holds(value, word) for value in over)]
    settled = [_beside(span, over, text) for span in apart([*hard, *words], rank)]
    return sorted([*settled, *over], key=lambda s: (s.start, s.name))


def _holds(value: Span, word: Span) -> bool:
    longer = value.end - value.start > word.end - word.start
    return longer and value.start <= word.start and word.end <= value.end


def _beside(span: Span, over: Sequence[Span], text: str) -> Span:
    """Return a span without the characters of others: the longest part that is left of it."""
    parts = [(span.start, span.end)]
    for other in over:
        parts = [
            part
            for start, end in parts
            for part in ((start, min(end, other.start)), (max(start, other.end), end))
            if part[0] < part[1]
        ]
    if parts == [(span.start, span.end)]:
        return span
    stripped = [_stripped(text, *part) for part in parts]
    start, end = max(stripped, key=lambda part: part[1] - part[0], default=(0, 0))
    return span._replace(start=start, end=end) if start < end else span._replace(start=-1, end=-1)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def apart(spans: Iterable[Span], rank: Mapping[str, int]) -> list[Span]:
    """Return spans that do not overlap: the longest first, then the earliest, then by rank and name."""
    last = len(rank)
    ordered = sorted(
        spans, key=lambda s: (s.start - s.end, s.start, rank.get(s.name, last), not s.name, s.name)
    )
    kept: list[Span] = []
    for span in ordered:
        if all(_clear(span, other) for other in kept):
            kept.append(span)
    return kept


def decoys(text: str) -> Iterator[Span]:
    """Yield what digits and signs may be that no entity is: pages, accounts, times, sizes, shares."""
    for match in _DECOYS.finditer(text):
        yield Span(DECOY, *match.span())


def _clear(one: Span, other: Span) -> bool:
    return one.end <= other.start or one.start >= other.end
