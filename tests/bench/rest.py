"""Baton and stock Rasa side by side over the REST channel, alternating within one run."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import stock
from tests.bench.load import Figures
from tests.bench.product import Baton, Server, Stock
from tests.bench.report import Bound, Options, Outcome, Table, median
from tests.bench.shop import PROJECT

CLIENTS = (1, 16)
AT_LEAST = 6.0
"""How many times stock Rasa's throughput is promised."""
UNBOUNDED = {"BATON_RATE_LIMIT": "1000000/minute"}
STORE_CPU = r"baton_store_cpu(?:_seconds)?(?:_total)?"


@dataclass(kw_only=True)
class Runs:
    """What was measured of one product."""

    opened: float = 0.0
    answered: float = 0.0
    rss: float = 0.0
    pss: float = 0.0
    figures: dict[tuple[str, int], list[Figures]] = field(default_factory=dict)
    cpu: dict[tuple[str, int], list[dict[str, float]]] = field(default_factory=dict)
    """Milliseconds per message by part."""

    def figure(self, kind: str, clients: int, name: str) -> float:
        """Return the median of one figure over the rounds."""
        return median(getattr(one, name) for one in self.figures.get((kind, clients), []))

    def cpu_of(self, kind: str, clients: int, part: str) -> float:
        """Return the median milliseconds of one part."""
        return median(one[part] for one in self.cpu.get((kind, clients), []) if part in one)


async def bench(options: Options) -> Outcome:
    """Measure; stock Rasa is left out, and that is said, where it cannot be had."""
    missing, servers, runs = "", dict[str, Server](), dict[str, Runs]()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, ExitStack() as stack:
        servers["Baton"] = Baton(folder=Path(folder), env=UNBOUNDED)
        try:
            if options.stock:
                model = stock.model(stock.environment(), older=options.older_stock)
                if model.name != f"{stock.data_hash()}.tar.gz":
                    missing = "Stock Rasa's model is of an earlier state of the data (`--older-stock`)."
                servers["stock Rasa"] = Stock(folder=Path(folder), model=model)
        except stock.StockUnavailable as error:
            missing = f"Stock Rasa was not measured: {error}"
        for name, server in servers.items():
            stack.callback(server.stop)
            runs[name] = await start(server)
        for number in range(options.rounds):
            await _round(servers, runs, options, number)
        for name, server in servers.items():
            runs[name].rss, runs[name].pss = server.memory()
    return _outcome(runs, missing or ("" if options.stock else "Stock Rasa was left out."), options)


async def start(server: Server) -> Runs:
    """Start a server and start it again, and note how long the later starts take (medians)."""
    print(f"starting {server.name}", flush=True)
    opened, answered = [], []
    for number in range(1 + server.restarts):
        if number:
            server.stop()
        server.start()
        opened.append(await server.wait_open())
        answered.append(await server.wait_answer())
    later = slice(1 if server.restarts else 0, None)
    return Runs(opened=statistics.median(opened[later]), answered=statistics.median(answered[later]))


async def _round(servers: dict[str, Server], runs: dict[str, Runs], options: Options, number: int) -> None:
    for clients in CLIENTS:
        for name, server in servers.items():
            await measure(server, runs[name], "plain", clients, options, number)
        await measure(servers["Baton"], runs["Baton"], "full", clients, options, number)


async def measure(
    server: Server, runs: Runs, kind: str, clients: int, options: Options, number: int = 0
) -> None:
    """Load a server once and keep what was seen."""
    before, store = server.cpu(), await _store_cpu(server)
    figures = await load(server.url, kind, clients, options, seed=number + 1)
    used = {part: seconds - before.get(part, 0.0) for part, seconds in server.cpu().items()}
    used["store"] = await _store_cpu(server) - store
    used["server"] -= used["store"]
    runs.figures.setdefault((kind, clients), []).append(figures)
    per_message = {part: s * 1000 / max(figures.sent, 1) for part, s in used.items()}
    runs.cpu.setdefault((kind, clients), []).append(per_message)
    print(
        f"round {number + 1}: {server.name}, {kind}, {clients} clients: {figures.rate}/s,"
        f" p95 {figures.p95} ms, {figures.errors} errors, {figures.empty} empty",
        flush=True,
    )


async def load(url: str, kind: str, clients: int, options: Options, *, seed: int = 1) -> Figures:
    """Run the load generator in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.load", "--url", url, "--kind", kind]
    command += ["--clients", str(clients), "--seconds", str(options.seconds), "--seed", str(seed)]
    command += ["--warmup", str(options.warmup), "--pin", str(options.pin)]
    process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the load generator failed")
    return Figures(**json.loads(out))


async def _store_cpu(server: Server) -> float:
    return await server.metric(STORE_CPU) if isinstance(server, Baton) else 0.0


def _outcome(runs: dict[str, Runs], missing: str, options: Options) -> Outcome:
    outcome = Outcome(tables=[_throughput(runs, missing, options), _cpu(runs), _start(runs)])
    ours, theirs = runs["Baton"], runs.get("stock Rasa")
    if theirs is not None:
        for clients in CLIENTS:
            base = theirs.figure("plain", clients, "rate")
            ratio = ours.figure("plain", clients, "rate") / base if base else 0.0
            what = f"REST throughput over stock Rasa's, {clients} client{'s' * (clients > 1)}"
            outcome.bounds.append(Bound(what=what, value=ratio, limit=AT_LEAST, at_least=True))
    outcome.bounds.append(Bound(what="seconds until messages are accepted", value=ours.opened, limit=3.0))
    outcome.bounds.append(
        Bound(what="seconds until the first is answered", value=ours.answered, limit=15.0)
    )
    errors = sum(f.errors for run in runs.values() for group in run.figures.values() for f in group)
    outcome.bounds.append(Bound(what="failed requests", value=float(errors), limit=0.0))
    return outcome


def _throughput(runs: dict[str, Runs], missing: str, options: Options) -> Table:
    rows = []
    for kind in ("plain", "full"):
        for clients in CLIENTS:
            for name, run in runs.items():
                if (kind, clients) in run.figures:
                    seen = [run.figure(kind, clients, f) for f in ("rate", "p50", "p95", "p99")]
                    rows.append((kind, clients, name, *seen))
    pinned = f"the load generator on processor {options.pin} only" if options.pin >= 0 else "nothing pinned"
    note = (
        f"Medians of {options.rounds} rounds of {options.seconds:.0f} s, alternating; {pinned}, the servers on"
        " any. `plain`: turns without custom actions, the same for both. `full`: greeting, orders with"
        " proof, directory look-ups, opening hours and misunderstandings, on Baton alone: stock Rasa"
        " would need an action server for it."
    )
    notes = [note, *([missing] if missing else [])]
    columns = ("dialogue", "clients", "product", "messages/s", "p50 ms", "p95 ms", "p99 ms")
    return Table(title="REST throughput", columns=columns, rows=rows, notes=notes)


def _cpu(runs: dict[str, Runs]) -> Table:
    rows = []
    for name, run in runs.items():
        for kind, clients in run.cpu:
            parts = [run.cpu_of(kind, clients, part) for part in ("server", "store", "engine")]
            rows.append((name, kind, clients, *parts, sum(parts)))
    columns = ("product", "dialogue", "clients", "web and services", "store", "engine", "together")
    notes = ["Stock Rasa is one process: everything stands under the first part."]
    return Table(title="Processor time per message, ms", columns=columns, rows=rows, notes=notes)


def _start(runs: dict[str, Runs]) -> Table:
    rows = [(name, run.opened, run.answered, run.rss, run.pss) for name, run in runs.items()]
    columns = ("product", "port open, s", "first answer, s", "RSS, MB", "PSS, MB")
    notes = ["Started again: on the data of an earlier start. Memory is of all processes, after the load."]
    return Table(title="Start-up and memory", columns=columns, rows=rows, notes=notes)
