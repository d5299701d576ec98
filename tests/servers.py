"""Real PostgreSQL and Redis servers for tests: started in a temporary folder, stopped by pid.

A missing server is installed with apt when the tests run as root; otherwise `require` skips with the reason.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support.parallel import one_at_a_time

T = TypeVar("T")
PR_SET_PDEATHSIG = 1
PORTS = (18_000, 32_000)
WORKERS = 8
"""How many workers may share the ports."""
_given: set[int] = set()
_chance = random.SystemRandom()  # nobody else's seed: two runs must not try the same ports


class ServerUnavailable(Exception):
    """A server could not be found, installed or started; the message says why."""


@contextmanager
def require(server: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """Run `server()`, or skip the tests that need it, saying why on the terminal too."""
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(server())
        except ServerUnavailable as error:
            print(f"\nSKIPPED, not tested: {error}", file=sys.__stderr__)
            pytest.skip(str(error))
        yield running


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL cluster of its own and yield its URL; `fsync` is off, nothing here is kept."""
    binaries = find_postgres()
    with tempfile.TemporaryDirectory(prefix="baton-pg-") as name:
        folder, user = Path(name), unprivileged_user()
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        initdb = [binaries / "initdb", "-D", data, "-U", "baton", "-A", "trust", "-E", "UTF8"]
        run([*initdb, "--locale=C", "--no-sync"], folder, user)
        port = free_port()
        options = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        command = [binaries / "postgres", "-D", data, "-p", port]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        process = spawn(command, folder, user, on_parent_death=signal.SIGINT)
        try:
            wait_until(process, lambda: postgres_answers(binaries, port), folder, "PostgreSQL")
            yield f"postgresql://baton@127.0.0.1:{port}/postgres"
        finally:
            end(process, signal.SIGINT)


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """Create an empty database on a running server, yield its URL, and drop it."""
    import psycopg2

    name = f"test_{uuid.uuid4().hex}"
    connection = psycopg2.connect(server_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            yield server_url.rpartition("/")[0] + f"/{name}"
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        connection.close()


class RedisServer:
    """One Redis that can be killed and started again on the same port."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.binary = binary
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, if it is not running, and wait until it answers."""
        if self.process is not None:
            return
        command = [
            self.binary,
            "--port",
            self.port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            self.folder,
        ]
        self.process = spawn(command, self.folder, "", on_parent_death=signal.SIGKILL)
        wait_until(self.process, self._answers, self.folder, "Redis")

    def kill(self) -> None:
        """End it without warning (SIGKILL); all that it held is gone."""
        if self.process is not None:
            end(self.process, signal.SIGKILL)
            self.process = None

    def restart(self) -> None:
        """Start it anew, empty, on the same port."""
        self.kill()
        self.start()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as link:
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a Redis and yield it (`port`, `url`, `kill()`, `start()`, `restart()`)."""
    binary = shutil.which("redis-server")
    if binary is None:
        install("redis-server")
        binary = shutil.which("redis-server")
    if binary is None:
        raise ServerUnavailable("there is no redis-server here (install the package redis-server)")
    with tempfile.TemporaryDirectory(prefix="baton-redis-") as name:
        server = RedisServer(binary, Path(name))
        try:
            server.start()
            yield server
        finally:
            server.kill()


def find_postgres() -> Path:
    """Return the newest installed server's folder of programs."""

    def newest() -> Path | None:
        found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        on_path = shutil.which("initdb")
        if not found and on_path is not None:
            found = [Path(on_path).resolve().parent]
        return max(
            found,
            key=lambda path: float(path.parent.name) if path.parent.name.isdigit() else 0.0,
            default=None,
        )

    binaries = newest()
    if binaries is None:
        install("postgresql")
        binaries = newest()
    if binaries is None:
        raise ServerUnavailable("there is no PostgreSQL server here (install the package postgresql)")
    return binaries


def install(package: str) -> None:
    """Install a Debian package if that is possible; RUNLEVEL=1 keeps its service from starting."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    with one_at_a_time("install"):
        _install(package)


def _install(package: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    print(f"\ninstalling {package} for the tests", file=sys.__stderr__)
    with contextlib.suppress(subprocess.TimeoutExpired):
        for step in (command, ["apt-get", "update", "-q"], command):
            done = subprocess.run(step, env=environment, capture_output=True, timeout=300, check=False)
            if step is command and done.returncode == 0:
                return


def unprivileged_user() -> str:
    """Return whom to run PostgreSQL as: it refuses root. Empty means the present user."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise ServerUnavailable("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def free_port() -> int:
    """Return a TCP port that nobody listens on, and that nobody else is going to be given.

    The kernel gives ports above these to whoever asks for any, so one of those could be gone by the time
    that the caller binds it. Each worker of a parallel run has every so manieth port for itself.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    for _ in range(1_000):
        port = _chance.randrange(*PORTS, WORKERS) + worker
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise RuntimeError(f"there is no free port between {PORTS[0]} and {PORTS[1]}")


def identity(user: str) -> dict[str, object]:
    """Return the `subprocess` options that make a child run as `user`."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def run(command: list[object], folder: Path, user: str) -> None:
    """Run a program to its end. Raises ServerUnavailable with what it said."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, check=False, **identity(user)
    )
    if done.returncode != 0:
        raise ServerUnavailable(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-500:]}")


def spawn(
    command: list[object], folder: Path, user: str, *, on_parent_death: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a server that ends with the test run, even when that is killed."""
    libc = ctypes.CDLL(None)

    def follow_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(on_parent_death))

    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=follow_parent,
            **identity(user),
        )


def wait_until(
    process: subprocess.Popen[bytes],
    ready: Callable[[], bool],
    folder: Path,
    name: str,
    limit: float = 60.0,
) -> None:
    """Wait until `ready()`; on failure end the process and raise ServerUnavailable with its log."""
    until = time.monotonic() + limit
    while time.monotonic() < until and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    end(process, signal.SIGKILL)
    log = (folder / "server.log").read_text(errors="replace")[-500:]
    raise ServerUnavailable(f"{name} did not start: {log}")


def postgres_answers(binaries: Path, port: int) -> bool:
    """Say whether the server takes connections."""
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Signal a process that we started and wait for it; insist after 20 seconds."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
