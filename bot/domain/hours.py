"""Opening hours of the people at the desk: a weekly table in one time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_PART = re.compile(r"([A-Za-z,\s-]+?)\s+(\d.*)")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
EXAMPLE = "Mon-Fri 09:00-17:30; Sat 10:00-14:00 Europe/London"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """One stretch on the given days (0 is Monday), in minutes of the day.

    `closes` over 24 hours means the next day: `Fri 22:00-02:00` closes at 26:00.
    """

    days: tuple[int, ...]
    opens: int
    closes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OpeningHours:
    """When people answer. All times are local to `zone`, so summer time is the zone's matter."""

    openings: tuple[Opening, ...]
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> OpeningHours:
        """Read hours such as `EXAMPLE`. Raises ValueError, saying what was not understood."""
        table, _, zone = text.strip().rpartition(" ")
        if not table or zone[:1].isdigit():
            raise ValueError(f"the time zone is missing; write for example: {EXAMPLE}")
        openings = [o for part in table.split(";") if part.strip() for o in _openings(part.strip())]
        if not openings:
            raise ValueError(f"there are no hours; write for example: {EXAMPLE}")
        return cls(openings=tuple(openings), zone=_zone(zone))

    @property
    def always(self) -> bool:
        """Say whether there is no closed minute in the week."""
        return _open_minutes(self.openings) == _WEEK_MINUTES

    def is_open(self, now: datetime) -> bool:
        """Say whether people answer at `now` (aware)."""
        local = now.astimezone(self.zone)
        return any(_covers(o, local.weekday(), local.hour * 60 + local.minute) for o in self.openings)

    def opens_at(self, now: datetime) -> datetime | None:
        """Return when people answer next, in `zone`; None while it is open."""
        if self.is_open(now):
            return None
        local = now.astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        starts = [
            _at(midnight + timedelta(days=ahead), opening.opens)
            for ahead in range(8)
            for opening in self.openings
            if (local.weekday() + ahead) % 7 in opening.days
        ]
        return min(start for start in starts if start > local)

    def after(self, now: datetime, length: timedelta) -> datetime:
        """Return when `length` of open time will have passed since `now`."""
        at, left = now.astimezone(UTC), length
        while not self.always:
            at = (self.opens_at(at) or at).astimezone(UTC)
            closes = self._closes_at(at)
            if at + left <= closes:
                break
            left, at = left - (closes - at), closes
        return at + left

    def moment(self, at: datetime) -> str:
        """Return a time in words, for customers, such as "Mon 2 Mar, 10:00 (Europe/London)"."""
        local = at.astimezone(self.zone)
        zone = "" if self.zone.key == "UTC" else f" ({self.zone.key})"
        return f"{DAYS[local.weekday()]} {local.day} {local:%b}, {local:%H:%M}{zone}"

    def _closes_at(self, now: datetime) -> datetime:
        """Return when the opening that `now` is in ends, together with those that follow without a gap."""
        local = now.astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        spans = sorted(
            (
                _at(day, o.opens).astimezone(UTC),
                (_at(day, o.closes % _DAY_MINUTES) + _over(o)).astimezone(UTC),
            )
            for day in (midnight + timedelta(days=ahead) for ahead in range(-1, 9))
            for o in self.openings
            if day.weekday() in o.days
        )
        end = now
        for opens, closes in spans:
            if opens <= end < closes:
                end = closes
        return end

    def written(self) -> str:
        """Return the table so that `parse` reads it again."""
        parts = [
            f"{_days(o.days).replace(' ', '')} {_time(o.opens)}-{_time(o.closes)}" for o in self.openings
        ]
        return f"{'; '.join(parts)} {self.zone.key}"

    def describe(self) -> str:
        """Return the table in words, for customers and for `baton doctor`."""
        if self.always:
            return "around the clock"
        parts = [f"{_days(o.days)} {_time(o.opens)}-{_time(o.closes)}" for o in self.openings]
        return f"{', '.join(parts)} ({self.zone.key})"


def _openings(part: str) -> list[Opening]:
    found = _PART.fullmatch(part)
    if not found:
        raise ValueError(f"'{part}' is not days and times; write for example: {EXAMPLE}")
    days = _parse_days(found[1])
    return [_opening(days, times.strip()) for times in found[2].split(",")]


def _opening(days: tuple[int, ...], times: str) -> Opening:
    found = _TIMES.fullmatch(times)
    if not found:
        raise ValueError(f"'{times}' is not a time span such as 09:00-17:30")
    opens, closes = _minutes(found[1], found[2]), _minutes(found[3], found[4])
    if opens in (_DAY_MINUTES, closes):
        raise ValueError(f"'{times}' is an empty time span")
    return Opening(days=days, opens=opens, closes=closes if closes > opens else closes + _DAY_MINUTES)


def _parse_days(text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for item in text.replace(" ", "").split(","):
        first, _, last = item.partition("-")
        start, end = _day(first), _day(last or first)
        days.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return tuple(sorted(days))


def _day(name: str) -> int:
    try:
        return DAYS.index(name[:3].capitalize())
    except ValueError:
        raise ValueError(f"'{name}' is not a day of the week (Mon ... Sun)") from None


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > _DAY_MINUTES:
        raise ValueError(f"'{hours}:{minutes}' is not a time of the day")
    return total


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone such as Europe/London") from None


def _covers(opening: Opening, weekday: int, minute: int) -> bool:
    today = weekday in opening.days and opening.opens <= minute < opening.closes
    spilled = (weekday - 1) % 7 in opening.days and minute + _DAY_MINUTES < opening.closes
    return today or spilled


@lru_cache(maxsize=8)  # each handoff and each timer asks whether it is around the clock
def _open_minutes(openings: tuple[Opening, ...]) -> int:
    week = bytearray(_WEEK_MINUTES)
    for opening in openings:
        for day in opening.days:
            for minute in range(opening.opens, opening.closes):
                week[(day * _DAY_MINUTES + minute) % _WEEK_MINUTES] = 1
    return sum(week)


def _over(opening: Opening) -> timedelta:
    return timedelta(days=opening.closes // _DAY_MINUTES)


def _at(midnight: datetime, minute: int) -> datetime:
    return midnight.replace(hour=minute // 60, minute=minute % 60)


def _time(minute: int) -> str:
    minute = minute - _DAY_MINUTES if minute > _DAY_MINUTES else minute
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(days: tuple[int, ...]) -> str:
    consecutive = days[-1] - days[0] == len(days) - 1
    if len(days) > 2 and consecutive:
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ", ".join(DAYS[day] for day in days)
