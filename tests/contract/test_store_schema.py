"""Migrations give exactly the tables that the code knows; backups are whole and consistent."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine

from bot.domain.errors import StoreError
from bot.domain.message import Author
from bot.store import backup, check_integrity, migrate, open_store, schema, schema_is_current
from bot.store.tables import metadata
from tests.contract.store_kit import NOW, StillClock, a_file, a_message, put_all, waiting, write

ROOT = Path(__file__).parents[2]


def differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, _: object) -> bool:
        """Leave out the search index: the tables do not say what only one of the databases has."""
        return not (name or "").startswith("search_") and not (
            kind == "index" and str(name).endswith("_words")
        )

    options = {"compare_type": True, "include_name": is_ours}
    found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return found


def definitions(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in rows if name != "alembic_version"}


def test_migrations_give_the_tables_on_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "migrated.db"
    assert migrate(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()
    # Word for word, since the comparison above does not look at conditions of indexes and the like.
    with closing(sqlite3.connect(path)) as migrated, closing(sqlite3.connect(":memory:")) as made:
        schema.create(made)
        assert definitions(migrated) == definitions(made)
        assert len(definitions(made)) >= 30


@pytest.mark.services
def test_migrations_give_the_tables_on_postgres(postgres_url: str) -> None:
    assert not schema_is_current(postgres_url)
    assert migrate(postgres_url)
    assert schema_is_current(postgres_url)
    assert not migrate(postgres_url)
    address = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
    migrated = create_engine(address)
    with migrated.connect() as connection:
        assert differences(connection) == []
        indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND right(indexname, 6) <> '_words' ORDER BY 1"
        before = connection.exec_driver_sql(indexes).fetchall()
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert connection.exec_driver_sql(indexes).fetchall() == before
        assert len(before) >= 30
    migrated.dispose()


def test_the_newest_migration_is_known_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_migrating_twice_does_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'baton.db'}"
    assert not schema_is_current(url)
    assert migrate(url)
    assert schema_is_current(url)
    assert not migrate(url)


def test_a_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "baton.db"
    migrate(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_of_many_migrates(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(migrate, [url] * 4)) == [False, False, False, True]


@pytest.mark.services
def test_one_of_many_nodes_migrates(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(migrate, [postgres_url] * 4)) == [False, False, False, True]


def test_what_was_there_before_reminders_stays(tmp_path: Path) -> None:
    path, config = tmp_path / "baton.db", Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO timers VALUES ('c1', 'session_expiry', 5, '{}')")
        connection.exec_driver_sql(
            "INSERT INTO inbox VALUES ('i1', 'c1', 1, 2, 2, 'hi', '', 'pending', NULL, 0)"
        )
    engine.dispose()
    assert migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        timers = connection.execute("SELECT conversation_id, kind, name, due_at, until_written FROM timers")
        assert timers.fetchall() == [("c1", "session_expiry", "", 5, 0)]
        assert connection.execute("SELECT id, kind FROM inbox").fetchall() == [("i1", "message")]


BEFORE_FILES = """
INSERT INTO customers VALUES ('cu1', 1, 'C1001', 'Kim', '', 'verified');
INSERT INTO identities VALUES ('rest', 'default', 'kim', 'cu1', 'c1', 1);
INSERT INTO conversations VALUES ('c1', 'cu1', 'rest', 'kim', 1, 2, 'default', 'bot', 3, '', '', '', 'en',
  NULL, 1, '', 0, NULL, 0, 2, NULL);
INSERT INTO messages VALUES ('c1', 1, 'm1', 'bot', 'media', 2, 'look', '', '', NULL,
  '[{"kind":"image","url":"https://x/y.png","name":"","mime":"","size":null}]', NULL, 'stored',
  '', '', '', NULL, 0);
INSERT INTO inbox VALUES ('i1', 'c1', 1, 2, 2, 'hi', '', 'pending', NULL, 0, 'message', 'verified');
"""


async def check_after_files(url: str) -> None:
    """What was there is there, and files are taken."""
    assert migrate(url)
    store = open_store(url, StillClock())
    await store.start()
    try:
        (message,) = await store.read(lambda tx: tx.messages("c1"))
        assert message.attachments[0].url == "https://x/y.png"
        assert (await store.read(lambda tx: tx.last_trust("c1"))).value == "verified"
        await write(store, *a_file("f1"), lambda tx: tx.mark_read("c1", Author.CUSTOMER, 1, NOW))
        assert await store.write(lambda tx: tx.bind_media("f1", "c1", 2))
        export = await store.read(lambda tx: tx.export_customer("cu1"))
        assert [len(export[name]) for name in ("messages", "media", "media_parts", "read_marks")] == [1] * 4
        assert await store.write(lambda tx: tx.erase_customer("cu1")) == 1
    finally:
        await store.stop()


def at_revision(engine: Engine, revision: str, statements: str) -> None:
    """Bring a new database to an old migration and put rows into it."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in statements.strip().split(";\n"):
            connection.exec_driver_sql(statement)
    engine.dispose()


async def test_what_was_there_before_files_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    at_revision(create_engine(url), "0003", BEFORE_FILES)
    await check_after_files(url)


@pytest.mark.services
async def test_what_was_there_before_files_stays_on_postgres(postgres_url: str) -> None:
    address = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
    at_revision(create_engine(address), "0003", BEFORE_FILES)
    await check_after_files(postgres_url)


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "baton.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE timers (mine TEXT)")
    with pytest.raises(StoreError):
        migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert set(definitions(connection)) == {"timers"}


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    migrate(url)
    with closing(sqlite3.connect(tmp_path / "baton.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert not schema_is_current(url)
    with pytest.raises(StoreError, match="newer"):
        migrate(url)


def test_a_start_without_migration_needs_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    migrate(url)
    code = (
        "import sys; from bot.store import migrate, open_store; migrate(sys.argv[1]);"
        "open_store(sys.argv[1], None); print([m for m in ('alembic', 'asyncpg', 'psycopg2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, url], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


async def test_a_backup_under_load_is_of_one_moment(tmp_path: Path) -> None:
    source, copy = tmp_path / "baton.db", tmp_path / "copy.db"
    url = f"sqlite:///{source}"
    migrate(url)
    store = open_store(url, StillClock())
    await store.start()
    big = [a_message("big", seq, text="x" * 50_000) for seq in range(1, 200)]
    await write(store, *(lambda tx, one=one: tx.add_message(one) for one in big))
    done = threading.Event()

    async def load() -> int:
        number = 0
        while not done.is_set():
            number += 1
            pair = [a_message("c1", number), a_message("c2", number)]
            await write(store, *(lambda tx, one=one: tx.add_message(one) for one in pair))
        return number

    steps: list[tuple[int, int]] = []
    loading = asyncio.create_task(load())
    await asyncio.sleep(0.05)
    await asyncio.to_thread(backup, str(source), str(copy), lambda at, of: steps.append((at, of)))
    done.set()
    written = await loading
    await store.stop()
    assert len(steps) >= 2
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baton.db", "copy.db"]
    restored = open_store(f"sqlite:///{copy}", StillClock())
    await restored.start()
    seqs = [
        [m.seq for m in await restored.read(lambda tx, c=c: tx.messages(c, limit=10_000))]
        for c in ("c1", "c2")
    ]
    await restored.stop()
    assert seqs[0] == seqs[1] == list(range(1, len(seqs[0]) + 1))
    assert 0 < len(seqs[0]) <= written


async def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    source = tmp_path / "baton.db"
    url = f"sqlite:///{source}"
    migrate(url)
    store = open_store(url, StillClock())
    await store.start()
    await put_all(store, *(waiting(team="x" * 500) for _ in range(200)))
    await store.stop()
    check_integrity(str(source))
    content = bytearray(source.read_bytes())
    content[-20_000:-8_000] = bytes(12_000)
    source.write_bytes(content)
    with pytest.raises(StoreError):
        check_integrity(str(source))
    with pytest.raises(StoreError):
        backup(str(source), str(tmp_path / "copy.db"))
    with pytest.raises(StoreError, match="no database"):
        backup(str(tmp_path / "absent.db"), str(tmp_path / "copy.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["baton.db"]
