"""Dates, on Saturday the 28th of November 2026 unless said otherwise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.nlu import dates
from bot.nlu.calendar_words import WEEKDAYS, nearest, on, shifted, weekday

TODAY = date(2026, 11, 28)


def longest(text: str, today: date | None = TODAY, *, day_first: bool = True) -> tuple[str, str] | None:
    found = list(dates.find(text, today, day_first=day_first))
    best = max(found, key=lambda r: r.end - r.start, default=None)
    return (text[best.start : best.end], best.value) if best else None


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("it came yesterday", "yesterday", "2026-11-27"),
        ("the day after tomorrow then", "the day after tomorrow", "2026-11-30"),
        ("ordered last Tuesday", "last Tuesday", "2026-11-24"),
        ("ordered it on Tuesday", "Tuesday", "2026-11-24"),
        ("deliver it on Tuesday", "Tuesday", "2026-12-01"),
        ("last saturday", "last saturday", "2026-11-21"),
        ("next saturday", "next saturday", "2026-12-05"),
        ("this saturday", "this saturday", "2026-11-28"),
        ("since wed", "wed", "2026-11-25"),
        ("friday last week", "friday last week", "2026-11-20"),
        ("next week on monday", "next week on monday", "2026-11-30"),
        ("in two weeks", "in two weeks", "2026-12-12"),
        ("in two weeks' time", "in two weeks' time", "2026-12-12"),
        ("a couple of days ago", "a couple of days ago", "2026-11-26"),
        ("three months ago", "three months ago", "2026-08-28"),
        ("twenty-one days ago", "twenty-one days ago", "2026-11-07"),
        ("a year ago", "a year ago", "2025-11-28"),
        ("last week", "last week", "2026-W47"),
        ("next month", "next month", "2026-12"),
        ("last year", "last year", "2025"),
        ("in december", "december", "2026-12"),
        ("in march", "march", "2027-03"),
        ("bought in march", "march", "2026-03"),
        ("last november", "last november", "2025-11"),
        ("march 2025", "march 2025", "2025-03"),
        ("3rd of May", "3rd of May", "2027-05-03"),
        ("bought on the 3rd of May", "the 3rd of May", "2026-05-03"),
        ("Dec 24th", "Dec 24th", "2026-12-24"),
        ("May 5, 2027", "May 5, 2027", "2027-05-05"),
        ("12/03/2026", "12/03/2026", "2026-03-12"),
        ("12/03/26", "12/03/26", "2026-03-12"),
        ("13/03", "13/03", "2027-03-13"),
        ("03/13", "03/13", "2027-03-13"),
        ("on 5.11. it was", "5.11.", "2026-11-05"),
        ("2026-03-12", "2026-03-12", "2026-03-12"),
        ("by the 12th", "the 12th", "2026-12-12"),
        ("since the 30th", "the 30th", "2026-10-30"),
        ("tommorow", "tommorow", "2026-11-29"),
        ("came on Thursday 19 November", "Thursday 19 November", "2026-11-19"),
        ("on saturday the 5th", "saturday the 5th", "2026-12-05"),
        ("the 9th of this month", "the 9th of this month", "2026-11-09"),
        ("31st of this month", "this month", "2026-11"),
        ("the first of next month", "the first of next month", "2026-12-01"),
        ("3 weeks from today", "3 weeks from today", "2026-12-19"),
        ("half a year ago", "half a year ago", "2026-05-28"),
        ("12 May 1984", "12 May 1984", "1984-05-12"),
        ("in the last week of january", "january", "2027-01"),
    ],
)
def test_dates(text: str, words: str, value: str) -> None:
    assert longest(text) == (words, value)


@pytest.mark.parametrize(
    "text",
    [
        "24/7",
        "8/10 from me",
        "1/2 price",
        "31/02/2026",
        "30/30/2026",
        "29/02/2027",
        "12/03/20261",
        "AB-12-03-26",
        "#12/03/2026",
        "£12/03/2026",
        "version 1.12.03.26",
        "the sun, I sat on it",
        "black friday",
        "open Mondays?",
        "you may 2 of us",
        "3-5 days",
        "in 3-5 days",
        "half a day ago",
        "half an hour ago",
        "for two weeks",
        "once in a month",
        "the second one",
        "monthly and daily",
        "marching on",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert longest(text) is None


def test_the_month_may_come_first() -> None:
    assert longest("12/03/2026", day_first=False) == ("12/03/2026", "2026-12-03")
    assert longest("13/03/2026", day_first=False) == ("13/03/2026", "2026-03-13")
    assert longest("12.03.2026", day_first=False) == ("12.03.2026", "2026-03-12")


def test_without_a_day_only_what_says_its_year_has_a_value() -> None:
    assert longest("Last  Tuesday", None) == ("Last  Tuesday", "last tuesday")
    assert longest("12/03", None) == ("12/03", "12/03")
    assert longest("12/03/2026", None) == ("12/03/2026", "2026-03-12")


@pytest.mark.parametrize("today", [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
def test_the_ends_of_the_calendar_break_nothing(today: date) -> None:
    for words in (
        "yesterday",
        "tomorrow",
        "last monday",
        "in 999 years",
        "29/02",
        "999 months ago",
        "next year",
    ):
        longest(words, today)
    assert shifted(date(2026, 1, 31), months=1) == date(2026, 2, 28)
    assert shifted(date(9999, 12, 31), days=1) is None
    assert nearest(date(2026, 1, 2), 2, 29, past=True) == date(2024, 2, 29)
    assert on(2026, 13, 1) is None


def test_each_weekday_is_where_it_should_be() -> None:
    for number in sorted(set(WEEKDAYS.values())):
        for way, days in (("last", range(-7, 0)), ("this", range(7)), ("next", range(1, 8))):
            found = weekday(TODAY, number, way=way)
            assert found is not None
            assert found.weekday() == number
            assert (found - TODAY) in [timedelta(days=d) for d in days]
