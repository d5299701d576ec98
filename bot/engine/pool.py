"""`DialogueEngine` over a pool of engine processes. Never imports Rasa."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeVar

import structlog

from bot.domain.errors import EngineUnavailable
from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.crew import Crew
from bot.engine.frames import Hello
from bot.engine.launcher import Launcher
from bot.engine.process import EngineProcess, Job
from bot.engine.suspects import Suspects
from bot.engine.wire import Wire
from bot.ports import DirectoryCall, EngineStatus

T = TypeVar("T")

_log = structlog.get_logger("bot.engine")

LOADER = "bot.engine.rasa_turns:RasaTurns.load"


class EnginePool:
    """Runs turns in processes that may die, hang or be replaced by ones with a newer model.

    `turn_budget`, `hang_after`, `ready_wait` and `drain` are in seconds; the budget is for each
    attempt at a turn, its directory calls included. `quarantine` is how many turns whose process died
    under them are run again at the same time, each alone in a process. `signing_key` is asked for
    each new process: the key for calls of an action server, empty if there is none.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        processes: int = 1,
        project: str | Path = "",
        loader: str = LOADER,
        turn_budget: float = 20.0,
        hang_after: float = 10.0,
        ready_wait: float = 45.0,
        drain: float = 10.0,
        quarantine: int = 2,
        signing_key: Callable[[], bytes] = bytes,
    ) -> None:
        self._processes = processes
        self._budget = turn_budget
        self._hang_after = hang_after
        self._ready_wait = ready_wait
        self._drain = drain
        self._launcher = Launcher(
            loader=loader,
            project=str(project),
            adopt=self._adopt,
            on_change=self._changed,
            signing_key=signing_key,
        )
        self._crew = self._new_crew(str(model))
        self._suspects = Suspects(
            self._launcher,
            model=lambda: self._crew.model,
            lanes=quarantine,
            start_within=ready_wait,
            patience=turn_budget,
        )
        self._numbers = count(1)
        self._unsettled: dict[str, EngineProcess] = {}
        self._change: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loading = asyncio.Lock()
        self._running = False
        self._label = ""
        self._turns = 0
        self._cpu_of_the_gone = 0.0
        self._retired = {"deaths": 0, "restarts": 0}

    # the port
    async def start(self) -> None:
        """Begin to start processes; return before they are ready."""
        self._running = True
        await self._launcher.start()
        self._crew.start()

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        """Work out one turn; see `DialogueEngine.turn` for what it raises."""
        process = self._crew.choose(request.conversation_id) if self._running else None
        if process is None:
            process = await self._wait(lambda: self._crew.choose(request.conversation_id))
        future = asyncio.get_running_loop().create_future()
        job = Job(number=next(self._numbers), request=request, directory=directory, future=future)
        process.run(job)
        try:
            result: TurnResult = await future
        except asyncio.CancelledError:
            self._abandon(job)
            raise
        self._turns += 1
        if job.process is not None:
            self._unsettled[request.turn_id] = job.process
        return result

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        """Tell the process that made a result whether it became true."""
        process = self._unsettled.pop(result.turn_id, None)
        if process is not None:
            process.settle(result.turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue. Raises EngineUnavailable."""
        process = await self._wait(lambda: self._crew.choose(""))
        return await process.understand(next(self._numbers), text)

    async def stop(self) -> None:
        """Let turns under way end, within the drain bound; then end every process."""
        self._running = False
        self._changed()
        await asyncio.gather(self._crew.retire(self._drain), self._suspects.stop(self._drain))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._launcher.stop()

    @property
    def status(self) -> EngineStatus:
        """Return the present state; `detail` says why it is not ready."""
        ready = len(self._crew.processes) if self._running else 0
        detail = "" if ready else (self._crew.trouble or "starting")
        return EngineStatus(ready=ready > 0, processes=ready, model=self._label, detail=detail)

    # beyond the port
    async def load(self, model: str | Path) -> None:
        """Take a new model into use: beside the old one at first, for all new turns once it is ready.

        Raises:
            EngineUnavailable: it does not load; the old one stays in use.
        """
        async with self._loading:
            crew = self._new_crew(str(model))
            crew.start()
            try:
                await self._wait(lambda: crew if crew.complete else None, crew)
            except BaseException:
                await crew.retire(0.0)
                raise
            old, self._crew = self._crew, crew
            self._label = crew.processes[0].model if crew.processes else self._label
            self._changed()
        self._background(self._retire(old))

    @property
    def pids(self) -> list[int]:
        """Return the process ids of the engine processes that take turns."""
        return [process.pid for process in self._crew.processes]

    @property
    def quarantined(self) -> list[int]:
        """Return the process ids in which suspects run."""
        return [process.pid for process in self._suspects.processes]

    @property
    def stats(self) -> dict[str, float]:
        """Return counters since the start: turns, cpu_ms of the processes, restarts, deaths."""
        alive = sum(process.cpu for process in [*self._crew.processes, *self._suspects.processes])
        return {
            "turns": self._turns,
            "cpu_ms": (self._cpu_of_the_gone + alive) * 1000,
            "restarts": self._retired["restarts"] + self._crew.restarts,
            "deaths": self._retired["deaths"] + self._crew.deaths + self._suspects.deaths,
            "zygote_restarts": self._launcher.restarts,
            "turns_under_way": sum(len(process.jobs) for process in self._crew.processes),
        }

    # inside
    def _new_crew(self, model: str) -> Crew:
        return Crew(self._launcher, model, self._processes, self._changed)

    def _adopt(self, wire: Wire, hello: Hello) -> EngineProcess:
        self._label = self._label or hello.model
        return EngineProcess(
            wire,
            hello,
            turn_budget=self._budget,
            hang_after=self._hang_after,
            tasks=self._tasks,
            on_gone=self._gone,
        )

    def _gone(self, process: EngineProcess) -> None:
        self._cpu_of_the_gone += process.cpu
        self._suspects.gone(process)
        jobs = list(process.jobs.values())
        process.jobs.clear()
        for job in jobs:
            if job.alone and self._running:
                self._suspects.blame(job)
        suspects = [job for job in jobs if not job.future.done()]
        if suspects and self._running:
            _log.warning("turns run again alone", pid=process.pid, turns=len(suspects))
            self._suspects.add(suspects)
        for job in suspects if not self._running else ():
            job.fail(EngineUnavailable("the engine is stopping"))

    def _abandon(self, job: Job) -> None:
        """Leave nothing behind of a turn whose caller was cancelled."""
        if job.process is None or job.process.gone.is_set():
            return
        future = job.future
        if future.done() and not future.cancelled() and future.exception() is None:
            job.process.settle(job.request.turn_id, False)  # the result came just before
        else:
            job.process.cancel(job)

    async def _wait(self, look: Callable[[], T | None], crew: Crew | None = None) -> T:
        """Wait until `look` finds something. Raises EngineUnavailable."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._ready_wait
        while self._running:
            found = look()
            if found is not None:
                return found
            trouble = (crew or self._crew).trouble
            if trouble:
                raise EngineUnavailable(f"the engine does not start: {trouble}")
            if loop.time() >= deadline:
                raise EngineUnavailable(f"no engine process was ready in {self._ready_wait:g} s")
            self._change = self._change or loop.create_future()
            await asyncio.wait((self._change,), timeout=deadline - loop.time())
        raise EngineUnavailable("the engine is not running")

    def _changed(self) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(None)
        self._change = None

    async def _retire(self, crew: Crew) -> None:
        await crew.retire(self._budget + self._drain)
        self._retired["deaths"] += crew.deaths
        self._retired["restarts"] += crew.restarts

    def _background(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
