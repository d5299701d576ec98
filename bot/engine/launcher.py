"""Starts engine processes: keeps a zygote alive and asks it for forks."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import structlog

from bot.engine.frames import TO_SERVER, Exited, Fork, Forked, Hello, Stop, ZygoteHello
from bot.engine.process import EngineProcess
from bot.engine.spawn import ZygoteProcess
from bot.engine.wire import Wire

_log = structlog.get_logger("bot.engine")

START_WITHIN = 120.0
"""Seconds in which a zygote must have imported, and an engine process must have loaded."""
CERTAIN = 3
"""Failures in a row after which waiting for the next attempt is no longer worth it."""
_MAX_BACKOFF = 30.0


def backoff(failures: int) -> float:
    """Return the seconds to wait before the next attempt after so many failures in a row."""
    return min(0.25 * 2 ** (failures - 1), _MAX_BACKOFF) if failures else 0.0


class StartFailed(Exception):
    """A process did not start; `certain` when the next attempt will hardly fare better."""

    def __init__(self, detail: str, *, certain: bool = False) -> None:
        super().__init__(detail)
        self.certain = certain


class Launcher:
    """Owns the socket, the zygote and the starts that are under way."""

    def __init__(
        self,
        *,
        loader: str,
        project: str,
        adopt: Callable[[Wire, Hello], EngineProcess],
        on_change: Callable[[], None],
        signing_key: Callable[[], bytes] = bytes,
    ) -> None:
        self.trouble = ""
        """Why no zygote is there, once it has failed for certain."""
        self.restarts = 0
        """How many zygotes were started after the first."""
        self._loader = loader
        self._project = project
        self._adopt = adopt
        self._on_change = on_change
        self._signing_key = signing_key
        self._numbers = count(1)
        self._starts: dict[int, asyncio.Future[EngineProcess]] = {}
        self._pids: dict[
            int, int
        ] = {}  # of processes that were forked and have not said hello: pid -> start
        self._processes: dict[Wire, EngineProcess] = {}
        self._wires: set[Wire] = set()
        self._zygote: Wire | None = None
        self._up = asyncio.Event()
        self._current: ZygoteProcess | None = None
        self._groups: set[ZygoteProcess] = set()
        self._folder = Path()
        self._server: asyncio.AbstractServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, and begin to start a zygote."""
        self._folder = _private_folder()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._accept, str(self._folder / "s"))
        self._task = loop.create_task(self._supervise())

    async def launch(self, model: str) -> EngineProcess:
        """Fork a process and wait until it has loaded `model`. Raises StartFailed."""
        await self._up.wait()
        number = next(self._numbers)
        future = self._starts[number] = asyncio.get_running_loop().create_future()
        if self._zygote is not None:
            self._zygote.send(Fork(number, model, self._signing_key()))
        try:
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the result.
            async with asyncio.timeout(START_WITHIN):
                return await future
        except TimeoutError:
            raise StartFailed(f"the model was not loaded in {START_WITHIN:g} s") from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                future.result().kill()  # it came just now, and nobody will take it
            raise
        finally:
            del self._starts[number]
            self._abort(number)

    def _abort(self, number: int) -> None:
        for pid in [pid for pid, start in self._pids.items() if start == number]:
            # Not reaped yet, or the zygote would have said so: the number is still this process's.
            del self._pids[pid]
            with suppress(ProcessLookupError):
                os.kill(pid, 9)

    # connections
    def _accept(self) -> Wire:
        wire = Wire(TO_SERVER, self._receive, self._lost)
        self._wires.add(wire)
        return wire

    def _receive(self, wire: Wire, frame: Any) -> None:
        process = self._processes.get(wire)
        if process is not None:
            process.receive(frame)
        elif isinstance(frame, Hello):
            self._hello(wire, frame)
        elif isinstance(frame, ZygoteHello):
            self._zygote, self.trouble = wire, ""
            self._up.set()
        elif isinstance(frame, Forked):
            start = self._starts.get(frame.start)
            if start is not None and not start.done():  # the process itself may have been faster
                self._pids[frame.pid] = frame.start
        elif isinstance(frame, Exited):
            self._fail(self._pids.pop(frame.pid, 0), f"ended with code {frame.code} before it was ready")

    def _hello(self, wire: Wire, hello: Hello) -> None:
        self._pids.pop(hello.pid, None)
        future = self._starts.get(hello.start)
        if future is None or future.done():
            wire.close()  # nobody waits for it any more; it ends
        elif hello.error:
            future.set_exception(StartFailed(hello.error, certain=True))
        else:
            try:
                process = self._processes[wire] = self._adopt(wire, hello)
            except ProcessLookupError:
                future.set_exception(StartFailed("ended as it became ready"))
            else:
                future.set_result(process)

    def _fail(self, start: int, reason: str) -> None:
        future = self._starts.get(start)
        if future is not None and not future.done():
            future.set_exception(StartFailed(f"an engine process {reason}"))

    def _lost(self, wire: Wire, fault: str) -> None:
        self._wires.discard(wire)
        process = self._processes.pop(wire, None)
        if process is not None:
            _log.info("engine process ended", pid=process.pid, turns=len(process.jobs), fault=fault)
            process.lost()
        elif wire is self._zygote:
            self._zygote_lost()

    def _zygote_lost(self) -> None:
        self._zygote = None
        self._up.clear()
        self._pids.clear()
        for start in list(self._starts):
            self._fail(start, "was not started: its parent ended")

    # the zygote
    async def _supervise(self) -> None:
        failures = 0
        while True:
            came_up, code, detail = await self._run_zygote()
            failures = 0 if came_up else failures + 1
            if not came_up and (code > 0 or failures >= CERTAIN):
                self.trouble = detail
            _log.warning("engine zygote ended", code=code, came_up=came_up)
            self._on_change()
            self.restarts += 1
            await asyncio.sleep(backoff(failures))

    async def _run_zygote(self) -> tuple[bool, int, str]:
        """Start a zygote and wait for its end: whether it came up, its exit code, what it said."""
        try:
            zygote = await ZygoteProcess.spawn(self._command(), self._released)
        except OSError as error:
            return False, 1, f"the engine cannot be started: {error}"
        self._current = zygote
        self._groups.add(zygote)
        came_up = await self._comes_up(zygote)
        code = await zygote.wait()
        self._zygote_lost()
        return came_up, code, f"the engine's parent ended with code {code}\n{zygote.last_lines}"

    async def _comes_up(self, zygote: ZygoteProcess) -> bool:
        up, ended = asyncio.ensure_future(self._up.wait()), asyncio.ensure_future(zygote.wait())
        try:
            await asyncio.wait((up, ended), timeout=START_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            if not up.done():
                zygote.kill()
            return up.done()
        finally:
            up.cancel()
            ended.cancel()

    def _released(self, zygote: ZygoteProcess) -> None:
        self._groups.discard(zygote)
        zygote.release()

    def _command(self) -> list[str]:
        path = str(self._folder / "s")
        command = [sys.executable, "-m", "bot.engine.zygote", "--socket", path, "--loader", self._loader]
        return [*command, "--project", self._project] if self._project else command

    async def stop(self) -> None:
        """End the zygote and whatever is left of its processes."""
        if self._task is None or self._server is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._server.close()
        await self._end_zygote()
        for wire in list(self._wires):
            wire.close()
        for zygote in list(self._groups):
            self._released(zygote)
        await asyncio.sleep(0)  # the transports close in the next step of the loop
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _end_zygote(self) -> None:
        if self._current is None:
            return
        if self._zygote is None:
            self._current.kill()  # it is still importing and has forked nothing
        else:
            self._zygote.send(Stop())
        try:
            async with asyncio.timeout(2.0):
                await self._current.wait()
        except TimeoutError:
            self._current.kill()
            await self._current.wait()


def _private_folder() -> Path:
    """Make a folder that only we may enter, with a path that leaves room for a socket's name."""
    folder = tempfile.mkdtemp(prefix="baton-")
    if len(folder) > 90:  # a socket's path has at most 107 bytes
        shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix="baton-", dir="/tmp")
    return Path(folder)
