"""The desk on a large database: lists, counts, a conversation, search, while customers write."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.bench.client import Client
from tests.bench.desk_data import EMAIL, FIRST_NAMES, FREQUENT, PASSWORD, RARE, SECOND, Filled, fill
from tests.bench.load import percentile
from tests.bench.report import Bound, Options, Outcome, Table
from tests.browser.server import Server

CONVERSATIONS, EACH = 10_000, 100
QUICK_CONVERSATIONS = 500
RATE = 20.0
"""Messages a second that come in meanwhile."""
WRITERS = 40
"""Customers who write them, from conversations of any age."""
BOUNDS = {"inbox": 100.0, "open": 150.0, "search": 300.0}
"""Milliseconds at the 95th percentile."""
PAGE_KB = 150.0
UNBOUNDED = {"BATON_RATE_LIMIT": "1000000/minute", "BATON_RETENTION_DAYS": "3650", "BATON_DEMO": "yes"}


@dataclass(kw_only=True)
class Seen:
    """What was measured: milliseconds by what was asked, messages that came in, kilobytes of the page."""

    times: dict[str, list[float]] = field(default_factory=dict)
    came_in: int = 0
    page_kb: float = 0.0

    def worst(self, kind: str) -> float:
        """Return the greatest 95th percentile of what begins with `kind`."""
        return max(percentile(some, 95) for name, some in self.times.items() if name.startswith(kind))


async def bench(options: Options) -> Outcome:
    """Fill a database, start the server on it and measure."""
    conversations = QUICK_CONVERSATIONS if options.quick else CONVERSATIONS
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        print(f"making {conversations * EACH:,} messages", flush=True)
        filled = await fill(data / "baton.db", conversations=conversations, each=EACH)
        server = Server(Path(folder), **UNBOUNDED)
        await server.start()
        try:
            seen = await _measure(server.url, conversations, rounds=15 if options.quick else 60)
        finally:
            await server.stop()
    return _outcome(filled, seen)


async def _measure(url: str, conversations: int, *, rounds: int) -> Seen:
    seen, desk = Seen(), Client(url)
    await _sign_in(desk)
    seen.page_kb = await _page(desk)
    writers = [
        asyncio.create_task(_write(url, number * (conversations // WRITERS), seen))
        for number in range(WRITERS)
    ]
    try:
        for number in range(-2, rounds):  # two rounds to warm up
            for name, path in _requests(number, conversations):
                took = await _ask(desk, path)
                if number >= 0:
                    seen.times.setdefault(name, []).append(took)
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
    desk.close()
    broken = [w.exception() for w in writers if not w.cancelled() and w.exception()]
    if broken:
        raise RuntimeError(f"a customer could not write: {broken[0]!r}")
    return seen


def _requests(number: int, conversations: int) -> Iterator[tuple[str, str]]:
    """Yield what an agent's page asks for, as (name, path)."""
    dice = random.Random(number)
    for owner in ("queue", "mine", "all", "nobody"):
        yield f"inbox: {owner}", f"/conversations?owner={owner}"
    yield "inbox: all, unread", "/conversations?owner=all&unread=1"
    yield "counts", "/counts"
    one = f"/conversations/c{dice.randrange(conversations):025d}"
    yield "open: conversation and packet", one
    yield "open: newest messages", f"{one}/messages?after=-50"
    name = f"{dice.choice(FIRST_NAMES)} {dice.choice(('ba', 'cor', 'den'))}"
    for what, words in (
        ("one word", f"{100_005 + 25 * dice.randrange(800)}"),
        ("two words", f"{FREQUENT} {SECOND}"),
        ("rare word", RARE),
        ("frequent word", FREQUENT),
        ("a word begun", FREQUENT[:3]),
        ("two letters", "ba"),
        ("customer's name", name),
    ):
        yield f"search: {what}", f"/search?q={quote(words)}"


async def _ask(desk: Client, path: str) -> float:
    begun = time.perf_counter()
    reply = await desk.get(f"/api/v1{path}")
    took = (time.perf_counter() - begun) * 1000
    if reply.status == 429:  # one agent is asking for more than an agent may
        await asyncio.sleep(reply.json()["error"]["retry_after"] + 0.1)
        return await _ask(desk, path)
    if reply.status != 200:
        raise RuntimeError(f"{path}: {reply.status} {reply.body[:200]!r}")
    found = reply.json()
    if path.startswith("/search") and not found["conversations"] and not found["customers"]:
        raise RuntimeError(f"{path} found nothing: that is not what is to be measured")
    return took


async def _sign_in(desk: Client) -> None:
    reply = await desk.post("/api/v1/session", {"email": EMAIL, "password": PASSWORD})
    if reply.status != 200:
        raise RuntimeError(f"not signed in: {reply.status} {reply.body[:200]!r}")
    desk.headers["cookie"] = reply.headers["set-cookie"].partition(";")[0]


async def _page(desk: Client) -> float:
    """Return the kilobytes of the desk's page with all that it loads, as gzip sends them."""
    page = await desk.get("/desk")
    if page.status != 200:
        return 0.0
    paths = set(re.findall(r'(?:href|src)="(/desk[^"]+\.(?:js|css|svg))"', page.body.decode()))
    parts = [page.body, *[await _fetch(desk, path) for path in sorted(paths)]]
    return sum(len(gzip.compress(part)) for part in parts) / 1000


async def _fetch(desk: Client, path: str) -> bytes:
    reply = await desk.get(path)
    if reply.status != 200:
        raise RuntimeError(f"{path}: {reply.status}")
    return reply.body


async def _write(url: str, number: int, seen: Seen) -> None:
    """Write as one customer, again and again."""
    client, dice = Client(url), random.Random(number)
    await asyncio.sleep(dice.random() * WRITERS / RATE)
    while True:
        begun = time.perf_counter()
        said: dict[str, Any] = {"sender": f"visitor-{number}", "message": f"hello again {dice.random()}"}
        reply = await client.post("/webhooks/rest/webhook", said)
        if reply.status != 200:
            raise RuntimeError(f"{reply.status}: {json.dumps(said)}")
        seen.came_in += 1
        await asyncio.sleep(max(WRITERS / RATE - (time.perf_counter() - begun), 0.0))


def _outcome(filled: Filled, seen: Seen) -> Outcome:
    rows = [
        (name, percentile(some, 50), percentile(some, 95), max(some)) for name, some in seen.times.items()
    ]
    note = (
        f"{filled.conversations:,} conversations, {filled.messages:,} messages, {filled.size_mb:,.0f} MB with"
        f" the search index; made in {filled.seconds:.0f} s, indexed in {filled.indexed_in:.0f} s."
        f" {seen.came_in:,} messages came in meanwhile, {RATE:.0f} a second. The page: {seen.page_kb:.1f} kB."
    )
    columns = ("what", "p50 ms", "p95 ms", "max ms")
    table = Table(title="The desk on a large database", columns=columns, rows=rows, notes=[note])
    bounds = [
        Bound(what=f"desk: {kind}, p95 ms", value=seen.worst(kind), limit=limit)
        for kind, limit in BOUNDS.items()
    ]
    bounds.append(Bound(what="desk: the page, kB gzipped", value=seen.page_kb, limit=PAGE_KB))
    return Outcome(tables=[table], bounds=bounds)
