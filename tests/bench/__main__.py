"""Run every benchmark and print the tables: `make bench`, or `make bench ARGS="--quick"`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
import time
from pathlib import Path

from tests.bench import readme, results
from tests.bench.report import PUBLIC_SETS, Options, Outcome

WHOLE = ("rest", "flat", "isolation")
README = ("rest", "flat", "training", "understanding")
"""What the README's table and picture show."""


def parts() -> list[str]:
    """Return the names of all benchmarks: the small ones, then those of the whole product.

    A small one is any other module here with a `bench(options)` like theirs.
    """
    found = [path for path in Path(__file__).parent.glob("*.py") if "def bench(" in path.read_text()]
    return sorted(path.stem for path in found if path.stem not in (*WHOLE, "__main__")) + list(WHOLE)


def main() -> int:
    """Measure; return 1 when a promise is not kept or a benchmark broke."""
    options, only, write = _options()
    begun, load = time.perf_counter(), os.getloadavg()[0]
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
    found, text = results.keep(
        outcomes, broken, options, minutes=(time.perf_counter() - begun) / 60, load=load
    )
    print("\n" + text)
    print(f"(kept in {results.FOLDER.name}/)")
    if write and not broken:
        readme.write(found)
        print("README.md and its picture show these figures now.")
    kept = all(bound.kept for outcome in outcomes.values() for bound in outcome.promises)
    return 0 if kept and not broken else 1


def _options() -> tuple[Options, list[str], bool]:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"some of: {', '.join(parts())}")
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--no-stock", action="store_true", help="leave stock Rasa out")
    parser.add_argument("--older-stock", action="store_true", help="take the stock model that is there")
    parser.add_argument("--stock-nlu", action="store_true", help="train stock Rasa on the public sets")
    parser.add_argument("--data", type=Path, default=PUBLIC_SETS, help="folder with public sets of texts")
    parser.add_argument(
        "--write-readme", action="store_true", help=f"measure {', '.join(README)}; renew table and picture"
    )
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0, help="of each round")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    options = Options(
        quick=given.quick,
        stock=not given.no_stock,
        older_stock=given.older_stock,
        stock_nlu=given.stock_nlu,
        data=given.data,
        rounds=given.rounds or (1 if given.quick else 3),
        seconds=given.seconds or (5.0 if given.quick else 8.0),
        warmup=1.5 if given.quick else 2.0,
        pin=cores[-1] if len(cores) > 1 else -1,
    )
    only = list(README) if given.write_readme else given.only
    return options, only, given.write_readme


if __name__ == "__main__":
    sys.exit(main())
