"""What only the embedded store promises: group commit, one thread each way, and durability."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, InvalidInput, StoreError
from bot.ports import Store, Tx
from bot.store import migrate, open_store, sqlite_path
from bot.store.queries.agents import audit_listing
from bot.store.queries.lists import listing
from bot.store.sqlite import SqliteStore
from bot.store.sqlite_worker import GROUP_LIMIT, Job, Transactions, connect
from bot.store.statements import Flavour, every_statement
from tests.contract.store_kit import StillClock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "baton.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{path}", StillClock())
    await store.start()
    yield store
    await store.stop()


async def put_many(store: Store, count: int) -> list[object]:
    writes = (store.write(lambda tx, i=i: tx.put_meta(f"k{i}", "v")) for i in range(count))
    return await asyncio.gather(*writes, return_exceptions=True)


async def hold(store: Store) -> threading.Event:
    """Keep the writer busy until the event is set, so that what comes next waits together."""
    entered, release = threading.Event(), threading.Event()

    async def wait(tx: Tx) -> None:
        entered.set()
        release.wait(20)

    task = asyncio.create_task(store.write(wait))
    await asyncio.to_thread(entered.wait, 20)
    task.add_done_callback(lambda done: done.exception())
    return release


async def test_waiting_transactions_are_committed_together(store: Store) -> None:
    release = await hold(store)
    writes = asyncio.create_task(put_many(store, GROUP_LIMIT + 10))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    release.set()
    assert await writes == [None] * (GROUP_LIMIT + 10)
    stats = store.stats
    assert stats["transactions"] == GROUP_LIMIT + 11
    # The one that held, a full group, and the rest.
    assert stats["groups"] == 3


async def test_a_commit_that_fails_serves_nobody(store: Store, path: Path) -> None:
    async def limit(tx: Tx) -> None:
        tx.db._cursor.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    await store.write(limit)
    release = await hold(store)
    big = [store.write(lambda tx, i=i: tx.put_state(f"c{i}", bytes(900_000), "m")) for i in range(3)]
    small = store.write(lambda tx: tx.put_meta("small", "v"))
    waiting = asyncio.gather(small, *big, return_exceptions=True)
    await asyncio.sleep(0)
    release.set()
    results = await waiting
    assert [type(result) for result in results[1:]] == [StoreError] * 3
    stored = await store.read(lambda tx: tx.meta("small"))
    # Whatever became of the small one, its caller was told the truth.
    assert (stored == "v") == (results[0] is None)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM dialogue_states").fetchone() == (0,)


class Failing:
    """A connection whose COMMIT fails, as on a disk that is full or gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.broken = False

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def cursor(self) -> Failing:
        self._cursor = self._connection.cursor()
        return self

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if self.broken and sql == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return self._cursor.execute(sql, values)


def test_nothing_of_a_group_is_kept_when_its_commit_fails(path: Path) -> None:
    connection = connect(str(path))
    failing = Failing(connection)
    transactions = Transactions(failing, StillClock(), readonly=False)  # type: ignore[arg-type]
    jobs = [Job(lambda tx, i=i: tx.put_meta(f"k{i}", "v"), readonly=False) for i in range(3)]
    failing.broken = True
    transactions.run(jobs)
    assert all(isinstance(job.error, StoreError) for job in jobs)
    failing.broken = False
    after = [Job(lambda tx, i=i: tx.meta(f"k{i}"), readonly=False) for i in range(3)]
    transactions.run(after)
    assert [(job.error, job.value) for job in after] == [(None, None)] * 3
    connection.close()


async def test_a_transaction_may_await_only_its_tx(store: Store) -> None:
    async def waits(tx: Tx) -> None:
        await tx.put_meta("k", "v")
        await asyncio.sleep(0)

    with pytest.raises(StoreError, match="await only its Tx"):
        await store.write(waits)
    assert await store.read(lambda tx: tx.meta("k")) is None


async def test_a_caller_that_gives_up_leaves_the_store_whole(store: Store) -> None:
    release = await hold(store)
    task = asyncio.create_task(store.write(lambda tx: tx.put_meta("k", "v")))
    await asyncio.sleep(0)
    task.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(lambda tx: tx.put_meta("other", "v"))
    assert await store.read(lambda tx: tx.meta("other")) == "v"


async def test_stopping_finishes_what_is_queued(store: Store, path: Path) -> None:
    release = await hold(store)
    writes = asyncio.create_task(put_many(store, 20))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopping = asyncio.create_task(store.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    release.set()
    await stopping
    assert await writes == [None] * 20
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM meta").fetchone() == (20,)


async def test_readers_do_not_wait_for_the_writer(store: Store) -> None:
    release = await hold(store)
    assert await asyncio.wait_for(store.read(lambda tx: tx.meta("k")), 10) is None
    release.set()


async def test_another_process_may_write_too(store: Store, path: Path) -> None:
    """The command line adds an agent while the server runs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(store.write(lambda tx: tx.put_meta("k", "v")))
        await asyncio.sleep(0.1)
        assert not write.done()
        other.execute("INSERT INTO meta VALUES ('theirs', 'v')")
        other.execute("COMMIT")
        await write
    assert await store.read(lambda tx: tx.meta("theirs")) == "v"


async def test_an_inline_store_works_in_the_callers_thread() -> None:
    store = SqliteStore(":memory:", StillClock(), inline=True)
    await store.start()

    async def where(tx: Tx) -> threading.Thread:
        return threading.current_thread()

    threads = threading.active_count()
    assert await store.write(where) is threading.current_thread()
    assert threading.active_count() == threads
    with pytest.raises(InvalidInput):
        await store.write(refuse)
    await store.stop()


async def refuse(tx: Tx) -> None:
    raise InvalidInput


@pytest.mark.parametrize("content", [None, b"", b"not a database, whatever its name says"])
async def test_a_file_without_the_schema_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    store = SqliteStore(str(path), StillClock())
    with pytest.raises(StoreError, match=r"other\.db"):
        await store.start()
    assert path.exists() == (content is not None)


CRASHING = """
import asyncio, sys
from bot.store import open_store
from tests.contract.store_kit import StillClock, a_message

async def main():
    store = open_store(sys.argv[1], StillClock())
    await store.start()

    async def one(name, seq):
        await store.write(lambda tx: tx.add_message(a_message(name, seq)))
        sys.stdout.write(f"{name} {seq}\\n")
        sys.stdout.flush()

    async def conversation(name):
        for seq in range(1, 100_000):
            await one(name, seq)

    await asyncio.gather(*(conversation(f"c{n}") for n in range(8)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    url = f"sqlite:///{path}"
    for round_ in range(2):
        with closing(sqlite3.connect(path)) as cleared, cleared:
            cleared.execute("DELETE FROM messages")
        child = subprocess.Popen(
            [sys.executable, "-c", CRASHING, url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(150 + 40 * round_)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().splitlines(keepends=True)
        _, complaint = child.communicate()
        assert child.returncode == -signal.SIGKILL, complaint
        # A line that was cut off was not told.
        acknowledged = {tuple(line.split()) for line in told if line.endswith(b"\n")}
        assert len(acknowledged) >= 150
        store = open_store(url, StillClock())
        await store.start()
        for name in {name for name, _ in acknowledged}:
            stored = await store.read(lambda tx, n=name: tx.messages(n.decode(), limit=100_000))
            seqs = [message.seq for message in stored]
            assert seqs == list(range(1, len(seqs) + 1))
            assert max(int(seq) for n, seq in acknowledged if n == name) <= len(seqs)
        await store.stop()


SMALL = {"agents", "canned_replies", "outbox", "second_factors", "sessions", "teams"}
"""Tables that hold few rows at any time, and may be read from end to end."""


def declare_lists() -> None:
    """Make the statements that are declared at their first use."""
    for after in (False, True):
        for names in ("owner", "assignee", "customer_id", "assignee owner", "customer_id owner"):
            for unread in (False, True):
                listing(tuple(names.split()), queue="owner" in names, unread=unread, after=after)
                listing(tuple(names.split()), unread=unread, after=after)
        listing(("team", "channel", "reason"), work=True, after=after)
        listing(("owner", "team", "channel", "reason"), after=after)
        for names in ("", "actor", "conversation_id", "actor conversation_id"):
            audit_listing(tuple(names.split()), after)


def test_every_statement_is_valid_and_none_walks_a_growing_table(path: Path) -> None:
    declare_lists()
    walks = set()
    with closing(sqlite3.connect(path)) as connection:
        for statement in every_statement:
            if statement.only is Flavour.POSTGRES:
                continue
            sql = statement.compiled(Flavour.SQLITE).sql
            if "pg_advisory" in sql:
                continue
            plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?")).fetchall()
            walks |= {(sql.split("FROM")[0], step[3]) for step in plan if step[3].startswith("SCAN")}
    assert len(every_statement) > 90
    found = {step for sql, step in walks if step.split()[1] not in SMALL}
    assert found == {
        # Only pending rows are in this index.
        "SCAN inbox USING INDEX ix_inbox_pending",
        # Counting is reading, on the index alone.
        "SCAN conversations USING COVERING INDEX ix_conversations_owner",
        # The newest entries, as many as are asked for; by actor it is a walk through the log.
        "SCAN audit USING INDEX ix_audit_at",
        # Only open tasks are in this index.
        "SCAN tasks USING INDEX ix_tasks_open",
        # The ids that were given, a bounded number of unread messages, a place in a list.
        "SCAN ids VIRTUAL TABLE INDEX 1:",
        "SCAN unread",
        # The search index is one; what it finds is bounded.
        "SCAN search_index VIRTUAL TABLE INDEX 192:M1",
        "SCAN search_names VIRTUAL TABLE INDEX 192:M1",
        "SCAN search_vocabulary VIRTUAL TABLE INDEX 6:",
        "SCAN found",
        "SCAN CONSTANT ROW",
    }


def test_urls_name_files_or_are_refused() -> None:
    assert sqlite_path("sqlite:///baton.db") == "baton.db"
    assert sqlite_path("sqlite:////var/lib/baton.db") == "/var/lib/baton.db"
    assert sqlite_path("sqlite://") == ":memory:"
    assert sqlite_path("postgresql://h/d") is None
    for wrong in ("", "mysql://h/d", "/var/lib/baton.db"):
        with pytest.raises(ConfigError):
            open_store(wrong, StillClock())


def test_each_commit_is_flushed_to_the_disk(path: Path) -> None:
    """A killed process cannot show this; only a power cut could."""
    with closing(connect(str(path))) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
