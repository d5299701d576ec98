"""One engine process as the server sees it: the turns it works on, its questions, its pulse."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from bot.domain.errors import EngineUnavailable, TurnFailed
from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.directory import ANSWERS
from bot.engine.frames import (
    RESULT,
    Cancel,
    DirectoryReply,
    FrameTooLarge,
    Hello,
    Ping,
    Pong,
    Settle,
    Stop,
    Turn,
    TurnDone,
    TurnError,
    Understand,
    Understood,
    raw,
)
from bot.engine.frames import DirectoryCall as CallFrame
from bot.engine.wire import Wire
from bot.ports import DirectoryCall

_log = structlog.get_logger("bot.engine")


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """One attempt at a turn, or several when its process dies under it."""

    number: int
    request: TurnRequest
    directory: DirectoryCall
    future: asyncio.Future[TurnResult]
    alone: bool = False
    """It runs in a process of its own, so a death is its doing."""
    process: EngineProcess | None = None
    """Where it ran last."""
    calls: set[asyncio.Task[None]] = field(default_factory=set)
    budget: asyncio.TimerHandle | None = None

    def fail(self, error: Exception) -> None:
        """End with an error, if the caller still waits."""
        if not self.future.done():
            self.future.set_exception(error)

    async def quiet(self) -> None:
        """Wait until the directory calls of earlier attempts have ended."""
        while self.calls:
            await asyncio.wait(self.calls)


class EngineProcess:
    """Carries turns to one process and answers back; reports its end to `on_gone` once."""

    def __init__(
        self,
        wire: Wire,
        hello: Hello,
        *,
        turn_budget: float,
        hang_after: float,
        tasks: set[asyncio.Task[None]],
        on_gone: Callable[[EngineProcess], None],
    ) -> None:
        self.pid = hello.pid
        self.model = hello.model
        self.jobs: dict[int, Job] = {}
        self.cpu = 0.0
        """Processor time of the process so far, in seconds, as last heard."""
        self.gone = asyncio.Event()
        self._wire = wire
        self._idle: asyncio.Future[None] | None = None
        self._budget = turn_budget
        self._hang_after = hang_after
        self._tasks = tasks
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._parses: dict[int, asyncio.Future[Nlu]] = {}
        self._pings = 0
        self._silent_since: float | None = None
        self._ticked = self._loop.time()
        self._pidfd = os.pidfd_open(hello.pid)
        self._loop.add_reader(self._pidfd, self._exited)
        self._pulse = self._loop.call_soon(self._ping)
        self._handlers: dict[type, Callable[[Any], None]] = {
            TurnDone: self._turn_done,
            TurnError: self._turn_error,
            CallFrame: self._directory_call,
            Understood: self._understood,
            Pong: self._pong,
        }

    # what the pool asks
    @property
    def lagging(self) -> bool:
        """Say whether it has not answered a ping for a while."""
        return self._silent_since is not None and self._loop.time() - self._silent_since > 1.0

    def run(self, job: Job) -> None:
        """Send a turn; its future gets the outcome unless the process dies."""
        job.process = self
        self.jobs[job.number] = job
        job.budget = self._loop.call_later(self._budget, self._over_budget, job)
        try:
            self._wire.send(Turn(job.number, job.request))
        except (FrameTooLarge, TypeError) as error:
            self._forget(job.number)
            job.fail(TurnFailed(f"the request cannot be sent: {error}"))

    def cancel(self, job: Job) -> None:
        """Stop working on a turn that nobody waits for; it leaves nothing behind."""
        self._forget(job.number)
        self._wire.send(Cancel(job.number, job.request.turn_id))

    def settle(self, turn_id: str, committed: bool) -> None:
        """Tell the fate of a result."""
        self._wire.send(Settle(turn_id, committed))

    async def understand(self, number: int, text: str) -> Nlu:
        """Parse a text. Raises EngineUnavailable when the process dies or does not answer."""
        future = self._parses[number] = self._loop.create_future()
        self._wire.send(Understand(number, text))
        try:
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the result.
            async with asyncio.timeout(self._budget):
                return await future
        except TimeoutError:
            raise EngineUnavailable("the engine did not answer in time") from None
        finally:
            del self._parses[number]

    async def retire(self, within: float) -> None:
        """Let it end once its turns are done, or after `within` seconds.

        It need not learn their fate: what it holds of them is of no use any more.
        """
        self._idle = self._idle or self._loop.create_future()
        self._look_idle()
        await asyncio.wait((self._idle,), timeout=within)
        self._wire.send(Stop())
        with suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await self.gone.wait()
        self.kill()
        await self.gone.wait()

    def kill(self) -> None:
        """End it at once. The descriptor names this very process, even if its number was reused."""
        if not self.gone.is_set():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    # what the process says
    def receive(self, frame: Any) -> None:
        """Take a frame from the process."""
        handler = self._handlers.get(type(frame))
        if handler is None:
            _log.warning("engine said something unexpected", pid=self.pid, frame=type(frame).__name__)
        else:
            handler(frame)

    def _turn_done(self, frame: TurnDone) -> None:
        self.cpu = frame.cpu
        job = self.jobs.get(frame.job)
        if job is not None and not job.future.done():
            # Otherwise it was cancelled: the process drops the result when it reads the Cancel frame.
            try:
                job.future.set_result(RESULT.decode(frame.result))
            except msgspec.DecodeError as error:
                self.settle(job.request.turn_id, False)
                job.fail(TurnFailed(f"the engine's reply is not a turn result: {error}"))
        self._forget(frame.job)

    def _turn_error(self, frame: TurnError) -> None:
        job = self._forget(frame.job)
        if job is not None:
            job.fail(TurnFailed(frame.detail))

    def _over_budget(self, job: Job) -> None:
        self.cancel(job)
        job.fail(TurnFailed(f"it took longer than its budget of {self._budget:g} s"))

    def _forget(self, number: int) -> Job | None:
        job = self.jobs.pop(number, None)
        if job is not None and job.budget is not None:
            job.budget.cancel()
        self._look_idle()
        return job

    def _look_idle(self) -> None:
        if self._idle is not None and not self._idle.done() and (not self.jobs or self.gone.is_set()):
            self._idle.set_result(None)

    def _directory_call(self, frame: CallFrame) -> None:
        job = self.jobs.get(frame.job)
        if job is None:
            return
        # Never cancelled: what was begun is let finish, so that its effect is recorded.
        task = self._loop.create_task(self._answer(job, frame))
        for kept in (job.calls, self._tasks):
            kept.add(task)
            task.add_done_callback(kept.discard)

    async def _answer(self, job: Job, frame: CallFrame) -> None:
        try:
            if frame.method not in ANSWERS:
                raise ValueError(f"there is no method {frame.method!r}")
            answer = await job.directory(
                job.request.context, frame.action, frame.ordinal, frame.method, frame.arguments
            )
            self._wire.send(DirectoryReply(job.number, frame.call, raw(answer)))
        except Exception as error:
            _log.exception("directory call failed", method=frame.method, action=frame.action)
            self._wire.send(DirectoryReply(job.number, frame.call, raw(None), type(error).__name__))

    def _understood(self, frame: Understood) -> None:
        future = self._parses.get(frame.job)
        if future is None or future.done():
            return
        if frame.error:
            future.set_exception(EngineUnavailable(frame.error))
        else:
            future.set_result(frame.nlu)

    # pulse and end
    def _ping(self) -> None:
        now, every = self._loop.time(), min(self._hang_after / 4, 2.5)
        if self._silent_since is not None and now - self._ticked > 2 * every:
            self._silent_since = now  # it was this loop that stood still: the answer may wait to be read
        self._ticked = now
        if self._silent_since is None:
            self._pings += 1
            self._silent_since = now
            self._wire.send(Ping(self._pings))
        elif now - self._silent_since > self._hang_after:
            _log.warning("engine process hangs and is killed", pid=self.pid, turns=len(self.jobs))
            self.kill()
            return
        self._pulse = self._loop.call_later(every, self._ping)

    def _pong(self, frame: Pong) -> None:
        self.cpu = frame.cpu
        self._silent_since = None

    def _exited(self) -> None:
        # What it said before its end is still to be read; a copy of its socket in a process that it
        # started must not keep the connection open for ever.
        self._loop.remove_reader(self._pidfd)
        self._loop.call_later(0.2, self._wire.close)

    def lost(self) -> None:
        """Take note that the connection has ended, and make sure that the process has too."""
        if self.gone.is_set():
            return
        self.kill()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pulse.cancel()
        for job in self.jobs.values():
            if job.budget is not None:
                job.budget.cancel()
        for future in self._parses.values():
            if not future.done():
                future.set_exception(EngineUnavailable("the engine process ended"))
        self.gone.set()
        self._look_idle()
        self._on_gone(self)
