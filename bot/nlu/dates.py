"""Dates and relative dates, as ISO 8601: a day, a week ("2026-W47"), a month ("2026-11") or a year.

Relative ones count from the day of the message, which the caller brings. Without one only dates that say
their year have a value; the others keep the customer's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from bot.nlu.calendar_words import DAYS, MONTHS, ORDINALS, SHORT, UNITS, WEEKDAYS, any_of
from bot.nlu.date_readers import (
    At,
    read_day_of_month,
    read_day_word,
    read_distance,
    read_iso,
    read_month,
    read_named,
    read_numbers,
    read_period,
    read_weekday,
    read_weekday_of_week,
)
from bot.nlu.number_words import NUMBER
from bot.nlu.reading import Reading

_DAY = any_of(WEEKDAYS.keys() - SHORT)
_ANY_DAY = any_of(WEEKDAYS)
_MONTH = any_of(MONTHS)
_YEAR = r"(?:19|20)\d\d"
_NTH = rf"(?P<d>\d{{1,2}})\s?(?:st|nd|rd|th)?|(?P<nth>{any_of(ORDINALS)})"
_BEFORE = r"\b(?:on|by|since|from|until|till|before|after|between|dated|due|date|delivery)\s"
_NAMED_DAY = rf"(?:(?:{_ANY_DAY})\b[.,]?\s+)?"
_COUNT = rf"(?P<n>half\san?\b|\d{{1,3}}|(?:a\scouple(?:\sof)?|couple\sof|an?)\b|{NUMBER})\s?"
_UNIT = rf"(?P<unit>{any_of(UNITS)})s?\b"
_PAST = re.compile(
    r"\b(?:was|were|had|did|ordered|bought|placed|paid|purchased|arrived|came|got|received|delivered|sent"
    r"|returned|posted|cancell?ed|collected|charged|promised|said|told|since|meant|supposed|should\shave)\b",
    re.IGNORECASE,
)
_DIGIT = "\0"
"""Stands for any digit in what a rule needs."""
_LOOK_BACK = 60
"""Characters before a date in which a word may say that it is over."""


class _Rule(NamedTuple):
    """A pattern, what it means, and parts of words, one of each set of which must be there.

    Most texts have none of them; looking for these first halves the time.
    """

    needs: tuple[frozenset[str], ...]
    read: Callable[[re.Match[str], At], str | None]
    pattern: re.Pattern[str]


def find(text: str, today: date | None, *, day_first: bool = True) -> Iterator[Reading]:
    """Yield what may be dates in a text, overlapping ones too; `day_first` decides what 3/4 means."""
    has = {_DIGIT if part.isdigit() else part for part in _PARTS.findall(text.lower())}
    for rule in _RULES:
        if any(has.isdisjoint(parts) for parts in rule.needs):
            continue
        for match in rule.pattern.finditer(text):
            start = match.start("all")
            past = bool(_PAST.search(text, max(0, start - _LOOK_BACK), start))
            value = rule.read(match, At(today, day_first, past))
            if value is not None:
                yield Reading(*match.span("all"), value or " ".join(match["all"].lower().split()))


def normalise(text: str, today: date | None, *, day_first: bool = True) -> str:
    """Return a date in its normal form; a text that is none stays."""
    bare = text.strip()
    whole = (r.value for r in find(bare, today, day_first=day_first) if r.end - r.start == len(bare))
    return next(whole, text)


_NO_FEAST = r"(?<!black\s)(?<!good\s)(?<!cyber\s)(?<!easter\s)(?<!bank\s)(?<!pancake\s)(?<!palm\s)"
_PREP = r"(?:(?P<prep>on|by|since|until|till|before|from|for)\s+)?"
_TIME_OF_DAY = r"(?:\s+(?:morning|afternoon|evening|night))?"

_DIGITS = frozenset({_DIGIT})
_MONTHS = frozenset(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "oco", "nov", "dec", "setem")
)
_DAYS = frozenset(
    ("mon", "tue", "teu", "tus", "wed", "wen", "thu", "thr", "thi", "fri", "fir", "sat", "sun")
)
_DAY_WORDS = frozenset(
    ("day", "yest", "yday", "todya", "tom", "2mor", "tmrw", "night", "noon", "morning", "evening")
)
_UNITS = frozenset(("day", "week", "wk", "fortnight", "month", "mth", "year", "yr"))
_WAYS = frozenset({"last", "next", "this"})
_TIMES = frozenset({"in ", "ago", "back", "earlier", "now", "time", "from "})
_THE = frozenset({"the "})
_PARTS = re.compile(
    r"2mor|\d|" + any_of(_MONTHS | _DAYS | _DAY_WORDS - {"2mor"} | _UNITS | _WAYS | _TIMES | _THE)
)


def _rule(
    needs: tuple[frozenset[str], ...], read: Callable[[re.Match[str], At], str | None], pattern: str
) -> _Rule:
    return _Rule(needs, read, re.compile(rf"(?<![\w#])(?:{pattern})(?!\w)", re.IGNORECASE))


_RULES = (
    _rule((_DIGITS,), read_iso, r"(?<![\w/.-])(?P<all>(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?))(?![\w/-])"),
    _Rule(
        (_DIGITS,),
        read_numbers,
        re.compile(
            rf"(?P<before>{_BEFORE}\s*)?(?<![\w/.,£$€#-])(?P<all>(?P<a>\d\d?)(?P<sep>[/.-])(?P<b>\d\d?)"
            rf"(?:(?P=sep)(?P<y>{_YEAR}|\d\d)|(?:(?<=\.\d)|(?<=\.\d\d))\.(?!\d)|(?<=/\d)|(?<=/\d\d)))"
            r"(?![\w/%£$€-]|[.,]\d)",
            re.IGNORECASE,
        ),
    ),
    _rule(
        (_MONTHS,),
        read_named,
        rf"(?P<all>{_NAMED_DAY}(?:the\s+)?(?:{_NTH})\s?(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+(?P<y>{_YEAR}))?)",
    ),
    _rule(
        (_MONTHS, _DIGITS),
        read_named,
        rf"(?<!you\s)(?<!we\s)(?<!it\s)(?<!they\s)(?<!\bi\s)(?P<all>{_NAMED_DAY}(?P<month>{_MONTH})\.?\s+(?:the\s+)?"
        rf"(?:{_NTH})(?![\d:%£$€/]|[.,]\d)(?:,?\s+(?P<y>{_YEAR}))?)",
    ),
    _rule(
        (_MONTHS,),
        read_month,
        rf"(?:(?P<prep>in|of|from|until|during|since)\s+)?(?P<all>(?:(?P<way>last|next|this)\s+)?"
        rf"(?P<month>{_MONTH})\b(?:\s+(?P<y>{_YEAR}))?)",
    ),
    _rule(
        (_DAY_WORDS,),
        read_day_word,
        rf"(?P<all>(?:the\s+)?day\s+before\s+yesterday|(?:the\s+)?day\s+after\s+tomorrow|{any_of(DAYS)}"
        r"|tonight|last\s+night|this\s+(?:morning|afternoon|evening))",
    ),
    _rule(
        (_DAYS,),
        read_weekday,
        rf"{_PREP}{_NO_FEAST}(?P<all>(?:(?:(?P<way>last|next|this|coming|following|past|previous)\s+)?"
        rf"(?P<day>{_ANY_DAY}))\b{_TIME_OF_DAY})",
    ),
    _rule(
        (_WAYS, frozenset({"week"})),
        read_weekday_of_week,
        rf"(?P<all>(?P<day1>{_DAY})\s+(?:of\s+)?(?P<way1>last|next|this)\s+week"
        rf"|(?P<way2>last|next|this)\s+week\s+(?:on\s+)?(?P<day2>{_DAY}))",
    ),
    _rule(
        (_UNITS, _TIMES),
        read_distance,
        r"(?<!once\s)(?<!twice\s)(?<!times\s)(?P<all>(?P<in>in\s+)?(?:exactly\s+|about\s+|around\s+)?"
        rf"{_COUNT}{_UNIT}(?P<hence>'?\s+(?:from\s+(?:now|today)|time)\b)?"
        r"(?P<ago>\s+(?:ago(?:\s+today)?|back|earlier)\b)?)",
    ),
    _rule(
        (_WAYS, _UNITS),
        read_period,
        r"(?P<all>(?P<way>last|next|this)\s+(?P<unit>week|wk|month|year))(?!\s+of\b)",
    ),
    _rule(
        (_THE,),
        read_day_of_month,
        rf"(?:(?:on|by|since|until|till|before|after|from)\s+(?P<all>{_NAMED_DAY}the\s+(?:{_NTH}))"
        rf"(?!\s+(?:of|one|time|order|item|parcel|try|attempt|{_MONTH})))",
    ),
    _rule(
        (_WAYS, frozenset({"month"})),
        read_day_of_month,
        rf"(?P<all>(?:the\s+)?(?:{_NTH})\s+of\s+(?P<way>last|next|this)\s+month)",
    ),
)
