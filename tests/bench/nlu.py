"""How well and how fast the intent classifier works on public sets: `python -m tests.bench.nlu FOLDER`.

FOLDER holds one folder for each set with `NAME_train.csv` and `NAME_test.csv`, or `train.csv` (and
`train_10.csv`, ten examples an intent) and `test.csv`; the columns are text,intent.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bot.nlu.fit import fit
from bot.training.evaluate import Understanding, read_rows
from bot.training.measure import OUT_OF_SCOPE, Row, report


def pairs(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yield name, training file and test file of each set."""
    for test in sorted(folder.glob("*/*test.csv")):
        prefix = test.name.removesuffix("test.csv")
        for train in sorted(test.parent.glob(f"{prefix}train*.csv")):
            yield f"{test.parent.name}/{train.stem}", train, test


def measure(name: str, train: list[Row], test: list[Row]) -> str:
    """Train, predict and return a line of the table."""
    known = [row for row in train if row.intent not in OUT_OF_SCOPE]
    started = time.perf_counter()
    model = fit([row.text for row in known], [row.intent for row in known])
    trained = time.perf_counter() - started
    understanding = Understanding(model, threshold=0.4, ambiguity=0.1)
    started = time.process_time()
    predictions = [understanding.predict(row.text) for row in test]
    each = (time.process_time() - started) / len(test)
    result = report(test, predictions)
    outside = "" if result.out_of_scope_recall is None else f"{result.out_of_scope_recall:.1%}"
    return (
        f"{name:32}{result.accuracy:9.1%}{result.macro_f1:9.1%}{result.fallback_share:10.1%}"
        f"{result.answered_accuracy:10.1%}{outside:>10}{result.calibration_error:8.3f}"
        f"{trained:9.1f}{each * 1_000:9.2f}"
    )


def main(arguments: list[str]) -> int:
    """Print the table; without a folder say so and stop."""
    sets = list(pairs(Path(arguments[0]))) if arguments else []
    if not sets:
        print(
            "No data: name a folder with public intent sets (see the top of tests/bench/nlu.py). Skipped."
        )
        return 0
    heads = ("accuracy", "macro F1", "fallback", "answered", "oos found", "calib.", "train s", "ms/text")
    print(
        f"{'set':32}"
        + "".join(f"{h:>{w}}" for h, w in zip(heads, (9, 9, 10, 10, 10, 8, 9, 9), strict=True))
    )
    for name, train, test in sets:
        print(measure(name, read_rows(train), read_rows(test)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
