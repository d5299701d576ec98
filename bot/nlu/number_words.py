"""Small whole numbers in words: "twelve", "twenty-five", "two hundred and fifty"."""

from __future__ import annotations

import re

_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TENS = _SMALL_WORDS.split(), _TEN_WORDS.split()
VALUES: dict[str, int] = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * (number + 2) for number, word in enumerate(_TENS)},
    "fourty": 40,
    "a": 1,
    "an": 1,
}
_SCALES = {"hundred": 100, "thousand": 1_000}

_SMALL = "|".join([w for w in VALUES if len(w) > 2 and VALUES[w] < 20 and w != "zero"])
_TENTH = "|".join([w for w in VALUES if VALUES[w] >= 20])
FROM_20 = rf"(?:{_TENTH})(?:[\s-](?:{'|'.join(_ONES[1:10])})\b)?"
"""A pattern for those from twenty to ninety-nine."""
_UNDER_100 = rf"(?:{FROM_20}|(?:{_SMALL}))\b"
NUMBER = (
    rf"\b(?:(?:an?|{_UNDER_100})[\s-]+)?(?:hundred|thousand)\b"
    rf"(?:\s+(?:and\s+)?{_UNDER_100})?|\b{_UNDER_100}"
)
"""A pattern for them, to be used without regard to case."""


def number_in(words: str) -> int:
    """Return the number that words matching `NUMBER` mean."""
    whole, part = 0, 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in _SCALES:
            whole, part = whole + (part or 1) * _SCALES[word], 0
        else:
            part += VALUES.get(word, 0)
    return whole + part
