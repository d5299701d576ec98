"""Figures in which Baton stands beside stock Rasa, with what is promised of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.report import Bound, Table, shown

COLUMNS = ("", "Baton", "stock Rasa", "Baton is better by", "promised")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table that the README shows.

    Attributes:
        key: its name in the results, for the picture.
        what: its words.
        ours, theirs: what was measured; `theirs` is None where stock Rasa has no such thing.
        unit: what stands behind the numbers; points are compared by difference, all else by ratio.
        more: whether more is better.
        times: how many times better than stock Rasa it is promised to be, and by how much it ought to.
        limit: the worst value of Baton's that is promised.
        beat: whether it is promised to be no worse than stock Rasa.
        about: whether `theirs` was worked out from what was measured.
        ours_more, theirs_more: what is said in brackets.
    """

    key: str
    what: str
    ours: float
    theirs: float | None = None
    unit: str = ""
    more: bool = False
    times: float | None = None
    goal: float | None = None
    limit: float | None = None
    beat: bool = False
    about: bool = False
    ours_more: str = ""
    theirs_more: str = ""

    @property
    def points(self) -> bool:
        """Say whether a difference is what counts."""
        return self.unit == "%"

    @property
    def better(self) -> float | None:
        """Return how many times (or points) better than stock Rasa it is; None without both."""
        if not self.theirs or not self.ours:
            return None
        if self.points:
            return self.ours - self.theirs
        return self.ours / self.theirs if self.more else self.theirs / self.ours

    def bounds(self) -> Iterator[Bound]:
        """Yield what is promised, so far as it could be measured."""
        if self.limit is not None:
            yield Bound(
                what=f"{self.what}{f' ({self.unit})' * bool(self.unit)}",
                value=self.ours,
                limit=self.limit,
                at_least=self.more,
            )
        if self.better is None:
            return
        if self.times is not None:
            yield Bound(
                what=f"{self.what}: times better than stock Rasa",
                value=self.better,
                limit=self.times,
                at_least=True,
            )
        if self.beat:
            yield Bound(
                what=f"{self.what}: points better than stock Rasa",
                value=self.better,
                limit=0.0,
                at_least=True,
            )

    def row(self) -> tuple[str, ...]:
        """Return it for the table."""
        return (
            self.what,
            self._value(self.ours, self.ours_more),
            "about " * self.about + self._value(self.theirs, self.theirs_more),
            self.gain(),
            self._promise(),
        )

    def gain(self) -> str:
        """Write how much better than stock Rasa it is, as people read it; empty without both."""
        if self.better is None:
            return ""
        if self.points:
            return f"{self.better:+.1f} points"
        return f"{'about ' * self.about}{shorter(self.better)} times"

    def _value(self, value: float | None, more: str) -> str:
        if value is None:
            return "-"
        written = f"{value:.1f}" if self.points else number(value)
        return f"{written}{' ' * bool(self.unit)}{self.unit}" + (f" ({more})" if more else "")

    def _promise(self) -> str:
        words = []
        if self.times is not None:
            words.append(
                f"{number(self.times)} times" + (f", goal {number(self.goal)}" if self.goal else "")
            )
        if self.limit is not None:
            unit = f"{' ' * bool(self.unit)}{self.unit}"
            words.append(f"{'at least' if self.more else 'at most'} {number(self.limit)}{unit}")
        if self.beat:
            words.append("better than stock")
        return "; ".join(words)


def number(value: float) -> str:
    """Write a number as people read it, without zeros that say nothing."""
    written = f"{value:.3f}" if abs(value) < 0.1 else shown(float(value))
    return written.rstrip("0").rstrip(".") if "." in written else written


def shorter(value: float) -> str:
    """Write a ratio with one decimal, none from a hundred on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(figures: list[Figure], notes: list[str]) -> Table:
    """Return the table of all figures."""
    rows = [figure.row() for figure in figures]
    return Table(title="Baton beside stock Rasa", columns=COLUMNS, rows=rows, notes=notes)
