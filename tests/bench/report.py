"""Tables in Markdown, bounds, and the facts of the machine."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.figures import Figure

PROJECT = Path(__file__).resolve().parents[2]
PUBLIC_SETS = PROJECT.parent / "shared" / "data" / "nlu"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much to measure. `pin` is the load generator's processor, -1 for any."""

    quick: bool = False
    stock: bool = True
    older_stock: bool = False
    """Take stock Rasa's newest model even if the data changed since: its training takes minutes."""
    stock_nlu: bool = False
    """Train stock Rasa on the public sets where that was not done yet: 5 to 15 minutes each."""
    data: Path = PUBLIC_SETS
    """Folder with public sets of labelled texts; figures of understanding are left out without it."""
    rounds: int = 3
    seconds: float = 8.0
    warmup: float = 2.0
    pin: int = -1


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table with a title; notes stand below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [f"### {self.title}", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(map(shown, row)) + " |" for row in self.rows]
        return "\n".join([*lines, "", *self.notes, *([""] if self.notes else [])])


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A promise with what was measured."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Say whether the promise holds."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> tuple[str, str, str, str]:
        """Return it for the summary."""
        sign = "at least" if self.at_least else "at most"
        return (
            self.what,
            shown(self.value),
            f"{sign} {shown(self.limit)}",
            "yes" if self.kept else "**no**",
        )


@dataclass(kw_only=True)
class Outcome:
    """What one benchmark found. The promises of `figures` count among the bounds."""

    tables: list[Table] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What could not be measured, and why."""
    notes: list[str] = field(default_factory=list)
    """What must be said with the figures wherever they are shown."""

    @property
    def promises(self) -> list[Bound]:
        """Return all bounds."""
        return [*self.bounds, *(bound for figure in self.figures for bound in figure.bounds())]


def shown(value: object) -> str:
    """Write a value as people read it."""
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
        )
    return str(value)


def median(values: Iterable[float]) -> float:
    """Return the median, 0.0 for nothing."""
    found = list(values)
    return statistics.median(found) if found else 0.0


def machine() -> str:
    """Describe the machine in one line."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({_processor()}), {_memory():.0f} GB, Python {platform.python_version()}, Linux"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> float:
    first = Path("/proc/meminfo").read_text().splitlines()[0]
    return int(first.split()[1]) / 1024 / 1024
