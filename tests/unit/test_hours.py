"""Opening hours: what is read, when it is open, and summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.hours import EXAMPLE, OpeningHours


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "is_open"),
    [
        (EXAMPLE, "2026-03-02 09:00", True),  # a Monday in winter: London is UTC
        (EXAMPLE, "2026-03-02 08:59", False),
        (EXAMPLE, "2026-03-02 17:29", True),
        (EXAMPLE, "2026-03-02 17:30", False),
        (EXAMPLE, "2026-06-01 08:00", True),  # summer: 09:00 in London
        (EXAMPLE, "2026-06-01 16:30", False),
        (EXAMPLE, "2026-03-07 13:59", True),  # Saturday
        (EXAMPLE, "2026-03-08 12:00", False),  # Sunday
        ("Fri 22:00-02:00 UTC", "2026-03-06 23:00", True),
        ("Fri 22:00-02:00 UTC", "2026-03-07 01:59", True),
        ("Fri 22:00-02:00 UTC", "2026-03-07 02:00", False),
        ("Fri 22:00-02:00 UTC", "2026-03-06 01:00", False),
        ("Sun 22:00-02:00 UTC", "2026-03-02 01:00", True),  # over the end of the week
        ("Sat-Mon 10:00-11:00 UTC", "2026-03-08 10:30", True),
        ("Sat-Mon 10:00-11:00 UTC", "2026-03-04 10:30", False),
        ("Mon, Wed 09:00-12:00, 13:00-17:00 UTC", "2026-03-04 13:00", True),
        ("Mon, Wed 09:00-12:00, 13:00-17:00 UTC", "2026-03-04 12:30", False),
        ("Mon-Sun 00:00-24:00 UTC", "2026-03-04 23:59", True),
    ],
)
def test_is_open(hours: str, now: str, is_open: bool) -> None:
    assert OpeningHours.parse(hours).is_open(at(now)) is is_open


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        (EXAMPLE, "2026-03-02 08:00", "2026-03-02 09:00"),
        (EXAMPLE, "2026-03-06 18:00", "2026-03-07 10:00"),
        (EXAMPLE, "2026-03-07 15:00", "2026-03-09 09:00"),
        (EXAMPLE, "2026-03-28 15:00", "2026-03-30 08:00"),  # the clocks go forward on Sunday
        ("Mon 09:00-10:00 UTC", "2026-03-02 10:00", "2026-03-09 09:00"),
    ],
)
def test_opens_at(hours: str, now: str, opens: str) -> None:
    assert OpeningHours.parse(hours).opens_at(at(now)) == at(opens)


def test_opens_at_is_none_while_open() -> None:
    assert OpeningHours.parse(EXAMPLE).opens_at(at("2026-03-02 09:00")) is None


def test_describe() -> None:
    assert OpeningHours.parse(EXAMPLE).describe() == "Mon-Fri 09:00-17:30, Sat 10:00-14:00 (Europe/London)"
    assert OpeningHours.parse("mon,wednesday 9:00-12:00 UTC").describe() == "Mon, Wed 09:00-12:00 (UTC)"
    assert OpeningHours.parse("Fri 22:00-02:00 UTC").describe() == "Fri 22:00-02:00 (UTC)"
    assert OpeningHours.parse("Mon-Sun 00:00-24:00 UTC").describe() == "around the clock"
    assert OpeningHours.parse("Mon-Sun 12:00-24:00, 00:00-12:00 UTC").always


@pytest.mark.parametrize(
    ("hours", "complaint"),
    [
        ("", "time zone is missing"),
        ("Mon-Fri 09:00-17:30", "time zone is missing"),
        ("Mon-Fri 09:00-17:30 Europe/Atlantis", "Europe/Atlantis"),
        ("Mon-Fri 09:00-17:30 ../etc", "../etc"),
        ("Mon-Fri Europe/London", "not days and times"),
        ("Day 09:00-17:30 UTC", "'Day'"),
        ("Mon 09:00-25:00 UTC", "25:00"),
        ("Mon 09:61-10:00 UTC", "09:61"),
        ("Mon 9-17 UTC", "9-17"),
        ("Mon 09:00-09:00 UTC", "empty"),
        ("; UTC", "no hours"),
    ],
)
def test_refusals(hours: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("..", r"\.\.")):
        OpeningHours.parse(hours)


@pytest.mark.parametrize(
    ("hours", "now", "hours_long", "then"),
    [
        ("Mon-Sun 00:00-24:00 UTC", "2026-03-02 22:00", 8, "2026-03-03 06:00"),
        (EXAMPLE, "2026-03-02 09:00", 8, "2026-03-02 17:00"),
        (EXAMPLE, "2026-03-02 16:30", 8, "2026-03-03 16:00"),
        (EXAMPLE, "2026-03-06 17:00", 2, "2026-03-07 11:30"),  # Friday to Saturday
        (EXAMPLE, "2026-03-07 13:00", 2, "2026-03-09 10:00"),  # over a Sunday
        (EXAMPLE, "2026-03-08 12:00", 1, "2026-03-09 10:00"),
        (EXAMPLE, "2026-03-28 13:00", 2, "2026-03-30 09:00"),  # and into summer time
        ("Fri 22:00-02:00 UTC", "2026-03-06 23:00", 4, "2026-03-13 23:00"),
        ("Mon 09:00-12:00, 12:00-15:00 UTC", "2026-03-02 11:00", 3, "2026-03-02 14:00"),
        ("Mon 09:00-10:00 UTC", "2026-03-02 09:00", 3, "2026-03-16 10:00"),
    ],
)
def test_open_time_is_added(hours: str, now: str, hours_long: float, then: str) -> None:
    assert OpeningHours.parse(hours).after(at(now), timedelta(hours=hours_long)) == at(then)


def test_a_moment_in_words() -> None:
    assert OpeningHours.parse(EXAMPLE).moment(at("2026-06-01 08:05")) == "Mon 1 Jun, 09:05 (Europe/London)"
    assert OpeningHours.parse("Mon 09:00-10:00 UTC").moment(at("2026-06-01 08:05")) == "Mon 1 Jun, 08:05"
