"""The command line: outcomes, one-line errors, statuses, and what it must not show."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot import cli
from bot.clock import SystemClock
from bot.commands import with_store
from bot.commands.doctor import examine
from bot.commands.findings import Finding
from bot.domain.agents import AuditEntry, SecondFactor, Session
from bot.domain.customer import ChannelIdentity, Customer
from bot.ports import Store
from bot.services.passwords import verify_password
from bot.settings import Settings, load
from tests.servers import free_port

PASSWORD = "correct horse battery"
Baton = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("domain.yml", "config.yml"):
        (tmp_path / name).write_text("version: '3.1'\n")
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("BATON_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("BATON_PORT", str(free_port()))
    monkeypatch.delenv("PORT", raising=False)
    return tmp_path


@pytest.fixture
def settings(home: Path) -> Settings:
    return load()


@pytest.fixture
def baton(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Baton:
    """Run `baton` in this process with the given words and standard input."""
    import io

    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["baton", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def store_of(settings: Settings, work: Callable) -> object:
    async def with_it(store: Store) -> object:
        return await store.write(work)

    return asyncio.run(with_store(settings, with_it))


def test_agents_life(baton: Baton, settings: Settings) -> None:
    add = ("agents", "add", "Ana@Example.org", "--name", "Ana", "--role", "supervisor", "--password-stdin")
    assert baton(*add, stdin=f"{PASSWORD}\n")[:2] == (0, "ana@example.org can sign in as supervisor.\n")
    assert baton(*add, stdin=f"{PASSWORD}\n")[2] == "baton: There is an agent ana@example.org already.\n"
    status, listed, _ = baton("agents", "list")
    assert (status, listed.split()) == (0, ["ana@example.org", "supervisor", "Ana"])

    agent = store_of(settings, lambda tx: tx.agent_by_email("ana@example.org"))
    assert verify_password(agent.password_hash, PASSWORD)
    now = SystemClock().now()
    session = Session(digest="d", agent_id=agent.id, created_at=now, expires_at=now)
    store_of(settings, lambda tx: tx.put_session(session))
    assert (
        baton("agents", "passwd", "ana@example.org", "--password-stdin", stdin="another fine word\n")[0]
        == 0
    )
    agent = store_of(settings, lambda tx: tx.agent_by_email("ana@example.org"))
    assert verify_password(agent.password_hash, "another fine word")
    assert store_of(settings, lambda tx: tx.session("d")) is None

    assert baton("agents", "disable", "ana@example.org")[0] == 0
    assert store_of(settings, lambda tx: tx.agent_by_email("ana@example.org")).disabled
    assert "disabled" in baton("agents", "list")[1]
    assert baton("agents", "disable", "ana@example.org", "--undo")[0] == 0
    assert not store_of(settings, lambda tx: tx.agent_by_email("ana@example.org")).disabled

    factor = SecondFactor(agent_id=agent.id, sealed="x", made_at=now, confirmed_at=now)
    store_of(settings, lambda tx: tx.put_second_factor(factor))
    assert baton("agents", "list")[1].split() == ["ana@example.org", "supervisor", "Ana", "totp"]
    off = baton("agents", "totp-off", "ana@example.org")
    assert off[:2] == (0, "ana@example.org signs in with the password alone.\n")
    assert baton("agents", "totp-off", "ana@example.org")[:2] == (
        0,
        "ana@example.org has none to turn off.\n",
    )
    assert baton("agents", "totp-off", "bob@example.org")[0] != 0

    entries: list[AuditEntry] = store_of(settings, lambda tx: tx.audit())
    assert [entry.action for entry in entries] == [
        "totp.off",
        "agent.enabled",
        "agent.disabled",
        "agent.password_set",
        "agent.added",
    ]
    assert PASSWORD not in repr(entries)


@pytest.mark.parametrize(
    ("words", "stdin", "complaint"),
    [
        (("agents", "add", "a@b.c", "--name", "A", "--password-stdin"), "short\n", "at least 12"),
        (("agents", "add", "a@b.c", "--name", "A", "--password-stdin"), "", "at least 12"),
        (("agents", "add", "a b", "--name", "A", "--password-stdin"), PASSWORD, "not an e-mail"),
        (("agents", "add", "a@b.c", "--name", " ", "--password-stdin"), PASSWORD, "name"),
        (("agents", "passwd", "a@b.c", "--password-stdin"), PASSWORD, "no agent"),
        (("agents", "disable", "a@b.c"), "", "no agent"),
        (("backup", "copy"), "", "nothing to back up"),
        (("export", "rest:alice"), "", "no customer"),
        (("erase", "nobody", "--yes"), "", "no customer"),
        (("chat", "--as", "C1001"), "", "BATON_CHAT_IDENTITY_SECRET"),
        (("promote", "m1"), "", "no model m1"),
        (("rollback",), "", "no earlier model"),
        (("compare", "--test", "x.csv"), "", "no earlier model"),
    ],
)
def test_errors_are_one_line(baton: Baton, words: tuple[str, ...], stdin: str, complaint: str) -> None:
    status, out, err = baton(*words, stdin=stdin)
    assert (status, out) == (1, "")
    assert err.startswith("baton: ")
    assert complaint in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("agents", "add", "a@b.c"),
        ("agents", "add", "a@b.c", "--name", "A", "--role", "king"),
        ("agents", "add", "a@b.c", "--name", "A"),  # no terminal to ask for the password
        ("run", "--port", "70000"),
        ("nonsense",),
        ("chat", "--url", "http://[::1"),
    ],
)
def test_wrong_use_is_status_2(baton: Baton, words: tuple[str, ...]) -> None:
    status, _, err = baton(*words)
    assert status == 2
    assert "Error: " in err


def test_bad_settings_are_named(baton: Baton, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_PROT", "1")
    status, out, err = baton("agents", "list")
    assert (status, out) == (1, "")
    assert "did you mean BATON_PORT?" in err


def customer_in(settings: Settings) -> None:
    now = SystemClock().now()
    identity = ChannelIdentity(
        channel="rest",
        account="default",
        address="alice",
        customer_id="c1",
        conversation_id="v1",
        created_at=now,
    )

    async def work(tx) -> None:
        await tx.put_customer(Customer(id="c1", created_at=now, name="Alice Zebra"))
        await tx.put_identity(identity)

    store_of(settings, work)


def test_export_and_erase(baton: Baton, settings: Settings, home: Path) -> None:
    customer_in(settings)
    status, out, _ = baton("export", "rest:alice")
    assert status == 0
    assert "Alice Zebra" in json.dumps(json.loads(out))
    target = home / "alice.json"
    assert baton("export", "c1", "--output", str(target))[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "Alice Zebra" in target.read_text()
    status, _, err = baton("export", "c1", "--output", str(target))
    assert status == 1
    assert "exists" in err

    assert baton("erase", "rest:alice", stdin="n\n")[0] == 1
    assert baton("export", "c1")[0] == 0
    assert baton("erase", "rest:alice", "--yes")[:2] == (0, "rest:alice is erased, with 0 conversations.\n")
    assert baton("export", "c1")[0] == 1


def test_backup_can_be_used_as_data_folder(
    baton: Baton, settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.settings import secret_key

    customer_in(settings)
    key = secret_key(settings)
    with contextlib.closing(sqlite3.connect(settings.data_dir / "demo.sqlite")) as shop:
        shop.execute("CREATE TABLE orders (number)")
    copy = home / "copies" / "monday"
    status, out, _ = baton("backup", str(copy))
    assert (status, out) == (0, f"{copy}: baton.db, demo.sqlite, secret_key\n")
    assert {stat.S_IMODE(path.stat().st_mode) for path in copy.iterdir()} == {0o600}
    assert [path.name for path in copy.parent.iterdir()] == ["monday"]
    assert baton("backup", str(copy))[0] == 1
    monkeypatch.setenv("BATON_DATA_DIR", str(copy))
    assert "Alice Zebra" in baton("export", "rest:alice")[1]
    assert secret_key(load()) == key


def test_failed_backup_leaves_nothing(baton: Baton, settings: Settings, home: Path) -> None:
    customer_in(settings)
    (settings.data_dir / "other.db").write_bytes(b"not a database" * 1_000)
    status, _, err = baton("backup", str(home / "copy"))
    assert status == 1
    assert err.startswith("baton: ")
    assert not list(home.glob("copy*"))


def test_migrate(baton: Baton) -> None:
    assert baton("migrate")[:2] == (0, "The database is migrated.\n")
    assert baton("migrate")[:2] == (0, "The database is up to date.\n")


def finding(settings: Settings, what: str) -> Finding:
    return next(found for found in examine(settings) if found.what == what)


def test_doctor_names_what_is_wrong(baton: Baton, settings: Settings) -> None:
    status, out, _ = baton("doctor")
    assert status == 1  # there is no model
    assert "fail  model        none is live -> run: baton train" in out
    lines = out.splitlines()
    assert len(lines) == 14
    assert "ok    identity     every customer is anonymous" in out
    assert all(line.split()[0] in {"ok", "warn", "fail"} for line in lines)
    assert not settings.data_dir.exists()


def test_doctor_sees_open_folders_and_taken_ports(settings: Settings) -> None:
    import socket

    settings.data_dir.mkdir(mode=0o755)
    assert finding(settings, "data folder").level == "warn"
    with socket.create_server(("127.0.0.1", settings.port)):
        assert finding(settings, "port").level == "fail"
    assert finding(settings, "port").level == "ok"


@pytest.mark.parametrize(
    ("origins", "public_url", "level", "words"),
    [
        ("", "", "ok", "this server's own pages"),
        ("*", "https://chat.example.com", "warn", "any site"),
        ("https://shop.example.com", "https://chat.example.com", "ok", "for https://shop.example.com"),
        ("https://shop.example.com", "http://chat.example.com", "warn", "http address"),
        ("https://shop.example.com", "", "warn", "http address"),
        ("http://shop.example.com", "http://chat.example.com", "warn", "on the way"),
        ("http://localhost:3000", "", "ok", "for http://localhost:3000"),
    ],
)
def test_doctor_looks_at_the_pages_that_may_use_the_chat(
    settings: Settings, origins: str, public_url: str, level: str, words: str
) -> None:
    listed = tuple(origins.split(",")) if origins else ()
    found = finding(replace(settings, chat_origins=listed, public_url=public_url), "web chat")
    assert (found.level, words in found.detail) == (level, True), found
    assert finding(settings, "channels").level == "ok"


def test_doctor_sees_a_broken_store_and_a_missing_redis(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    (home / ".baton").mkdir()
    (home / ".baton" / "baton.db").write_bytes(b"not a database" * 1_000)
    findings = {found.what: found for found in examine(load())}
    assert findings["redis"].level == findings["store"].level == "fail"
    assert "BATON_DATABASE_URL" in findings["store"].advice
    assert "hunter2" not in repr(findings)


def test_doctor_sees_that_the_project_is_elsewhere(
    baton: Baton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_PROJECT_DIR", str(tmp_path / "data"))
    assert "fail  project" in baton("doctor")[1]


def test_help_is_light_and_names_every_command() -> None:
    script = (
        "import sys; sys.argv = ['baton', '--help']\n"
        "from bot import cli\n"
        "try: cli.main()\n"
        "finally: print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    for name in ("run", "chat", "train", "evaluate", "compare", "models", "agents", "doctor", "migrate"):
        assert f"  {name} " in done.stdout
    loaded = set(done.stdout.split())
    heavy = {
        "sanic",
        "sqlalchemy",
        "rasa",
        "numpy",
        "redis",
        "httpx",
        "structlog",
        "prompt_toolkit",
        "alembic",
    }
    assert not heavy & loaded
