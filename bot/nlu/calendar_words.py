"""The words by which dates are told, with their usual misspellings, and counting with them. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta

WEEKDAYS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "monday mondy mon",
            "tuesday tuseday teusday tusday tuesdy tue tues",
            "wednesday wensday wednsday wedensday wendsday wednesdy weds wed",
            "thursday thurday thrusday thursdy thirsday thu thur thurs",
            "friday firday fridy fri",
            "saturday saterday satuday saturdy sat",
            "sunday sundy sun",
        )
    )
    for word in words.split()
}
SHORT = frozenset(word for word in WEEKDAYS if len(word) < 6 and not word.endswith("dy"))
"""Abbreviations; some are words of their own ("sun", "sat") and count after a preposition only."""

MONTHS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "january januray janury jan",
            "february febuary feburary febraury feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september septemeber setember sept sep",
            "october ocotber oct",
            "november novemeber nov",
            "december decemeber dec",
        ),
        start=1,
    )
    for word in words.split()
}

_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINALS: dict[str, int] = {
    word: number
    for number, word in enumerate(
        _ORDINALS.split(),
        start=1,
    )
} | {"thirtieth": 30}

DAYS: dict[str, int] = {
    word: away
    for away, words in (
        (-1, "yesterday yesturday yesteday yesterdy yday"),
        (0, "today todya"),
        (1, "tomorrow tommorow tommorrow tomorow tomorrw tomoro 2moro tmrw tomoz"),
    )
    for word in words.split()
}

UNITS: dict[str, tuple[int, int]] = {
    "day": (1, 0),
    "week": (7, 0),
    "wk": (7, 0),
    "fortnight": (14, 0),
    "month": (0, 1),
    "mth": (0, 1),
    "year": (0, 12),
    "yr": (0, 12),
}
"""Days and months that a unit has."""


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for one of the words, the longest first."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def on(year: int, month: int, day: int) -> date | None:
    """Return a date; None if there is no such day."""
    if not (1 <= month <= 12 and day >= 1 and 1 <= year <= 9999):
        return None
    return date(year, month, day) if day <= calendar.monthrange(year, month)[1] else None


def shifted(day: date, *, days: int = 0, months: int = 0) -> date | None:
    """Return the date so many days and months later; the last of a month where it has no such day."""
    at = day.year * 12 + day.month - 1 + months
    year, month = at // 12, at % 12 + 1
    if not 1 <= year <= 9998:
        return None
    last = calendar.monthrange(year, month)[1]
    try:
        return date(year, month, min(day.day, last)) + timedelta(days=days)
    except OverflowError:
        return None


def nearest(today: date, month: int, day: int, *, past: bool) -> date | None:
    """Return the day of that name nearest to today, or the last one that was if it is `past`."""
    around = [on(year, month, day) for year in range(max(1, today.year - 4), today.year + 5)]
    found = [d for d in around if d is not None and not (past and d > today)]
    return min(found, key=lambda d: (abs(d - today), d), default=None)


def in_some_month(today: date, day: int, *, past: bool) -> date | None:
    """Return "the 12th": of this month, the last or the next, whichever is nearest."""
    firsts = [shifted(today.replace(day=1), months=away) for away in (-2, -1, 0, 1, 2)]
    days = [on(first.year, first.month, day) for first in firsts if first is not None]
    found = [d for d in days if d is not None and not (past and d > today)]
    return min(found, key=lambda d: (abs(d - today), d), default=None)


def weekday(today: date, number: int, *, way: str) -> date | None:
    """Return a day of the week: the "last" before today, the "next" after it, or "this" from today on."""
    ahead = (number - today.weekday()) % 7
    if way == "last":
        return shifted(today, days=ahead - 7)
    return shifted(today, days=ahead or (7 if way == "next" else 0))
