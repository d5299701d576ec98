"""Ownership under races: two hundred conversations, everybody at once, crashes in between."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from bot.bus.memory import MemoryBus
from bot.store import migrate
from bot.store.postgres import PostgresStore
from bot.store.sqlite import SqliteStore
from tests.long.ownership import TABLES, WATCH, WATCH_POSTGRES, Stored, count
from tests.long.races import Races
from tests.long.races_node import Node
from tests.support.clock import FakeClock
from tests.support.gates import Gates, seeded_ids

SHORT_SEED = 3
"""With it the short run meets what only the owner version keeps apart: the row's own mark keeps the rest."""
EVENTS = 15
"""Kinds of owner changes: a long run must have seen them all."""


@asynccontextmanager
async def on_sqlite(folder: Path, seed: int, conversations: int, **how: Any) -> AsyncIterator[Races]:
    """One node on a file; the same seed gives the same run."""
    path = folder / "baton.db"
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(WATCH)

    async def open_store(clock: FakeClock) -> SqliteStore:
        store = SqliteStore(str(path), clock, inline=True)
        await store.start()
        assert store._direct is not None
        # Here nodes die and the machine does not: what is written need not reach the disk.
        store._direct.connection.execute("PRAGMA synchronous = OFF").close()
        return store

    def load() -> Stored:
        with closing(sqlite3.connect(path)) as db:
            db.row_factory = lambda cursor, row: {
                c[0]: v for c, v in zip(cursor.description, row, strict=True)
            }
            return Stored.of({table: db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES})

    chance = random.Random(seed)
    gates = Gates(chance)
    with seeded_ids(chance):
        node = Node(name="n1", clock=FakeClock(), gates=gates, open_store=open_store)
        await node.start()
        races = Races(
            seed=seed,
            chance=chance,
            gates=gates,
            nodes=[node],
            load=load,
            conversations=conversations,
            **how,
        )
        try:
            yield races
        finally:
            await races.end()


@asynccontextmanager
async def on_postgres(url: str, seed: int, conversations: int, **how: Any) -> AsyncIterator[Races]:
    """Two nodes with one bus; the server decides in which order they get their locks, not the seed."""
    migrate(url)
    with closing(psycopg2.connect(url)) as db, db, db.cursor() as cursor:
        cursor.execute(WATCH_POSTGRES)

    async def open_store(clock: FakeClock) -> PostgresStore:
        store = PostgresStore(url, clock)
        await store.start()
        return store

    def load() -> Stored:
        with closing(psycopg2.connect(url)) as db:
            db.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with db.cursor(cursor_factory=RealDictCursor) as cursor:
                rows = {}
                for table in TABLES:
                    cursor.execute(f"SELECT * FROM {table}")
                    rows[table] = [dict(row) for row in cursor.fetchall()]
                return Stored.of(rows)

    chance, clock = random.Random(seed), FakeClock()
    gates, bus = Gates(chance), MemoryBus(clock)
    nodes = [
        Node(name=name, clock=clock, gates=gates, open_store=open_store, bus=bus) for name in ("n1", "n2")
    ]
    for node in nodes:
        await node.start()
    races = Races(
        seed=seed, chance=chance, gates=gates, nodes=nodes, load=load, conversations=conversations, **how
    )
    try:
        yield races
    finally:
        await races.end()


def report(races: Races, seed: int, steps: int, began: float) -> str:
    """Say what a run did."""
    done = dict(sorted(count(races.load()).items()) + sorted(races.counts.items()))
    return f"\n  seed {seed}, {steps} steps, {time.perf_counter() - began:.1f} s: {done}"


async def test_short(tmp_path: Path) -> None:
    """What runs each time."""
    async with on_sqlite(tmp_path, SHORT_SEED, 20, crash_every=150) as races:
        await races.run(1_500, check_every=100)
        assert len(count(races.load())) >= EVENTS - 2


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_hundred_conversations(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same for much longer."""
    began, steps = time.perf_counter(), 20_000
    async with on_sqlite(tmp_path, seed, 200) as races:
        await races.run(steps, check_every=1_000)
        with capsys.disabled():
            print(report(races, seed, steps, began))
        assert len(count(races.load())) == EVENTS


@pytest.mark.long
@pytest.mark.services
@pytest.mark.timeout(1800)
async def test_two_nodes(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same on PostgreSQL, where transactions of two nodes really meet."""
    began, steps, seed = time.perf_counter(), 4_000, 1
    async with on_postgres(postgres_url, seed, 40, crash_every=200) as races:
        await races.run(steps, check_every=400)
        with capsys.disabled():
            print(report(races, seed, steps, began))
        assert len(count(races.load())) >= EVENTS - 1
