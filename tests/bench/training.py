"""Training the shipped assistant: from nothing, after one changed example, and stock Rasa beside it.

Stock Rasa's default configuration trains 100 rounds ("epochs"), which takes it hours for this much data.
Trainings with two numbers of rounds show what each takes; the whole is worked out from that, and said to be.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import stock, stock_models
from tests.bench.figures import Figure
from tests.bench.product import clean_environment
from tests.bench.report import Options, Outcome, Table, median
from tests.bench.shop import PROJECT

PARTS = ("config.yml", "domain.yml", "endpoints.yml", "data", "actions")
CHANGED = "data/nlu/track_order.yml"
ROUNDS = 2
"""At most so many rounds: each takes minutes, and what a training costs varies little."""
EXAMPLE = "    - could somebody look where order number {number} has got to\n"


@dataclass(kw_only=True)
class Runs:
    """Seconds of Baton's trainings, on the clock and of processor time."""

    cold: list[tuple[float, float]] = field(default_factory=list)
    changed: list[tuple[float, float]] = field(default_factory=list)


async def bench(options: Options) -> Outcome:
    """Train Baton several times; take stock Rasa's times from when its model was made."""
    runs = Runs()
    rounds = min(options.rounds, ROUNDS)
    for number in range(rounds):
        await asyncio.to_thread(_round, runs, number)
    theirs, missing = await asyncio.to_thread(_stock, options)
    return _outcome(runs, theirs, missing)


def _round(runs: Runs, number: int) -> None:
    """Train from nothing, and again with one example more."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as name:
        folder = Path(name)
        for part in filter(lambda part: (PROJECT / part).exists(), PARTS):
            copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
            copy(PROJECT / part, folder / part)
        runs.cold.append(_train(folder))
        changed = folder / CHANGED
        lines = changed.read_text(encoding="utf-8").splitlines(keepends=True)
        first = next(place for place, line in enumerate(lines) if line.startswith("    - "))
        lines.insert(first, EXAMPLE.format(number=4521 + number))
        changed.write_text("".join(lines), encoding="utf-8")
        runs.changed.append(_train(folder))
    print(
        f"round {number + 1}: {runs.cold[-1][0]:.0f} s, one example {runs.changed[-1][0]:.0f} s", flush=True
    )


def _train(folder: Path) -> tuple[float, float]:
    """Run `baton train` as operators do; return the seconds it took, and of processor time."""
    command = [sys.executable, "-m", "bot.training.train", "--project", str(folder)]
    begun, used = time.perf_counter(), _children_cpu()
    done = subprocess.run(
        [*command, "--models", str(folder / "models")],
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"training failed: {done.stderr.strip()[-500:]}")
    return time.perf_counter() - begun, _children_cpu() - used


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stock(options: Options) -> tuple[list[stock_models.Training], str]:
    if not options.stock:
        return [], "Stock Rasa was left out."
    try:
        rasa = stock.environment()
        model = stock_models.model(rasa, older=options.older_stock)
        return stock_models.trainings(rasa, model, older=options.older_stock), ""
    except stock.StockUnavailable as error:
        return [], f"Stock Rasa was not measured: {error}"


def _outcome(runs: Runs, theirs: list[stock_models.Training], missing: str) -> Outcome:
    rows: list[tuple[object, ...]] = [
        ("Baton, from nothing", *_middle(runs.cold), ""),
        ("Baton, one example changed", *_middle(runs.changed), ""),
        *(
            (f"stock Rasa, {one.epochs} epochs", one.seconds, one.cpu_seconds, one.others * 100)
            for one in theirs
        ),
    ]
    note = f"Baton: medians of {len(runs.cold)}. From the command to its end, imports included."
    table = Table(
        title="Training the shipped assistant",
        columns=("", "seconds", "of processor time", "used by others, %"),
        rows=rows,
        notes=[" ".join(filter(None, (note, missing)))],
    )
    return Outcome(
        tables=[table],
        figures=figures(runs, theirs),
        missing=[missing] if missing else [],
        notes=[_said(theirs)] if len(theirs) > 1 else [],
    )


def figures(runs: Runs, theirs: list[stock_models.Training]) -> list[Figure]:
    """Return the lines beside stock Rasa: all of it, and again after a small change."""
    whole = stock_models.whole(theirs)
    cold = Figure(
        key="training",
        what="training the shipped assistant",
        ours=_middle(runs.cold)[0],
        theirs=whole,
        unit="s",
        times=10.0,
        about=whole is not None,
    )
    changed = Figure(
        key="training-changed",
        what="training again, one example changed (stock Rasa: all of it again)",
        ours=_middle(runs.changed)[0],
        theirs=whole,
        unit="s",
        about=whole is not None,
    )
    return [cold, changed]


def _said(theirs: list[stock_models.Training]) -> str:
    """Say how the time of stock Rasa's whole training was come by."""
    whole = stock_models.whole(theirs)
    if whole is None:
        return ""
    few, most = sorted(theirs, key=lambda one: one.epochs)
    busy = (
        " Other programs used the machine as well, so its processor time over all cores counts, which is"
        " less than it would have taken."
    )
    return (
        f"Stock Rasa's training was measured with {few.epochs} and {most.epochs} of its"
        f" {stock_models.ALL_EPOCHS} epochs: {few.least:,.0f} and {most.least:,.0f} s, so a further one takes"
        f" {stock_models.each(few, most):.1f} s; {whole:,.0f} s for all were worked out from that, not measured."
        + busy
        * (max(few.others, most.others) >= stock_models.BUSY)
    )


def _middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    return median(wall for wall, _ in times), median(cpu for _, cpu in times)
