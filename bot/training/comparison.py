"""Two models on the same messages: which changed, for better and for worse, and what that says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from bot.training.measure import FALLBACK, OUT_OF_SCOPE, Prediction, Report, Row, is_right

SHOWN = 10
"""Changes of a kind that are shown at a terminal."""
SURE, LIKELY = 0.05, 0.25
"""By chance alone as rarely as this: "better" is said plainly, or with "likely"."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row that two models see differently."""

    row: Row
    before: Prediction
    after: Prediction

    def line(self) -> str:
        """Return the change for people to read."""
        return f"  {self.row.intent}: {shown(self.before)} -> {shown(self.after)}: {self.row.text}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same rows.

    `better` and `worse` are the rows whose final answer became right or wrong, `changed` those that are
    wrong in another way. `chance` is how often two equally good models would differ so much.
    """

    before: Report
    after: Report
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    changed: tuple[Change, ...]
    chance: float
    sentence: str

    def lines(self) -> list[str]:
        """Return the comparison for people to read."""
        pairs = (
            ("accuracy", self.before.accuracy, self.after.accuracy),
            ("macro F1", self.before.macro_f1, self.after.macro_f1),
            ("fallback", self.before.fallback_share, self.after.fallback_share),
            ("accuracy, answered", self.before.answered_accuracy, self.after.answered_accuracy),
        )
        return [
            *(f"{name:18} {old:.1%} -> {new:.1%}" for name, old, new in pairs),
            self.sentence,
            *some("for worse", self.worse),
            *some("for better", self.better),
            *some("wrong in another way", self.changed),
        ]


def compared(
    rows: Sequence[Row],
    old: Sequence[Prediction],
    new: Sequence[Prediction],
    *,
    before: Report,
    after: Report,
) -> Comparison:
    """Compare the predictions of two models."""
    changes = [Change(row=r, before=b, after=a) for r, b, a in zip(rows, old, new, strict=True)]
    better, worse = sorted_out(changes)
    return Comparison(
        before=before,
        after=after,
        better=tuple(better),
        worse=tuple(worse),
        changed=tuple(c for c in changes if _wrong_otherwise(c)),
        chance=chance(len(better), len(worse)),
        sentence=sentence(len(better), len(worse)),
    )


def sorted_out(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Return the changes for better and those for worse."""
    better = [c for c in changes if not is_right(c.row, c.before) and is_right(c.row, c.after)]
    worse = [c for c in changes if is_right(c.row, c.before) and not is_right(c.row, c.after)]
    return better, worse


def _wrong_otherwise(change: Change) -> bool:
    if is_right(change.row, change.before) or is_right(change.row, change.after):
        return False
    if change.row.intent in OUT_OF_SCOPE:
        return change.before.intent != change.after.intent
    return _done(change.before) != _done(change.after)


def chance(better: int, worse: int) -> float:
    """Return how often chance alone parts as many changes at least so unevenly (exact McNemar test)."""
    total = better + worse
    if not total:
        return 1.0
    fewer = sum(comb(total, count) for count in range(min(better, worse) + 1))
    return float(min(1.0, 2 * fewer / 2**total))


def sentence(better: int, worse: int) -> str:
    """Return in plain words what the counts say."""
    counted = (
        f"{better} row{'' if better == 1 else 's'} better, {worse} row{'' if worse == 1 else 's'} worse"
    )
    if better == worse:
        return f"{counted}: neither is better."
    share = chance(better, worse)
    which = "better" if better > worse else "worse"
    odds = f"chance alone would do this in {share:.0%} of cases" if share >= 0.01 else "hardly chance"
    if share > LIKELY:
        return f"{counted}: too little to say ({odds})."
    return f"{counted}: {'' if share <= SURE else 'likely '}{which} ({odds})."


def some(title: str, changes: Sequence[Change]) -> list[str]:
    """Return a few changes below a title, nothing if there are none."""
    more = [f"  and {len(changes) - SHOWN} more"] if len(changes) > SHOWN else []
    return [f"{title}:", *(change.line() for change in changes[:SHOWN]), *more] if changes else []


def shown(prediction: Prediction) -> str:
    """Return a prediction for people: what would be done, and how sure the model is."""
    return f"{_done(prediction)} {prediction.confidence:.2f}"


def _done(prediction: Prediction) -> str:
    return FALLBACK if prediction.fallback else prediction.intent
