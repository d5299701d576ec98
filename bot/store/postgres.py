"""The store for several nodes: PostgreSQL through asyncpg, with row locks and advisory locks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg

from bot.domain.errors import Conflict, StoreError
from bot.ports import Clock, Tx
from bot.store import schema
from bot.store.metered import Meter, Metered
from bot.store.queries.base import Row
from bot.store.statements import Flavour, Statement, Values
from bot.store.tx import SqlTx

R = TypeVar("R")

TRIES = 5
"""How often a transaction is run when the database asks for it to be run again."""
TIME_LIMIT = 30.0
"""Seconds that one statement may take."""

_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_SERVER_SETTINGS = {
    "application_name": "baton",
    "jit": "off",
    # A node that vanished without a word must not keep its locks for hours.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


def translated(error: Exception) -> Exception:
    """Return our error for the driver's; its message holds no stored values."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict()
    if isinstance(error, OSError):
        return StoreError(
            f"PostgreSQL cannot be reached ({type(error).__name__}): "
            "does it run, and is BATON_DATABASE_URL right?"
        )
    return StoreError(f"PostgreSQL could not do this: {type(error).__name__}.")


class PostgresExecutor:
    """Runs statements on a connection that is in a transaction."""

    __slots__ = ("_connection", "error", "readonly")
    flavour = Flavour.POSTGRES

    def __init__(self, connection: Any, *, readonly: bool) -> None:
        self._connection = connection
        self.readonly = readonly
        self.error: Exception | None = None

    async def _do(self, method: Callable[..., Awaitable[Any]], statement: Statement, values: Values) -> Any:
        if self.error is not None:
            raise self.error
        compiled = statement.compiled(Flavour.POSTGRES)
        try:
            return await method(compiled.sql, *compiled.arrange(values))
        except _AGAIN as error:
            # Kept, so that the transaction runs again even if its function catches this.
            self.error = error
            raise
        except _LOST as error:
            self.error = translated(error)
            raise self.error from error

    async def all(self, statement: Statement, values: Values = ()) -> Sequence[Row]:
        """Return all rows of a query."""
        rows: Sequence[Row] = await self._do(self._connection.fetch, statement, values)
        return rows

    async def one(self, statement: Statement, values: Values = ()) -> Row | None:
        """Return the first row of a query."""
        row: Row | None = await self._do(self._connection.fetchrow, statement, values)
        return row

    async def run(self, statement: Statement, values: Values = ()) -> int:
        """Change something; return how many rows."""
        if self.readonly:
            self.error = StoreError("This transaction may only read.")
            raise self.error
        status: str = await self._do(self._connection.execute, statement, values)
        return int(status.rpartition(" ")[2])


class PostgresStore:
    """`bot.ports.Store` on a PostgreSQL database that several nodes share."""

    def __init__(self, url: str, clock: Clock, *, min_size: int = 1, max_size: int = 10) -> None:
        """`min_size` and `max_size` bound the connections; one more holds the ownership locks."""
        self._url = url
        self._clock = clock
        self._sizes = (min_size, max_size)
        self._pool: Any = None
        self._ownership = Ownership(url)
        self._meter = Meter()

    async def start(self) -> None:
        """Open connections. Raises StoreError if the schema is not the present one."""
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=self._sizes[0],
                max_size=self._sizes[1],
                statement_cache_size=512,
                command_timeout=TIME_LIMIT,
                server_settings=_SERVER_SETTINGS,
                # Transactions leave nothing behind on a connection, so a round trip is saved.
                reset=_leave,
            )
            revision = await self._pool.fetchval(_REVISION)
        except asyncpg.UndefinedTableError:
            revision = None
        except _LOST as error:
            raise translated(error) from error
        if revision != schema.HEAD:
            await self.stop()
            raise StoreError(
                f"The database is at migration {revision}, not {schema.HEAD}; run the migrations."
            )

    async def stop(self) -> None:
        """Finish what is running and close."""
        pool, self._pool = self._pool, None
        await self._ownership.close()
        if pool is not None:
            await pool.close()

    async def write(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` in a transaction and return its result once that is on disk."""
        for _ in range(TRIES):
            try:
                return await self._transact(work, readonly=False)
            except _AGAIN as error:
                refused = error
        raise translated(refused) from refused

    async def read(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` on a consistent view; it must not change anything."""
        try:
            return await self._transact(work, readonly=True)
        except _AGAIN as error:
            raise translated(error) from error

    async def _transact(self, work: Callable[[Tx], Awaitable[R]], *, readonly: bool) -> R:
        if self._pool is None:
            raise StoreError("The store is closed.")
        try:
            async with self._pool.acquire(timeout=TIME_LIMIT) as connection:
                return await Metered(self._on(connection, work, readonly), self._meter)
        except _AGAIN:
            raise
        except _LOST as error:
            raise translated(error) from error

    async def _on(self, connection: Any, work: Callable[[Tx], Awaitable[R]], readonly: bool) -> R:
        isolation = "repeatable_read" if readonly else "read_committed"
        executor = PostgresExecutor(connection, readonly=readonly)
        async with connection.transaction(isolation=isolation, readonly=readonly):
            result = await work(SqlTx(executor, self._clock))
            if executor.error is not None:
                raise executor.error
        return result

    async def try_own(self, conversation_id: str) -> bool:
        """Become the only node that works on this conversation; false if another node does."""
        return await self._ownership.take(conversation_id)

    async def disown(self, conversation_id: str) -> None:
        """Let other nodes work on it again."""
        await self._ownership.give(conversation_id)

    async def check(self) -> None:
        """Raise StoreError if the database cannot be reached."""
        await self.read(_touch)

    @property
    def stats(self) -> dict[str, float]:
        """Counters: transactions, groups (commits), cpu_seconds of this process on transactions."""
        count = self._meter.count
        return {"transactions": count, "groups": count, "cpu_seconds": self._meter.seconds}


class Ownership:
    """The conversations that this node alone works on: advisory locks of one connection.

    The server gives them up when the connection ends, however it ends. After that nothing is owned.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._owned: set[str] = set()
        self._turn = asyncio.Lock()

    async def take(self, conversation_id: str) -> bool:
        """Try to own a conversation. Raises StoreError if the server cannot be reached."""
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                await self._connect()
            if conversation_id in self._owned:
                return True
            if await self._ask("SELECT pg_try_advisory_lock($1)", conversation_id):
                self._owned.add(conversation_id)
                return True
            return False

    async def give(self, conversation_id: str) -> None:
        """Stop owning a conversation; if the connection was lost, that has happened already."""
        async with self._turn:
            if conversation_id not in self._owned:
                return
            self._owned.discard(conversation_id)
            with suppress(StoreError):
                await self._ask("SELECT pg_advisory_unlock($1)", conversation_id)

    async def close(self) -> None:
        """Give up everything."""
        async with self._turn:
            self._owned.clear()
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(*_LOST):
                    await connection.close(timeout=TIME_LIMIT)

    async def _connect(self) -> None:
        self._owned.clear()
        try:
            self._connection = await asyncpg.connect(
                self._url, command_timeout=TIME_LIMIT, server_settings=_SERVER_SETTINGS
            )
        except _LOST as error:
            raise translated(error) from error

    async def _ask(self, query: str, conversation_id: str) -> bool:
        try:
            return bool(await self._connection.fetchval(query, lock_number(conversation_id)))
        except _LOST as error:
            # Whether the lock was taken is not known: end the connection, so that the server frees it.
            self._connection.terminate()
            self._owned.clear()
            raise translated(error) from error


def lock_number(conversation_id: str) -> int:
    """Return the 64-bit number under which a conversation is locked on every node."""
    digest = hashlib.blake2b(b"baton:own:" + conversation_id.encode(errors="replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


_REVISION = "SELECT version_num FROM alembic_version"


async def _leave(_: Any) -> None:
    """Leave a connection as it is when it goes back to the pool."""


async def _touch(tx: Tx) -> None:
    await tx.meta("")
