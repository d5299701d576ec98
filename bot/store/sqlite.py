"""The embedded store: SQLite in WAL mode, one writing thread with group commit, one reading thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bot.domain.errors import StoreError
from bot.ports import Clock, Tx
from bot.store import schema
from bot.store.sqlite_worker import Job, Transactions, Worker, connect

R = TypeVar("R")
MEMORY = ":memory:"


class SqliteStore:
    """`bot.ports.Store` on one SQLite file, for one server process.

    With `inline` there are no threads: each transaction runs at once where it is asked for, which
    blocks the caller and makes tests deterministic.
    """

    def __init__(self, path: str, clock: Clock, *, inline: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._inline = inline
        self._direct: Transactions | None = None
        self._writer: Worker | None = None
        self._reader: Worker | None = None
        self._last_stats: dict[str, float] = {"transactions": 0, "groups": 0, "cpu_seconds": 0.0}

    async def start(self) -> None:
        """Open the file. Raises StoreError if its schema is not the present one.

        A database in memory is made here; one in a file, by `migrate`.
        """
        in_memory = self._path == MEMORY
        if not in_memory and schema.sqlite_revision(self._path) != schema.HEAD:
            raise StoreError(f"The database {self._path} is not migrated to {schema.HEAD}.")
        if self._inline:
            connection = connect(self._path)
            if in_memory:
                schema.create(connection)
            self._direct = Transactions(connection, self._clock, readonly=False)
            return
        writer = Worker(self._path, self._clock, readonly=False)
        writer.start(schema.create if in_memory else None)
        self._writer = writer
        # A database in memory belongs to one connection.
        self._reader = writer if in_memory else Worker(self._path, self._clock, readonly=True)
        if self._reader is not writer:
            self._reader.start()

    async def stop(self) -> None:
        """Finish what is queued and close."""
        self._last_stats = self.stats
        writer, reader, direct = self._writer, self._reader, self._direct
        self._writer = self._reader = self._direct = None
        if direct is not None:
            direct.connection.close()
        if reader is not None and reader is not writer:
            await asyncio.to_thread(reader.stop)
        if writer is not None:
            await asyncio.to_thread(writer.stop)

    async def write(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` in a transaction and return its result once that is on disk."""
        return await self._do(self._writer, work, readonly=False)

    async def read(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` on a consistent view; it must not change anything."""
        return await self._do(self._reader, work, readonly=True)

    async def _do(self, worker: Worker | None, work: Callable[[Tx], Awaitable[R]], *, readonly: bool) -> R:
        if worker is not None:
            result: R = await worker.submit(work, readonly=readonly)
            return result
        if self._direct is None:
            raise StoreError("The store is closed.")
        job = Job(work, readonly=readonly)
        self._direct.run([job])
        if job.error is not None:
            raise job.error
        value: R = job.value
        return value

    async def try_own(self, conversation_id: str) -> bool:
        """Return True: this process is the only one that works on conversations."""
        return True

    async def disown(self, conversation_id: str) -> None:
        """Do nothing: there is no other node."""

    async def check(self) -> None:
        """Raise StoreError if the store cannot be read."""
        await self.read(_touch)

    @property
    def stats(self) -> dict[str, float]:
        """Counters: transactions, groups (commits), cpu_seconds of the store's own threads."""
        workers = {worker for worker in (self._writer, self._reader) if worker is not None}
        parts: list[Any] = [self._direct, *(worker.transactions for worker in workers)]
        running = [part for part in parts if part is not None]
        if not running:
            return dict(self._last_stats)
        return {
            "transactions": sum(part.transactions for part in running),
            "groups": sum(part.groups for part in running),
            "cpu_seconds": sum(part.cpu_seconds for part in running),
        }


async def _touch(tx: Tx) -> None:
    await tx.meta("")
