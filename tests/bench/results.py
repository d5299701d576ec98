"""What a run found, kept for people (`results/bench.md`) and for programs (`results/bench.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.figures import Figure, table
from tests.bench.report import Bound, Options, Outcome, Table, machine
from tests.bench.shop import PROJECT

FOLDER = PROJECT / "results"
FOR_PROGRAMS = FOLDER / "bench.json"
FOR_PEOPLE = FOLDER / "bench.md"


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run: where, how long in minutes, with how many rounds, and every figure."""

    machine: str
    minutes: float
    rounds: int
    seconds: float
    pinned: bool
    load: float = 0.0
    """How many processes wanted to run when it began."""
    figures: list[Figure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, key: str) -> Figure | None:
        """Return a figure by its key."""
        return next((figure for figure in self.figures if figure.key == key), None)


def keep(
    outcomes: Mapping[str, Outcome],
    broken: Mapping[str, str],
    options: Options,
    *,
    minutes: float,
    load: float,
) -> tuple[Results, str]:
    """Write both files; return the results, and the summary for people."""
    results = Results(
        machine=machine(),
        minutes=round(minutes, 1),
        rounds=options.rounds,
        seconds=options.seconds,
        pinned=options.pin >= 0,
        load=round(load, 2),
        figures=[figure for outcome in outcomes.values() for figure in outcome.figures],
        missing=sorted({said for outcome in outcomes.values() for said in outcome.missing}),
        notes=[said for outcome in outcomes.values() for said in outcome.notes],
    )
    bounds = [bound for outcome in outcomes.values() for bound in outcome.promises]
    text = summary(results, bounds, broken)
    FOLDER.mkdir(exist_ok=True)
    FOR_PROGRAMS.write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")
    tables = [one.markdown() for outcome in outcomes.values() for one in outcome.tables]
    FOR_PEOPLE.write_text("\n".join([text, *tables]))
    return results, text


def read(path: Path = FOR_PROGRAMS) -> Results:
    """Read a run's figures back."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Results(**kept | {"figures": [Figure(**figure) for figure in kept["figures"]]})


def summary(results: Results, bounds: list[Bound], broken: Mapping[str, str]) -> str:
    """Return the promises and the figures beside stock Rasa, as Markdown."""
    rows = [bound.row() for bound in bounds]
    rows += [(f"`{name}`", error.splitlines()[0], "", "**broke**") for name, error in broken.items()]
    notes = [
        f"Measured on {results.machine}; {results.rounds} rounds, {results.minutes:.0f} minutes in all."
    ]
    promises = Table(
        title="Benchmark", columns=("promise", "measured", "bound", "kept"), rows=rows, notes=notes
    )
    beside = table(results.figures, [*results.notes, *results.missing]) if results.figures else None
    return "\n".join(one.markdown() for one in (promises, beside) if one is not None)
