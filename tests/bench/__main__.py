"""Run every benchmark and print the tables: `make bench`, or `make bench ARGS="--quick"`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
import time
from pathlib import Path

from tests.bench.report import Options, Outcome, Table, machine
from tests.bench.shop import PROJECT

WHOLE = ("rest", "flat", "isolation")
RESULTS = PROJECT / "results" / "bench.md"


def parts() -> list[str]:
    """Return the names of all benchmarks: the small ones, then those of the whole product.

    A small one is any other module here with a `bench(options)` like theirs.
    """
    found = [path for path in Path(__file__).parent.glob("*.py") if "def bench(" in path.read_text()]
    return sorted(path.stem for path in found if path.stem not in (*WHOLE, "__main__")) + list(WHOLE)


def main() -> int:
    """Measure; return 1 when a promise is not kept or a benchmark broke."""
    options, only = _options()
    begun = time.perf_counter()
    outcomes: dict[str, Outcome] = {}
    broken: dict[str, str] = {}
    for name in only or parts():
        print(f"\n== {name}", flush=True)
        try:
            module = importlib.import_module(f"tests.bench.{name}")
            outcomes[name] = asyncio.run(module.bench(options))
        except Exception as error:  # the others are worth having
            broken[name] = f"{type(error).__name__}: {error}"
            print(f"{name} broke: {broken[name]}", file=sys.stderr, flush=True)
            continue
        for table in outcomes[name].tables:
            print("\n" + table.markdown(), flush=True)
    text = _summary(outcomes, broken, options, time.perf_counter() - begun)
    print("\n" + text)
    RESULTS.parent.mkdir(exist_ok=True)
    tables = [table.markdown() for outcome in outcomes.values() for table in outcome.tables]
    RESULTS.write_text("\n".join([text, *tables]))
    print(f"(kept in {RESULTS.relative_to(PROJECT)})")
    kept = all(bound.kept for outcome in outcomes.values() for bound in outcome.bounds)
    return 0 if kept and not broken else 1


def _options() -> tuple[Options, list[str]]:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"some of: {', '.join(parts())}")
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--no-stock", action="store_true", help="leave stock Rasa out")
    parser.add_argument("--older-stock", action="store_true", help="take the stock model that is there")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0, help="of each round")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    options = Options(
        quick=given.quick,
        stock=not given.no_stock,
        older_stock=given.older_stock,
        rounds=given.rounds or (1 if given.quick else 3),
        seconds=given.seconds or (5.0 if given.quick else 12.0),
        warmup=1.5 if given.quick else 3.0,
        pin=cores[-1] if len(cores) > 1 else -1,
    )
    return options, given.only


def _summary(outcomes: dict[str, Outcome], broken: dict[str, str], options: Options, seconds: float) -> str:
    rows = [bound.row() for outcome in outcomes.values() for bound in outcome.bounds]
    rows += [(f"`{name}`", error.splitlines()[0], "", "**broke**") for name, error in broken.items()]
    notes = [f"Measured on {machine()}; {options.rounds} rounds, {seconds / 60:.0f} minutes in all."]
    columns = ("promise", "measured", "bound", "kept")
    return Table(title="Benchmark", columns=columns, rows=rows, notes=notes).markdown()


if __name__ == "__main__":
    sys.exit(main())
