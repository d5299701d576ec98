"""What only PostgreSQL promises: several nodes at once, none in another's way, and none missed when it dies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import asyncpg
import psycopg2
import pytest

from bot.domain.customer import ChannelIdentity
from bot.domain.errors import StoreError
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx
from bot.store import migrate
from bot.store.postgres import TRIES, PostgresStore
from bot.store.statements import Flavour, every_statement
from tests.contract.store_kit import (
    NOW,
    StillClock,
    a_conversation,
    a_message,
    an_outbox_row,
    empty_postgres,
    later,
    put_all,
    write,
)
from tests.servers import new_database

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def migrated(postgres_server_url: str) -> Iterator[str]:
    with new_database(postgres_server_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def url(migrated: str) -> str:
    empty_postgres(migrated)
    return migrated


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two nodes on one database."""
    pair = PostgresStore(url, StillClock()), PostgresStore(url, StillClock())
    for node in pair:
        await node.start()
    yield pair
    for node in pair:
        await node.stop()


Nodes = tuple[PostgresStore, PostgresStore]


class Pause:
    """A place inside a transaction where a test holds it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def here(self) -> None:
        self.reached.set()
        await asyncio.wait_for(self.go_on.wait(), 30)


def end_backend(url: str, pid: int) -> None:
    """End one of the server's connections, as an administrator or a crash would."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))


async def test_two_writers_on_one_conversation_take_turns(nodes: Nodes) -> None:
    await put_all(nodes[0], a_conversation(id="c1"))
    pause, order = Pause(), []

    async def slow(tx: Tx) -> None:
        conversation = await tx.conversation("c1", lock=True)
        assert conversation is not None
        await pause.here()
        order.append("slow")
        await tx.put_conversation(replace(conversation, seq=conversation.seq + 1))

    async def quick(tx: Tx) -> int:
        conversation = await tx.conversation("c1", lock=True)
        assert conversation is not None
        order.append("quick")
        return conversation.seq

    first = asyncio.create_task(nodes[0].write(slow))
    await pause.reached.wait()
    second = asyncio.create_task(nodes[1].write(quick))
    await asyncio.sleep(0.2)
    assert order == []
    pause.go_on.set()
    assert await second == 1
    await first
    assert order == ["slow", "quick"]


async def test_no_sequence_number_is_given_twice(nodes: Nodes) -> None:
    await put_all(nodes[0], a_conversation(id="c1"))

    async def say(tx: Tx) -> None:
        conversation = await tx.conversation("c1", lock=True)
        assert conversation is not None
        await tx.add_message(a_message("c1", conversation.seq + 1))
        await tx.put_conversation(replace(conversation, seq=conversation.seq + 1))

    await asyncio.gather(*(nodes[index % 2].write(say) for index in range(40)))
    said = await nodes[0].read(lambda tx: tx.messages("c1"))
    assert [message.seq for message in said] == list(range(1, 41))


async def test_nodes_take_different_work_and_do_not_wait(nodes: Nodes) -> None:
    rows = [an_outbox_row(f"c{index}", seq) for index in range(6) for seq in (1, 2)]
    await write(nodes[0], *(lambda tx, row=row: tx.add_outbox(row) for row in rows))
    timers = [Timer(conversation_id=f"c{n}", kind=TimerKind.REMINDER, due_at=later(n)) for n in range(2)]
    await write(nodes[0], *(lambda tx, timer=timer: tx.set_timer(timer) for timer in timers))
    pause = Pause()

    async def take(tx: Tx, node: str) -> tuple[set[tuple[str, int]], str]:
        outbox = await tx.take_outbox(NOW, node, limit=3)
        timer = await tx.take_timer(later(9))
        assert timer is not None
        if node == "n0":
            await pause.here()
        return {(row.conversation_id, row.message_seq) for row in outbox}, timer.conversation_id

    first = asyncio.create_task(nodes[0].write(lambda tx: take(tx, "n0")))
    await pause.reached.wait()
    theirs = await asyncio.wait_for(nodes[1].write(lambda tx: take(tx, "n1")), 20)
    pause.go_on.set()
    mine = await first
    assert mine[0] | theirs[0] == {(f"c{index}", 1) for index in range(6)}
    assert not mine[0] & theirs[0]
    assert (mine[1], theirs[1]) == ("c0", "c1")


async def test_work_of_a_node_that_failed_is_taken_by_another(nodes: Nodes) -> None:
    timer = Timer(conversation_id="c1", kind=TimerKind.REMINDER, due_at=NOW)
    await nodes[0].write(lambda tx: tx.set_timer(timer))

    async def fail(tx: Tx) -> None:
        assert await tx.take_timer(NOW) == timer
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await nodes[0].write(fail)
    assert await nodes[1].write(lambda tx: tx.take_timer(NOW)) == timer


async def test_the_first_messages_of_a_customer_make_one_conversation(nodes: Nodes) -> None:
    async def accept(tx: Tx, number: int) -> str:
        known = await tx.identity("rest", "default", "new")
        await asyncio.sleep(0.05)
        if known is not None:
            return known.conversation_id
        await tx.put_identity(
            ChannelIdentity(
                channel="rest",
                account="default",
                address="new",
                customer_id=f"cu{number}",
                conversation_id=f"c{number}",
                created_at=NOW,
            )
        )
        return f"c{number}"

    made = await asyncio.gather(*(nodes[n % 2].write(lambda tx, n=n: accept(tx, n)) for n in range(6)))
    assert len(set(made)) == 1


async def test_a_message_that_comes_to_two_nodes_is_new_to_one(nodes: Nodes) -> None:
    async def remember(tx: Tx, number: int) -> str | None:
        return await tx.remember("rest", "default", "a", "key", f"i{number}", NOW)

    told = await asyncio.gather(*(nodes[n % 2].write(lambda tx, n=n: remember(tx, n)) for n in range(8)))
    assert told.count(None) == 1
    assert len({inbox_id for inbox_id in told if inbox_id is not None}) == 1


async def test_one_node_owns_a_conversation(nodes: Nodes) -> None:
    assert await nodes[0].try_own("c1")
    assert not await nodes[1].try_own("c1")
    assert await nodes[1].try_own("c2")
    await nodes[0].disown("c1")
    assert await nodes[1].try_own("c1")


async def test_ownership_passes_on_when_the_connection_dies(nodes: Nodes, url: str) -> None:
    for name in ("c1", "c2"):
        assert await nodes[0].try_own(name)
    end_backend(url, nodes[0]._ownership._connection.get_server_pid())
    await eventually(nodes[1], "c1")
    # The first node, connected anew, does not believe that it owns what it owned.
    assert not await asked(nodes[0], "c1")
    assert await asked(nodes[0], "c2")


async def asked(node: PostgresStore, conversation_id: str) -> bool:
    """Ask again if the loss of the connection shows only now."""
    try:
        return await node.try_own(conversation_id)
    except StoreError:
        return await node.try_own(conversation_id)


async def eventually(node: PostgresStore, conversation_id: str) -> None:
    for _ in range(200):
        if await node.try_own(conversation_id):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the lock was never given up")


OWNING = """
import asyncio, sys
from bot.store.postgres import PostgresStore
from tests.contract.store_kit import StillClock

async def main():
    store = PostgresStore(sys.argv[1], StillClock())
    await store.start()
    print(await store.try_own("c1"), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_ownership_passes_on_when_a_node_is_killed(nodes: Nodes, url: str) -> None:
    node = subprocess.Popen([sys.executable, "-c", OWNING, url], cwd=ROOT, stdout=subprocess.PIPE)
    assert node.stdout is not None
    assert await asyncio.to_thread(node.stdout.readline) == b"True\n"
    assert not await nodes[0].try_own("c1")
    node.kill()
    node.communicate()
    await eventually(nodes[0], "c1")


async def test_a_connection_lost_in_the_middle_is_an_error_and_leaves_nothing(
    nodes: Nodes, url: str
) -> None:
    async def lose(tx: Tx) -> None:
        await tx.put_meta("k", "v")
        pid = tx.db._connection.get_server_pid()  # type: ignore[attr-defined]
        await asyncio.to_thread(end_backend, url, pid)
        await tx.put_meta("k2", "v")

    with pytest.raises(StoreError):
        await nodes[0].write(lose)
    assert await nodes[0].read(lambda tx: tx.meta("k")) is None
    await nodes[0].write(lambda tx: tx.put_meta("k", "again"))
    assert await nodes[1].read(lambda tx: tx.meta("k")) == "again"


async def test_a_deadlock_is_run_again(nodes: Nodes) -> None:
    await put_all(nodes[0], a_conversation(id="c1"), a_conversation(id="c2"))
    both, runs = asyncio.Barrier(2), []
    # The one that is run again may meet the other once more before that has its second lock.

    async def lock(tx: Tx, names: tuple[str, str]) -> None:
        runs.append(names)
        await tx.conversation(names[0], lock=True)
        if len(runs) <= 2:
            await both.wait()
        conversation = await tx.conversation(names[1], lock=True)
        assert conversation is not None
        await tx.put_conversation(replace(conversation, seq=conversation.seq + 1))

    await asyncio.gather(
        nodes[0].write(lambda tx: lock(tx, ("c1", "c2"))), nodes[1].write(lambda tx: lock(tx, ("c2", "c1")))
    )
    assert 3 <= len(runs) < 2 * TRIES
    for name in ("c1", "c2"):
        conversation = await nodes[0].read(lambda tx, name=name: tx.conversation(name))
        assert conversation is not None
        assert conversation.seq == 1


async def test_running_again_has_an_end(nodes: Nodes) -> None:
    runs = 0

    async def never(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        raise asyncpg.SerializationError

    with pytest.raises(StoreError):
        await nodes[0].write(never)
    assert runs == TRIES


async def test_cancelling_a_transaction_undoes_it(nodes: Nodes) -> None:
    pause = Pause()

    async def slow(tx: Tx) -> None:
        await tx.put_meta("k", "v")
        await pause.here()

    task = asyncio.create_task(nodes[0].write(slow))
    await pause.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await nodes[0].read(lambda tx: tx.meta("k")) is None


async def test_an_empty_or_absent_database_is_refused(postgres_url: str) -> None:
    empty = PostgresStore(postgres_url, StillClock())
    with pytest.raises(StoreError, match="migration"):
        await empty.start()
    nowhere = PostgresStore("postgresql://baton@127.0.0.1:1/none", StillClock())
    with pytest.raises(StoreError):
        await nowhere.start()
    with pytest.raises(StoreError):
        await nowhere.try_own("c1")


async def test_every_statement_is_valid(url: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in every_statement:
        if statement.only is Flavour.SQLITE:
            continue
        await connection.prepare(statement.compiled(Flavour.POSTGRES).sql)
    await connection.close()
    assert len(every_statement) > 90
