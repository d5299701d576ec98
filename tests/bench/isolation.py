"""A slow directory for some customers: what the others notice of it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.dialogues import Dialogue, Script
from tests.bench.load import Figures, Tally, customer
from tests.bench.product import Baton
from tests.bench.report import Bound, Options, Outcome, Table, median
from tests.bench.rest import UNBOUNDED
from tests.bench.shop import shop_orders

SLOW_SECONDS = 2.0
SLOW_CLIENTS = 16
OTHERS = 8
AT_MOST = 2.0


def slow_customers() -> list[str]:
    """Return whose data takes long: every third customer of the shop."""
    return sorted({order.customer for order in shop_orders()})[::3]


async def bench(options: Options) -> Outcome:
    """Alternate between rounds with and without customers whose data is slow."""
    delays = ",".join(f"{ref}={SLOW_SECONDS}" for ref in slow_customers())
    env = UNBOUNDED | {"BATON_DEMO_DELAYS": delays}
    alone: list[Figures] = []
    beside: list[Figures] = []
    slow: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        server = Baton(folder=Path(folder), env=env)
        try:
            server.start()
            await server.wait_answer()
            for _ in range(options.rounds):
                alone.append((await _round(server.url, options, slow=False))[0])
                both = await _round(server.url, options, slow=True)
                beside.append(both[0])
                slow.append(both[1])
        finally:
            server.stop()
    return _outcome(alone, beside, slow)


async def _round(url: str, options: Options, *, slow: bool) -> tuple[Figures, Figures]:
    """Load once; the others are the same number of customers either way."""
    quick, late = _tally(options), _tally(options)
    late.start -= options.warmup  # their turns are as long as a round is: count them all
    async with asyncio.TaskGroup() as group:
        for number in range(OTHERS):
            group.create_task(customer(url, _dialogues(number, slow=False), quick))
        for number in range(SLOW_CLIENTS if slow else 0):
            group.create_task(customer(url, _dialogues(number, slow=True), late))
    return quick.figures(), late.figures()


def _tally(options: Options) -> Tally:
    start = time.perf_counter() + options.warmup
    return Tally(start=start, end=start + options.seconds)


def _dialogues(number: int, *, slow: bool) -> Iterator[Dialogue]:
    whose = set(slow_customers())
    orders = tuple(order for order in shop_orders() if (order.customer in whose) == slow)
    return Script(kind="full", rounds=8, orders=orders, seed=number + 1).dialogues()


def _outcome(alone: list[Figures], beside: list[Figures], slow: list[Figures]) -> Outcome:
    rows = [
        ("others, alone", *_middle(alone)),
        ("others, beside slow ones", *_middle(beside)),
        ("slow ones", *_middle(slow)),
    ]
    ratio = median(b.p95 / a.p95 for a, b in zip(alone, beside, strict=True) if a.p95)
    table = Table(
        title=f"Isolation: a directory that takes {SLOW_SECONDS:.0f} s for some customers",
        columns=("customers", "messages/s", "p50 ms", "p95 ms", "p99 ms", "with nothing said"),
        rows=rows,
        notes=[f"{OTHERS} others, {SLOW_CLIENTS} slow ones, in a closed loop; medians of the rounds."],
    )
    bound = Bound(what="others' p95 beside slow customers, over alone", value=ratio, limit=AT_MOST)
    return Outcome(tables=[table], bounds=[bound])


def _middle(figures: list[Figures]) -> list[float]:
    return [median(getattr(f, name) for f in figures) for name in ("rate", "p50", "p95", "p99", "empty")]
