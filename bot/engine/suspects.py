"""Turns whose process died under them: run again one at a time, alone in a process of their own.

Only a turn that dies alone is to blame; all others get their results as if nothing had happened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from bot.domain.errors import EngineUnavailable, TurnDied, TurnFailed
from bot.engine.launcher import Launcher, StartFailed
from bot.engine.process import EngineProcess, Job

_log = structlog.get_logger("bot.engine")


class Suspects:
    """Works the suspects off in at most `lanes` quarantined processes, forked when needed."""

    def __init__(
        self,
        launcher: Launcher,
        *,
        model: Callable[[], str],
        lanes: int,
        start_within: float,
        patience: float,
    ) -> None:
        self.processes: set[EngineProcess] = set()
        self.deaths = 0
        self._launcher = launcher
        self._model = model
        self._max_lanes = lanes
        self._start_within = start_within
        self._patience = patience
        self._waiting: deque[Job] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._held: set[asyncio.Task[None]] = set()
        self._retiring: set[asyncio.Task[None]] = set()

    def add(self, jobs: list[Job]) -> None:
        """Take over turns; their futures get an outcome."""
        for job in jobs:
            if job.calls:
                self._hold(job)
            else:
                self._waiting.append(job)
        self._open_lanes()

    def _open_lanes(self) -> None:
        for _ in range(min(len(self._waiting), self._max_lanes - len(self._lanes))):
            self._lanes.add(asyncio.get_running_loop().create_task(self._lane()))

    def _hold(self, job: Job) -> None:
        """Keep a turn out of the lanes while a directory call of its first attempt is under way.

        The same change is not asked for twice at a time, and the others do not wait for a slow call.
        """
        task = asyncio.get_running_loop().create_task(self._when_quiet(job))
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _when_quiet(self, job: Job) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await job.quiet()
        except TimeoutError:
            job.fail(TurnFailed("a directory call of its first attempt does not end"))
        except asyncio.CancelledError:
            job.fail(EngineUnavailable("the engine is stopping"))
            raise
        else:
            self._waiting.append(job)
            self._open_lanes()

    async def stop(self, within: float) -> None:
        """Work on for `within` seconds, then give up what is waiting and end the processes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while work := [*self._lanes, *self._held]:
                    await asyncio.wait(work)
        work = [*self._lanes, *self._held]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for job in self._waiting:
            job.fail(EngineUnavailable("the engine is stopping"))
        self._waiting.clear()
        await asyncio.gather(*(process.retire(0.0) for process in self.processes))

    async def _lane(self) -> None:
        process: EngineProcess | None = None
        try:
            while self._waiting:
                job = self._waiting.popleft()
                try:
                    process = await self._alone(job, process)
                finally:
                    job.fail(EngineUnavailable("the engine is stopping"))  # no-op with an outcome
        finally:
            self._dismiss(process)
            # At once, not in a callback: `add` counts lanes to see whether it must open one.
            self._lanes.discard(asyncio.current_task())

    async def _alone(self, job: Job, process: EngineProcess | None) -> EngineProcess | None:
        """Run one turn alone; return the process if it is fit for the next one."""
        if job.future.done():
            return process  # its caller gave up
        if process is None or process.gone.is_set():
            process = await self._fork(job)
        if process is None or job.future.done():
            return process
        job.alone = True
        process.run(job)
        # The future also ends by the budget, by its caller's cancellation or by the process's death.
        await asyncio.wait((job.future,))
        if job.future.cancelled() or job.future.exception() is not None:
            # What the turn left running could still kill the process under the next suspect.
            self._dismiss(process)
            return None
        return process

    async def _fork(self, job: Job) -> EngineProcess | None:
        try:
            async with asyncio.timeout(self._start_within):
                process = await self._start()
        except (StartFailed, TimeoutError) as error:
            job.fail(EngineUnavailable(f"no process for a turn that must run alone: {error}"))
            return None
        _log.info("engine process in quarantine", pid=process.pid)
        self.processes.add(process)
        return process

    async def _start(self) -> EngineProcess:
        while True:
            try:
                return await self._launcher.launch(self._model())
            except StartFailed as error:
                if error.certain:
                    raise
                await asyncio.sleep(0.1)

    def _dismiss(self, process: EngineProcess | None) -> None:
        if process is not None and not process.gone.is_set():
            task = asyncio.get_running_loop().create_task(process.retire(self._start_within))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def gone(self, process: EngineProcess) -> None:
        """Forget a process that has ended."""
        self.processes.discard(process)

    def blame(self, job: Job) -> None:
        """Fail a turn that was alone in a process that died."""
        self.deaths += 1
        job.fail(TurnDied("the turn ended its engine process", turn_id=job.request.turn_id))
