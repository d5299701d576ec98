"""How well intents are told on public sets, beside stock Rasa's classifier on the same rows.

The sets are in `--data` (see the top of `nlu`). Stock Rasa's figures are made with `--stock-nlu`, once.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.training.rows import read_rows
from tests.bench import nlu, stock
from tests.bench.figures import Figure
from tests.bench.product import clean_environment
from tests.bench.report import Options, Outcome, Table
from tests.bench.shop import PROJECT
from tests.bench.stock_nlu import SETS, StockFigures, stock_figures

NAMES = {
    "banking77/train": "BANKING77, full",
    "banking77/train_10": "BANKING77, 10 an intent",
    "hwu64/train": "HWU64, full",
    "hwu64/train_10": "HWU64, 10 an intent",
    "hint3/curekart_train": "HINT3 curekart, in scope",
    "hint3/powerplay11_train": "HINT3 powerplay11, in scope",
}
QUICK = ("hint3/curekart_train", "hint3/powerplay11_train", "banking77/train_10", "hwu64/train_10")
BEAT = ("hint3/curekart_train", "hint3/powerplay11_train")


@dataclass(frozen=True, kw_only=True)
class Both:
    """One set's figures: Baton's as `baton evaluate --nlu --json` prints them, and stock Rasa's."""

    name: str
    ours: dict[str, Any]
    theirs: StockFigures | None

    @property
    def goals(self) -> dict[str, float]:
        """Return what is promised of it."""
        return nlu.GOALS.get(self.name, {})


async def bench(options: Options) -> Outcome:
    """Measure each set; one run of each, as training and reading are deterministic."""
    found = {name: (train, test) for name, train, test in nlu.pairs(options.data)}
    if not NAMES.keys() & found.keys():
        said = "Understanding was not measured: there are no public sets (`--data FOLDER` names them)."
        print(said, flush=True)
        return Outcome(missing=[said])
    both, missing = [], set[str]()
    for name in NAMES:
        if name in found and (not options.quick or name in QUICK):
            theirs, why = await asyncio.to_thread(_stock, name, *found[name], options)
            missing |= {why} - {""}
            ours = await asyncio.to_thread(_ours, *found[name])
            both.append(Both(name=name, ours=ours, theirs=theirs))
            print(f"{name}: {ours['understanding']['accuracy']:.1%}", flush=True)
    return _outcome(both, sorted(missing))


def _ours(train: Path, test: Path) -> dict[str, Any]:
    """Run `baton evaluate --nlu` in a process of its own, on one thread."""
    command = [sys.executable, "-m", "bot.training.evaluate_nlu", str(train), str(test), "--json"]
    done = subprocess.run(
        command, cwd=PROJECT, env=clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-500:])
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _stock(name: str, train: Path, test: Path, options: Options) -> tuple[StockFigures | None, str]:
    if not options.stock:
        return None, "Stock Rasa was left out."
    try:
        rows = read_rows(train), read_rows(test)
        found = stock_figures(name, *rows, make=options.stock_nlu)
    except stock.StockUnavailable as error:
        return None, f"Stock Rasa was not measured: {error}"
    missed = found is None and name in SETS
    return found, "Stock Rasa's accuracy on some sets is not known (`--stock-nlu` trains it)." * missed


def _outcome(both: list[Both], missing: list[str]) -> Outcome:
    rows = []
    for one in both:
        seen = one.ours["understanding"]
        ours = (seen["accuracy"], seen["macro_f1"], seen["calibration_error"], one.ours["auroc"])
        times = (one.ours["training_seconds"], one.ours["milliseconds"])
        rows.append((NAMES[one.name], "Baton", *_row(*ours), *times))
        if one.theirs is not None:
            report = one.theirs.understanding
            theirs = (report.accuracy, report.macro_f1, report.calibration_error, one.theirs.auroc)
            times = (one.theirs.training_seconds, one.theirs.milliseconds)
            rows.append((NAMES[one.name], "stock Rasa", *_row(*theirs), *times))
    note = (
        "Both were trained on the same rows and scored by the same code, without a threshold. Stock Rasa: its"
        " default pipeline, 100 epochs, all cores; its milliseconds are of the whole pipeline."
        " Baton: `baton evaluate --nlu`, one thread."
    )
    columns = ("set", "", "accuracy %", "macro F1 %", "calibration error", "AUROC", "training s", "ms")
    table = Table(title="Understanding", columns=columns, rows=rows, notes=[" ".join([note, *missing])])
    figures = [figure for one in both for figure in _figures(one)]
    return Outcome(tables=[table] if rows else [], figures=figures, missing=missing)


def _row(accuracy: float, macro_f1: float, calibration: float, area: float | None) -> tuple[str, ...]:
    shares = (f"{100 * accuracy:.1f}", f"{100 * macro_f1:.1f}", f"{calibration:.3f}")
    return (*shares, "-" if area is None else f"{area:.3f}")


def _figures(one: Both) -> list[Figure]:
    name, goals = NAMES[one.name], one.goals
    seen = one.ours["understanding"]
    figures = [
        Figure(
            key=f"accuracy-{one.name}",
            what=f"accuracy, {name}",
            ours=100 * seen["accuracy"],
            theirs=100 * one.theirs.understanding.accuracy if one.theirs else None,
            unit="%",
            more=True,
            limit=100 * goals["accuracy"],
            beat=one.name in BEAT,
        )
    ]
    if "auroc" in goals:
        figures.append(
            Figure(
                key=f"auroc-{one.name}",
                what=f"told from out of scope (AUROC), {name.partition(',')[0]}",
                ours=one.ours["auroc"],
                theirs=one.theirs.auroc if one.theirs else None,
                more=True,
                limit=goals["auroc"],
            )
        )
    if "calibration" in goals:
        figures.append(
            Figure(
                key=f"calibration-{one.name}",
                what=f"calibration error, {name}",
                ours=seen["calibration_error"],
                theirs=one.theirs.understanding.calibration_error if one.theirs else None,
                limit=goals["calibration"],
            )
        )
    return figures
