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

from tests.bench import rest_report, stock, stock_models
from tests.bench.load import Figures
from tests.bench.product import Baton, Server, Stock
from tests.bench.report import Options, Outcome, median
from tests.bench.shop import PROJECT

LOADS = (("plain", 1), ("plain", 16), ("plain", 128), ("varied", 1), ("varied", 16))
"""Kinds of dialogue and numbers of customers in which both products are measured."""
ALONE = ("full", 16)
"""What stock Rasa cannot do without an action server."""
ENGINES = (2, 3)
"""Engine processes with which memory is looked at: the whole product, and one more."""
WARM_CLIENTS = 32
UNBOUNDED = {"BATON_RATE_LIMIT": "1000000/minute"}
STORE_CPU = r"baton_store_cpu(?:_seconds)?(?:_total)?"


@dataclass(kw_only=True)
class Runs:
    """What was measured of one product."""

    opened: float = 0.0
    answered: float = 0.0
    rss: float = 0.0
    pss: float = 0.0
    pss_with: dict[int, float] = field(default_factory=dict)
    """PSS in MB by the number of engine processes."""
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
        rival, missing = stock_server(Path(folder), options)
        if rival is not None:
            servers["stock Rasa"] = rival
        for name, server in servers.items():
            stack.callback(server.stop)
            runs[name] = await start(server, again=0 if options.quick else server.restarts)
        for number in range(options.rounds):
            await _round(servers, runs, options, number)
        for name, server in servers.items():
            runs[name].rss, runs[name].pss = server.memory()
            server.stop()
        for engines in ENGINES:
            runs["Baton"].pss_with[engines] = await _memory(Path(folder), engines, options)
    return rest_report.outcome(runs, missing, options)


def stock_server(folder: Path, options: Options) -> tuple[Stock | None, str]:
    """Return stock Rasa's server, or None, and what is to be said about it."""
    if not options.stock:
        return None, "Stock Rasa was left out."
    try:
        model = stock_models.model(stock.environment(), older=options.older_stock)
    except stock.StockUnavailable as error:
        return None, f"Stock Rasa was not measured: {error}"
    today = model.name == f"{stock_models.data_hash()}.tar.gz"
    older = "" if today else "Stock Rasa's model is of an earlier state of the data (`--older-stock`)."
    return Stock(folder=folder, model=model), older


async def start(server: Server, *, again: int) -> Runs:
    """Start a server and start it `again`, and note how long the later starts take (medians)."""
    print(f"starting {server.name}", flush=True)
    opened, answered = [], []
    for number in range(1 + again):
        if number:
            server.stop()
        server.start()
        opened.append(await server.wait_open())
        answered.append(await server.wait_answer())
    later = slice(1 if again else 0, None)
    return Runs(opened=statistics.median(opened[later]), answered=statistics.median(answered[later]))


async def _memory(folder: Path, engines: int, options: Options) -> float:
    """Return the PSS in MB of the whole product with so many engine processes, each of them used."""
    server = Baton(folder=folder, env=UNBOUNDED | {"BATON_ENGINE_PROCESSES": str(engines)})
    try:
        server.start()
        await server.wait_answer()
        await load(server.url, "full", WARM_CLIENTS, options)
        return server.memory()[1]
    finally:
        server.stop()


async def _round(servers: dict[str, Server], runs: dict[str, Runs], options: Options, number: int) -> None:
    for kind, clients in LOADS:
        for name, server in servers.items():
            await measure(server, runs[name], kind, clients, options, number)
    await measure(servers["Baton"], runs["Baton"], *ALONE, options, number)


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
