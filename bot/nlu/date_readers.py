"""What the words of a date mean: readers of the matches of `bot.nlu.dates`. Pure.

Each returns the value in ISO 8601, an empty text for a date that cannot be told without knowing which day
it is, and None for what is no date at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bot.nlu.calendar_words import (
    DAYS,
    MONTHS,
    ORDINALS,
    SHORT,
    UNITS,
    WEEKDAYS,
    in_some_month,
    nearest,
    on,
    shifted,
    weekday,
)
from bot.nlu.number_words import number_in


@dataclass(frozen=True, slots=True)
class At:
    """Where a date is read: the day of the message, how 3/4 is meant, whether all that is past."""

    today: date | None
    day_first: bool
    past: bool


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _relative(at: At, day: Callable[[date], date | None]) -> str | None:
    return "" if at.today is None else _iso(day(at.today))


def read_iso(m: re.Match[str], at: At) -> str | None:
    """Read 2026-03-12."""
    return _iso(on(int(m["y"]), int(m["m"]), int(m["d"])))


def read_numbers(m: re.Match[str], at: At) -> str | None:
    """Read 12/03/2026, 12.3.26 and 12/03."""
    first, second = int(m["a"]), int(m["b"])
    day_first = at.day_first or m["sep"] == "."  # who writes 3.4. says the day first
    if max(first, second) > 12:
        day_first = first > second
    day, month = (first, second) if day_first else (second, first)
    if m["y"]:
        return _iso(on(int(m["y"]) + (2000 if len(m["y"]) == 2 else 0), month, day))
    if on(2024, month, day) is None or not _meant_as_date(m):
        return None
    return _relative(at, lambda today: nearest(today, month, day, past=at.past))


def _meant_as_date(m: re.Match[str]) -> bool:
    """Tell 12/03 from 24/7, 8/10 and 3/4: those count after a preposition only."""
    if m["before"]:
        return True
    share = int(m["a"]) <= int(m["b"]) in (2, 3, 4, 5, 10, 100) and not m["a"].startswith("0")
    return m["sep"] == "/" and max(len(m["a"]), len(m["b"])) == 2 and m["all"] != "24/7" and not share


def read_named(m: re.Match[str], at: At) -> str | None:
    """Read the 3rd of May, with a year or without."""
    groups = m.groupdict()
    month, word = MONTHS[m["month"].lower()], groups.get("nth")
    day = int(groups["d"]) if groups.get("d") else ORDINALS[word.lower()] if word else 0
    if on(2024, month, day) is None:
        return None
    if m["y"]:
        return _iso(on(int(m["y"]), month, day))
    return _relative(at, lambda today: nearest(today, month, day, past=at.past))


def read_month(m: re.Match[str], at: At) -> str | None:
    """Read a month with a year, or one after a word such as "last"."""
    month, way = MONTHS[m["month"].lower()], (m["way"] or m["prep"] or "").lower()
    if m["y"]:
        return f"{m['y']}-{month:02}"
    if not way:
        return None
    if at.today is None:
        return ""
    year, this = at.today.year, at.today.month
    if at.past or way in ("last", "since"):
        year -= month > this or (month == this and way == "last")
    else:
        year += month < this or (month == this and way == "next")
    return f"{year}-{month:02}"


def read_day_word(m: re.Match[str], at: At) -> str | None:
    """Read yesterday, tonight, the day after tomorrow."""
    word = " ".join(m["all"].lower().split())
    if "before yesterday" in word or "after tom" in word:
        away = -2 if "before" in word else 2
    elif word in ("last night", "tonight", "this morning", "this afternoon", "this evening"):
        away = -1 if word == "last night" else 0
    else:
        away = DAYS[word]
    return _relative(at, lambda today: shifted(today, days=away))


def read_weekday(m: re.Match[str], at: At) -> str | None:
    """Read Tuesday, alone or with "last" or "next"."""
    number, way = WEEKDAYS[m["day"].lower()], (m["way"] or "").lower()
    if m["day"].lower() in SHORT and not way and not m["prep"]:
        return None
    if not way:
        way = "last" if at.past or (m["prep"] or "").lower().startswith("since") else "this"
    return _relative(at, lambda today: weekday(today, number, way=_WAYS.get(way, way)))


_WAYS = {"coming": "next", "following": "next", "past": "last", "previous": "last"}


def read_weekday_of_week(m: re.Match[str], at: At) -> str | None:
    """Read Tuesday last week, and next week on Tuesday."""
    number = WEEKDAYS[(m["day1"] or m["day2"]).lower()]
    weeks = {"last": -1, "this": 0, "next": 1}[(m["way1"] or m["way2"]).lower()]
    return _relative(at, lambda today: shifted(today, days=number - today.weekday() + 7 * weeks))


def read_distance(m: re.Match[str], at: At) -> str | None:
    """Read two weeks ago, in 3 days, a month from now."""
    words = m["n"].lower()
    if words.startswith("half"):
        return _half_a_year(m, at)
    count = int(words) if words.isdigit() else 2 if "couple" in words else number_in(words)
    days, months = UNITS[m["unit"].lower()]
    sign = -1 if m["ago"] else 1
    if not m["ago"] and not m["in"] and not m["hence"]:
        return None
    return _relative(
        at, lambda today: shifted(today, days=sign * count * days, months=sign * count * months)
    )


def _half_a_year(m: re.Match[str], at: At) -> str | None:
    away = -6 if m["ago"] else 6
    timed = m["ago"] or m["in"] or m["hence"]
    if not timed or m["unit"].lower() not in ("year", "yr"):
        return None
    return _relative(at, lambda today: shifted(today, months=away))


def read_period(m: re.Match[str], at: At) -> str | None:
    """Read last week, this month, next year."""
    if at.today is None:
        return ""
    away, unit = {"last": -1, "this": 0, "next": 1}[m["way"].lower()], m["unit"].lower()
    days, months = UNITS["week" if unit == "wk" else unit]
    day = shifted(at.today.replace(day=1) if months else at.today, days=away * days, months=away * months)
    if day is None:
        return None
    if unit == "month":
        return f"{day.year}-{day.month:02}"
    year, week, _ = day.isocalendar()
    return f"{day.year}" if unit == "year" else f"{year}-W{week:02}"


def read_day_of_month(m: re.Match[str], at: At) -> str | None:
    """Read the 12th, and the 12th of last month."""
    day = int(m["d"]) if m["d"] else ORDINALS[m["nth"].lower()]
    way = m.groupdict().get("way")
    if not 1 <= day <= 31:
        return None
    if way is None:
        return _relative(at, lambda today: in_some_month(today, day, past=at.past))
    return _relative(at, lambda today: _in_month(today, day, _MONTHS_AWAY[way.lower()]))


_MONTHS_AWAY = {"last": -1, "this": 0, "next": 1}


def _in_month(today: date, day: int, away: int) -> date | None:
    first = shifted(today.replace(day=1), months=away)
    return on(first.year, first.month, day) if first else None
