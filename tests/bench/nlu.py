"""How well and how fast the intent classifier works on public sets: `python -m tests.bench.nlu FOLDER [SET ...]`.

FOLDER holds one folder for each set with `NAME_train.csv` and `NAME_test.csv`, or `train.csv` (and
`train_10.csv`, ten examples an intent) and `test.csv`; the columns are text,intent. Sets are named like
`hint3/curekart_train`; without names all are measured. Where there is a goal, it stands in brackets.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bot.training.rasa_graph import quiet

GOALS = {
    "banking77/train": {"accuracy": 0.94, "calibration": 0.03},
    "banking77/train_10": {"accuracy": 0.865, "calibration": 0.03},
    "hwu64/train": {"accuracy": 0.91},
    "hwu64/train_10": {"accuracy": 0.83},
    "hint3/curekart_train": {"accuracy": 0.87, "auroc": 0.85},
    "hint3/powerplay11_train": {"accuracy": 0.65, "auroc": 0.75},
}

HEADS = (
    "accuracy",
    "macro F1",
    "calibration",
    "AUROC",
    "oos recall",
    "precision",
    "early",
    "lost",
    "s",
    "ms",
)


def pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yield name, training file and test file of each set."""
    for test in sorted(folder.glob("*/*test.csv")):
        prefix = test.name.removesuffix("test.csv")
        for train in sorted(test.parent.glob(f"{prefix}train*.csv")):
            yield f"{test.parent.name}/{train.stem}", train, test


def measure(name: str, train: Path, test: Path) -> list[str]:
    """Train, predict and return a line of the table."""
    from bot.training.evaluate_nlu import evaluate_nlu
    from bot.training.rows import read_rows

    found = evaluate_nlu(read_rows(train), read_rows(test), lambda line: None)
    seen, goals = found.understanding, GOALS.get(name, {})
    return [
        _share(seen.accuracy, goals.get("accuracy")),
        _share(seen.macro_f1),
        _plain(seen.calibration_error, goals.get("calibration")),
        _plain(found.auroc, goals.get("auroc")),
        _share(seen.out_of_scope_recall),
        _share(found.out_of_scope_precision),
        _share(found.stopped_early),
        f"{100 * found.lost_early:.2f}",
        f"{found.training_seconds:.0f}",
        f"{found.milliseconds:.2f}",
    ]


def _share(value: float | None, goal: float | None = None) -> str:
    shown = "" if value is None else f"{100 * value:.1f}"
    return f"{shown} ({100 * goal:.1f})" if goal else shown


def _plain(value: float | None, goal: float | None = None) -> str:
    shown = "" if value is None else f"{value:.3f}"
    return f"{shown} ({goal:.2f})" if goal else shown


def main(arguments: list[str]) -> int:
    """Print the table; without a folder say so and stop."""
    quiet()
    sets = list(pairs(Path(arguments[0]))) if arguments else []
    if not sets:
        print(
            "No data: name a folder with public intent sets (see the top of tests/bench/nlu.py). Skipped."
        )
        return 0
    print(f"{'set':26}" + "".join(f"{head:>14}" for head in HEADS))
    for name, train, test in sets:
        if len(arguments) == 1 or name in arguments[1:]:
            print(f"{name:26}" + "".join(f"{cell:>14}" for cell in measure(name, train, test)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
