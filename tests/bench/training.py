"""Training the shipped assistant: from nothing, after one changed example, and stock Rasa beside it.

Stock Rasa's default configuration trains 100 rounds ("epochs"), which takes it hours for this much data.
What is compared is its training of a few rounds: less than the whole, so the ratio is a lower bound.
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
EXAMPLE = "    - could somebody look where order number {number} has got to\n"


@dataclass(kw_only=True)
class Runs:
    """Seconds of Baton's trainings, on the clock and of processor time."""

    cold: list[tuple[float, float]] = field(default_factory=list)
    changed: list[tuple[float, float]] = field(default_factory=list)


async def bench(options: Options) -> Outcome:
    """Train Baton several times; take stock Rasa's times from when its model was made."""
    runs = Runs()
    for number in range(options.rounds):
        await asyncio.to_thread(_round, runs, number)
    theirs, missing = await asyncio.to_thread(_stock, options)
    return _outcome(runs, theirs, missing, options)


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


def _outcome(runs: Runs, theirs: list[stock_models.Training], missing: str, options: Options) -> Outcome:
    rows: list[tuple[object, ...]] = [
        ("Baton, from nothing", *_middle(runs.cold), ""),
        ("Baton, one example changed", *_middle(runs.changed), ""),
        *(
            (f"stock Rasa, {one.epochs} epochs", one.seconds, one.cpu_seconds, one.others * 100)
            for one in theirs
        ),
    ]
    note = f"Baton: medians of {options.rounds}. From the command to its end, imports included."
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
        notes=list(filter(None, [_further(theirs)])),
    )


def figures(runs: Runs, theirs: list[stock_models.Training]) -> list[Figure]:
    """Return the lines beside stock Rasa: all of it, and again after a small change."""
    most = max(theirs, key=lambda one: one.epochs, default=None)
    cold = Figure(
        key="training",
        what="training the shipped assistant",
        ours=_middle(runs.cold)[0],
        theirs=most.least if most else None,
        unit="s",
        times=10.0,
        under=True,
        theirs_more=_said(theirs),
    )
    changed = Figure(
        key="training-changed",
        what="training again, one example changed",
        ours=_middle(runs.changed)[0],
        theirs=most.least if most else None,
        unit="s",
        under=True,
        theirs_more="as above: stock Rasa trains all of it again" if most else "",
    )
    return [cold, changed]


def _said(theirs: list[stock_models.Training]) -> str:
    if not theirs:
        return ""
    most, further = max(theirs, key=lambda one: one.epochs), _each(theirs)
    words = f"{most.epochs} of its {stock_models.ALL_EPOCHS} epochs"
    return words + (f"; about {further:.0f} s for each further one" if further else "")


def _further(theirs: list[stock_models.Training]) -> str:
    """Say what the whole of stock Rasa's training would take."""
    each = _each(theirs)
    if not each:
        return ""
    most = max(theirs, key=lambda one: one.epochs)
    whole = most.least + each * (stock_models.ALL_EPOCHS - most.epochs)
    return (
        f"A further epoch takes stock Rasa {each:.0f} s; at that pace all {stock_models.ALL_EPOCHS} would take"
        f" {whole / 60:.0f} minutes, which was worked out, not measured. Its times are of when its model was"
        " made (`python -m tests.bench.stock_models --again` measures them anew); where others used more than"
        f" {stock_models.BUSY:.0%} of the machine then, its processor time over all cores counts."
    )


def _each(theirs: list[stock_models.Training]) -> float | None:
    if len(theirs) < 2:
        return None
    few, most = sorted(theirs, key=lambda one: one.epochs)
    return (most.least - few.least) / (most.epochs - few.epochs)


def _middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    return median(wall for wall, _ in times), median(cpu for _, cpu in times)
