"""The servers under measurement: Baton itself, and stock Rasa beside it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import procs, stock
from tests.bench.client import Client
from tests.bench.shop import PROJECT
from tests.servers import free_port

PR_SET_PDEATHSIG = 1
BATON = Path(os.environ.get("BENCH_BATON", Path(sys.executable).parent / "baton"))


class ServerBroken(Exception):
    """A server did not start or did not answer; the message has the end of its log."""


@dataclass(kw_only=True)
class Server:
    """One server process that we start, ask and end."""

    name: str
    folder: Path
    port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 3
    """How often it is started again to see how long that takes."""

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process id; 0 when it does not run."""
        return self.process.pid if self.process is not None else 0

    @property
    def log(self) -> Path:
        """Return the file with what it prints."""
        return self.folder / f"{self.name}.log"

    def command(self) -> list[str]:
        """Return how to start it."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it; it ends with this process, even when that is killed."""
        libc = ctypes.CDLL(None)
        self.started_at = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=PROJECT,
                env=clean_environment() | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL)),
            )

    async def wait_open(self, limit: float = 600.0) -> float:
        """Wait until the port is open; return the seconds since the start."""
        while time.perf_counter() - self.started_at < limit:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return time.perf_counter() - self.started_at
            self._check_running()
            await asyncio.sleep(0.01)
        raise ServerBroken(f"{self.name} does not listen:\n{self.tail()}")

    async def wait_answer(self, limit: float = 600.0) -> float:
        """Wait until a message is answered; return the seconds since the start."""
        client = Client(self.url)
        # The id makes the repetition harmless for Baton; stock Rasa does not know the field.
        said = {"sender": f"first-{time.time_ns()}", "message": "thanks", **self.once()}
        while time.perf_counter() - self.started_at < limit:
            with contextlib.suppress(OSError):
                reply = await client.post("/webhooks/rest/webhook", said, timeout=limit)
                if reply.status == 200 and reply.json():
                    client.close()
                    return time.perf_counter() - self.started_at
            self._check_running()
            await asyncio.sleep(0.05)
        raise ServerBroken(f"{self.name} does not answer:\n{self.tail()}")

    def once(self) -> dict[str, str]:
        """Return what makes a repeated message the same one."""
        return {}

    def kill(self) -> None:
        """End it without warning, and reap it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ask it to end; insist after half a minute."""
        if self.process is None:
            return
        left = procs.tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        deadline = time.monotonic() + 5
        while any(map(procs.running, left)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in filter(procs.running, left):
            os.kill(pid, signal.SIGKILL)
        self.process = None

    def parts(self) -> dict[str, list[int]]:
        """Return its process ids by what they do."""
        return {"server": procs.tree(self.pid)}

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds used so far, by part."""
        return {part: sum(map(procs.cpu_seconds, pids)) for part, pids in self.parts().items()}

    def memory(self) -> tuple[float, float]:
        """Return (RSS, PSS) of all its processes, in MB."""
        seen = [procs.look(pid) for pid in procs.tree(self.pid)]
        return sum(process.rss for process in seen), sum(process.pss for process in seen)

    def tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _check_running(self) -> None:
        if self.process is None or self.process.poll() is not None:
            raise ServerBroken(f"{self.name} ended:\n{self.tail()}")


@dataclass(kw_only=True)
class Baton(Server):
    """The product in demo mode, on a data folder of its own."""

    name: str = "baton"

    def command(self) -> list[str]:
        """Return how to start it."""
        data = self.folder / "data"
        return [str(BATON), "run", "--demo", "--port", str(self.port), "--data-dir", str(data)]

    def once(self) -> dict[str, str]:
        """Return what makes a repeated message the same one."""
        return {"message_id": "first"}

    def parts(self) -> dict[str, list[int]]:
        """Return the server process, and those of the engine (its parent of forks included)."""
        server, *engine = procs.tree(self.pid)
        return {"server": [server], "engine": engine}

    async def metric(self, pattern: str) -> float:
        """Return the sum of the samples at /metrics whose name matches `pattern`."""
        client = Client(self.url)
        text = (await client.get("/metrics")).body.decode()
        client.close()
        lines = re.findall(rf"^{pattern}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, lines))


@dataclass(kw_only=True)
class Stock(Server):
    """`rasa run` as Rasa ships it: one worker, its REST channel, its default pipeline."""

    name: str = "stock"
    restarts: int = 2
    rasa: Path = stock.RASA
    model: Path
    endpoints: Path | None = None

    def command(self) -> list[str]:
        """Return how to start it."""
        credentials = self.folder / "credentials.yml"
        credentials.write_text("rest:\n")
        command = [str(self.rasa), "run", "--model", str(self.model), "--port", str(self.port)]
        command += ["--interface", "127.0.0.1", "--credentials", str(credentials)]
        return command + (["--endpoints", str(self.endpoints)] if self.endpoints else [])

    def start(self) -> None:
        """Start it with telemetry off."""
        self.env = stock.QUIET | self.env
        super().start()


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of Baton or of threads: each product has its own defaults."""
    ours = ("BATON_", "OMP_NUM_THREADS", "TF_NUM_")
    return {
        name: value for name, value in os.environ.items() if not name.startswith(ours) and name != "PORT"
    }
