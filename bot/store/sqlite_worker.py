"""One SQLite connection with its thread: takes the jobs that wait, and commits them together.

The thread drives each transaction function by hand; nothing in one ever waits for an event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from bot.domain.errors import Conflict, StoreError
from bot.ports import Clock, Tx
from bot.store.queries.base import Row
from bot.store.statements import Flavour, Statement, Values
from bot.store.tx import SqlTx

Work = Callable[[Tx], Awaitable[Any]]

GROUP_LIMIT = 256
BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process (a backup, the command line) that is writing."""

CACHE_KIB = 16_384
"""SQLite's own 2 MB are outgrown in an hour of traffic; a miss costs a read from the system."""

_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


def connect(path: str) -> sqlite3.Connection:
    """Open a database for the present thread, durable at each commit."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = FULL").close()
    connection.execute("PRAGMA temp_store = MEMORY").close()
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}").close()
    return connection


def translated(error: sqlite3.Error | OverflowError) -> Exception:
    """Return our error for SQLite's; its message holds no stored values."""
    if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in _UNIQUE:
        return Conflict()
    return StoreError(f"SQLite could not do this: {error}.")


class SqliteExecutor:
    """Runs statements at once; its coroutines never suspend."""

    __slots__ = ("_cursor", "error", "readonly")
    flavour = Flavour.SQLITE

    def __init__(self, cursor: sqlite3.Cursor, *, readonly: bool) -> None:
        self._cursor = cursor
        self.readonly = readonly
        self.error: Exception | None = None

    def _execute(self, statement: Statement, values: Values) -> sqlite3.Cursor:
        if self.error is not None:
            raise self.error
        compiled = statement.compiled(Flavour.SQLITE)
        try:
            return self._cursor.execute(compiled.sql, compiled.arrange(values))
        except (sqlite3.Error, OverflowError) as error:
            # As on PostgreSQL, a statement that failed ends its transaction, caught or not.
            self.error = translated(error)
            raise self.error from error

    async def all(self, statement: Statement, values: Values = ()) -> Sequence[Row]:
        """Return all rows of a query."""
        return self._execute(statement, values).fetchall()

    async def one(self, statement: Statement, values: Values = ()) -> Row | None:
        """Return the first row of a query."""
        rows = self._execute(statement, values).fetchall()
        return rows[0] if rows else None

    async def run(self, statement: Statement, values: Values = ()) -> int:
        """Change something; return how many rows."""
        if self.readonly:
            self.error = StoreError("This transaction may only read.")
            raise self.error
        return self._execute(statement, values).rowcount


def drive(work: Work, tx: SqlTx) -> Any:
    """Run a transaction function to its end without an event loop."""
    steps = work(tx).__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    steps.close()
    raise StoreError("A transaction may await only its Tx.")


class Job:
    """A transaction that waits for its turn, and afterwards what came of it."""

    __slots__ = ("error", "future", "loop", "readonly", "value", "work")

    def __init__(self, work: Work, *, readonly: bool) -> None:
        self.work = work
        self.readonly = readonly
        self.value: Any = None
        self.error: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[Any] | None = None

    def settle(self) -> None:
        """Tell the caller, unless it has gone away."""
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class Transactions:
    """Runs jobs on one connection, several in one commit."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, *, readonly: bool) -> None:
        self.connection = connection
        self.transactions = 0
        self.groups = 0
        self.cpu_seconds = 0.0
        self._clock = clock
        self._cursor = connection.cursor()
        self._begin = "BEGIN" if readonly else "BEGIN IMMEDIATE"

    def run(self, jobs: Sequence[Job]) -> None:
        """Run jobs in one database transaction; one that raises undoes only itself."""
        started = time.thread_time()
        try:
            self._run(jobs)
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self._cursor.execute("ROLLBACK")
            for job in jobs:
                job.error = translated(error)
        self.transactions += len(jobs)
        self.groups += 1
        self.cpu_seconds += time.thread_time() - started

    def _run(self, jobs: Sequence[Job]) -> None:
        execute = self._cursor.execute
        execute(self._begin)
        if len(jobs) == 1:
            execute("COMMIT" if self._run_job(jobs[0]) else "ROLLBACK")
            return
        for job in jobs:
            execute("SAVEPOINT job")
            if not self._run_job(job):
                # Fails if SQLite has given up the whole transaction (a full disk): then nobody was served.
                execute("ROLLBACK TO job")
            execute("RELEASE job")
        execute("COMMIT")

    def _run_job(self, job: Job) -> bool:
        executor = SqliteExecutor(self._cursor, readonly=job.readonly)
        try:
            job.value = drive(job.work, SqlTx(executor, self._clock))
        except BaseException as error:
            job.error = error
        else:
            job.error = executor.error
        return job.error is None


class Worker:
    """A thread with its queue of jobs."""

    def __init__(self, path: str, clock: Clock, *, readonly: bool) -> None:
        self._path = path
        self._clock = clock
        self._readonly = readonly
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._opened = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(
            target=self._work, name="store-reader" if readonly else "store-writer"
        )
        self._thread.daemon = True
        self.transactions: Transactions | None = None

    def start(self, prepare: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Open the connection; returns when that is done. Raises StoreError if it cannot be."""
        self._prepare = prepare
        self._thread.start()
        self._opened.wait()
        if self._failed is not None:
            raise self._failed

    def submit(self, work: Work, *, readonly: bool) -> asyncio.Future[Any]:
        """Queue a transaction; the future has its result once that is on disk."""
        job = Job(work, readonly=readonly)
        job.loop = asyncio.get_running_loop()
        job.future = job.loop.create_future()
        self._queue.put(job)
        return job.future

    def stop(self) -> None:
        """Finish what is queued and close; blocks until the thread has ended."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            connection = connect(self._path)
            if self._prepare is not None:
                self._prepare(connection)
            self.transactions = Transactions(connection, self._clock, readonly=self._readonly)
        except sqlite3.Error as error:
            self._failed = translated(error)
        finally:
            self._opened.set()
        if self.transactions is None:
            return
        while jobs := self._collect():
            self.transactions.run(jobs)
            settle_all(jobs)
        connection.close()

    def _collect(self) -> list[Job]:
        """Return the jobs of the next group, or none when it is time to end."""
        first = self._queue.get()
        jobs = [] if first is None else [first]
        while jobs and len(jobs) < GROUP_LIMIT:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                # Keep the sign to end for the next round.
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs


def settle_all(jobs: Sequence[Job]) -> None:
    """Tell the callers of a group, with one wake-up for each event loop."""
    loops = {job.loop for job in jobs if job.loop is not None}
    for loop in loops:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:  # the loop was closed, and nobody waits any more
            continue


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.settle()
