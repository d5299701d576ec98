"""Web chat with many open sockets: how soon a message reaches the other tab, and what a socket costs.

Every session has two sockets, as with two tabs of one browser. One writes; how long it takes until the
other one shows the message is the whole way: frame in, commit, bus hint, look at the store, frame out.
From the writer's acknowledgement on it is the way from the bus hint alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.bench import procs
from tests.bench.load import percentile
from tests.bench.product import Baton, ServerBroken
from tests.bench.report import Bound, Options, Outcome, Table

SOCKETS = 2_000
RATE = 50.0
"""Messages a second, over all sessions."""
PER_ADDRESS = 40
"""Sockets from one loopback address, under the product's own limit for one."""
WORDS = ("hello", "thanks", "what are your opening hours?", "how long does delivery take?")
DELIVERED_MS = 100.0


@dataclass(kw_only=True)
class Figures:
    """Milliseconds: `whole` from sending to the other tab, `hint` from the acknowledgement to it."""

    messages: int
    lost: int
    whole: list[float]
    hint: list[float]


class Tab:
    """One socket that reads all the time and notes when a customer's message came."""

    def __init__(self) -> None:
        self.connection: ClientConnection | None = None
        self.session = ""
        self.acked: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self._reader: asyncio.Task[None] | None = None

    async def open(self, url: str, source: str, session: str = "") -> None:
        """Connect and say hello."""
        self.connection = await connect(
            url, local_addr=(source, 0), compression=None, ping_interval=None, max_queue=None
        )
        hello: dict[str, Any] = {"type": "hello", "v": 1, "after": 0}
        await self.send({**hello, "session": session} if session else hello)
        ready = json.loads(await self.connection.recv())
        if ready["type"] != "ready":
            raise ServerBroken(f"instead of ready: {ready}")
        self.session = ready["session"]
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one frame."""
        assert self.connection is not None
        await self.connection.send(json.dumps(frame))

    async def close(self) -> None:
        """Leave."""
        if self._reader is not None:
            self._reader.cancel()
        if self.connection is not None:
            await self.connection.close()

    async def _read(self) -> None:
        assert self.connection is not None
        async for raw in self.connection:
            now, frame = time.perf_counter(), json.loads(raw)
            if frame["type"] == "ack":
                self.acked[frame["id"]] = now
            elif frame["type"] == "messages":
                for message in frame["messages"]:
                    if "id" in message:
                        self.shown.setdefault(message["id"], now)


async def open_tabs(url: str, count: int) -> list[tuple[Tab, Tab]]:
    """Open `count` sockets, two a session, a few at a time."""
    pairs = [(Tab(), Tab()) for _ in range(count // 2)]
    gate = asyncio.Semaphore(20)

    async def one(number: int, pair: tuple[Tab, Tab]) -> None:
        source = f"127.0.{1 + number * 2 // PER_ADDRESS // 250}.{1 + number * 2 // PER_ADDRESS % 250}"
        async with gate:
            await pair[0].open(url, source)
            # The session's conversation begins with its first message; the second tab joins it there.
            await pair[0].send({"type": "message", "id": str(uuid.uuid4()), "text": "hello"})
            while not pair[0].acked:
                await asyncio.sleep(0.02)
            await pair[1].open(url, source, pair[0].session)

    await asyncio.gather(*(one(number, pair) for number, pair in enumerate(pairs)))
    return pairs


async def write(pairs: list[tuple[Tab, Tab]], seconds: float) -> Figures:
    """Write `RATE` messages a second for `seconds`, each in a session drawn by lot."""
    chance, sent = random.Random(1), {}
    for pair in pairs:
        pair[0].acked.clear()
    begun = time.perf_counter()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(begun + number / RATE - time.perf_counter(), 0))
        pair, identity = chance.choice(pairs), str(uuid.uuid4())
        sent[identity] = (time.perf_counter(), pair)
        await pair[0].send({"type": "message", "id": identity, "text": chance.choice(WORDS)})
    await asyncio.sleep(5)
    arrived = {
        i: (at, *pair) for i, (at, pair) in sent.items() if i in pair[1].shown and i in pair[0].acked
    }
    return Figures(
        messages=len(sent),
        lost=len(sent) - len(arrived),
        whole=[(b.shown[i] - at) * 1000 for i, (at, _, b) in arrived.items()],
        hint=[max(b.shown[i] - a.acked[i], 0.0) * 1000 for i, (_, a, b) in arrived.items()],
    )


async def _generate(url: str, count: int, seconds: float) -> None:
    """Be the load generator: tell the parent when all is open, write, tell the figures."""
    pairs = await open_tabs(url, count)
    print(json.dumps({"open": 2 * len(pairs)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(asdict(await write(pairs, seconds))), flush=True)
    await asyncio.gather(*(tab.close() for pair in pairs for tab in pair))


async def bench(options: Options) -> Outcome:
    """Measure one server with `SOCKETS` sockets."""
    count, seconds = (400 if options.quick else SOCKETS), (10.0 if options.quick else 60.0)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as name:
        server = Baton(folder=Path(name))
        server.start()
        try:
            await server.wait_answer()
            return await _measure(server, count, seconds)
        finally:
            server.stop()


async def _measure(server: Baton, count: int, seconds: float) -> Outcome:
    pid, url = server.pid, f"ws://127.0.0.1:{server.port}/chat"
    before = procs.look(pid).pss
    command = [sys.executable, "-m", "tests.bench.sockets", "--url", url]
    command += ["--sockets", str(count), "--seconds", str(seconds)]
    load = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**24
    )
    assert load.stdin is not None
    assert load.stdout is not None
    opened = json.loads(await load.stdout.readline() or "{}").get("open", 0)
    if opened != count:
        raise ServerBroken(f"the sockets did not open:\n{server.tail()}")
    await asyncio.sleep(10)  # the first turns end, and what they needed is given back
    idle, cpu = procs.look(pid).pss, procs.cpu_seconds(pid)
    await asyncio.sleep(5)
    idle_cpu = (procs.cpu_seconds(pid) - cpu) / 5
    cpu, began = procs.cpu_seconds(pid), time.perf_counter()
    load.stdin.write(b"\n")
    figures = Figures(**json.loads(await load.stdout.readline()))
    busy = (procs.cpu_seconds(pid) - cpu) / (time.perf_counter() - began)
    await load.wait()
    each = (idle - before) * 1024 / count
    return _outcome(figures, count=count, each=each, idle_cpu=idle_cpu, busy=busy)


def _outcome(figures: Figures, *, count: int, each: float, idle_cpu: float, busy: float) -> Outcome:
    rows = [
        (what, *(percentile(values, share) for share in (50, 95, 99)), max(values, default=0.0))
        for what, values in (
            ("sent to shown in the other tab", figures.whole),
            ("bus hint to shown", figures.hint),
        )
    ]
    note = (
        f"{count:,} open sockets, {figures.messages:,} messages at {RATE:.0f} a second, "
        f"{figures.lost} not shown; {each:.1f} kB of the server's memory a socket (a conversation for "
        f"each two included), {idle_cpu:.0%} of a core while nobody writes, {busy:.0%} meanwhile."
    )
    columns = ("ms", "p50", "p95", "p99", "max")
    return Outcome(
        tables=[Table(title="Web chat: open sockets", columns=columns, rows=rows, notes=[note])],
        bounds=[
            Bound(
                what="bus hint to socket, p99 ms", value=percentile(figures.hint, 99), limit=DELIVERED_MS
            ),
            Bound(what="messages not shown in the other tab", value=float(figures.lost), limit=0.0),
        ],
    )


def main() -> None:
    """Run as the load generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    asyncio.run(_generate(given.url, given.sockets, given.seconds))


if __name__ == "__main__":
    main()
