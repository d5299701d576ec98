"""The load generator: customers in a closed loop over the REST channel.

Run as `python -m tests.bench.load --url http://127.0.0.1:8080 --clients 16 --seconds 20`; it is a
process of its own so that its work is not counted as the product's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from tests.bench.client import Client
from tests.bench.dialogues import Dialogue, Script
from tests.bench.shop import shop_orders

PATH = "/webhooks/rest/webhook"


@dataclass(kw_only=True)
class Figures:
    """What a group of customers saw. Times are in milliseconds.

    `sent` counts the warm-up's messages too; `empty` counts answers of nothing.
    """

    messages: int = 0
    sent: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    errors: int = 0
    empty: int = 0
    own_cpu_ms: float = 0.0
    own_share: float = 0.0
    """Part of one core that the load generator used."""
    statuses: dict[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Tally:
    """Samples of one group while the measured time runs."""

    start: float
    end: float
    samples: list[float] = field(default_factory=list)
    errors: int = 0
    empty: int = 0
    sent: int = 0
    done: int = 0
    statuses: dict[str, int] = field(default_factory=dict)

    def note(self, begun: float, status: str, *, empty: bool = False) -> None:
        """Count one message: its time if it began within the measured time, itself if it ended there.

        With slow answers and many customers, those that lie wholly within would be far too few.
        """
        now = time.perf_counter()
        self.sent += status == "200"
        counts = self.start <= begun <= self.end
        ends_within = self.start <= now <= self.end
        if counts or ends_within:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.errors += status != "200"
        if status == "200":
            self.done += ends_within
            self.empty += empty and ends_within
            self.samples += [(now - begun) * 1000] * counts

    def figures(self) -> Figures:
        """Sum up."""
        seconds = self.end - self.start
        return Figures(
            messages=self.done,
            sent=self.sent,
            seconds=round(seconds, 2),
            rate=round(self.done / seconds, 1),
            p50=percentile(self.samples, 50),
            p95=percentile(self.samples, 95),
            p99=percentile(self.samples, 99),
            errors=self.errors,
            empty=self.empty,
            statuses=self.statuses,
        )


def percentile(samples: list[float], share: int) -> float:
    """Return a percentile, 0.0 for too few samples."""
    if len(samples) < 2:
        return round(samples[0], 2) if samples else 0.0
    return round(statistics.quantiles(samples, n=100, method="inclusive")[share - 1], 2)


async def customer(url: str, dialogues: Iterator[Dialogue], tally: Tally) -> None:
    """Hold one dialogue after the other, each as somebody new, until the time is over."""
    client = Client(url)
    while time.perf_counter() < tally.end:
        sender = f"bench-{uuid.uuid4().hex[:12]}"
        for text in next(dialogues):
            begun = time.perf_counter()
            if begun >= tally.end:
                break
            body = json.dumps({"sender": sender, "message": text}).encode()
            try:
                reply = await client.request("POST", PATH, body)
            except OSError as error:
                tally.note(begun, type(error).__name__)
                await asyncio.sleep(0.2)
                continue
            tally.note(begun, str(reply.status), empty=reply.body in (b"[]", b""))
            if reply.status != 200:
                await asyncio.sleep(0.05)
    client.close()


async def run(url: str, script: Script, *, clients: int, seconds: float, warmup: float) -> Figures:
    """Let `clients` customers write for `warmup` and then `seconds`, which count."""
    start = time.perf_counter() + warmup
    tally = Tally(start=start, end=start + seconds)
    dialogues = script.dialogues()
    cpu, begun = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(customer(url, dialogues, tally))
    figures = tally.figures()
    used = time.process_time() - cpu
    figures.own_cpu_ms = round(used / max(figures.sent, 1) * 1000, 3)
    figures.own_share = round(used / (time.perf_counter() - begun), 3)
    return figures


def main() -> None:
    """Run from the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", choices=["plain", "varied", "full"], default="full")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warmup", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pin", type=int, default=-1, help="run on this processor only")
    options = parser.parse_args()
    if options.pin >= 0:
        os.sched_setaffinity(0, {options.pin})
    orders = shop_orders() if options.kind == "full" else ()
    script = Script(kind=options.kind, orders=orders, seed=options.seed)
    figures = asyncio.run(
        run(
            options.url,
            script,
            clients=options.clients,
            seconds=options.seconds,
            warmup=options.warmup,
        )
    )
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
