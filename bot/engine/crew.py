"""The engine processes that hold one model: each seat is filled again when its process ends."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

import structlog

from bot.engine.launcher import CERTAIN, Launcher, StartFailed, backoff
from bot.engine.process import EngineProcess

_log = structlog.get_logger("bot.engine")

_MAX_STICKY = 50_000


class Seat:
    """A place for one process."""

    def __init__(self) -> None:
        self.process: EngineProcess | None = None
        self.trouble = ""
        """Why it stays empty, once that is certain."""
        self.starts = 0

    @property
    def living(self) -> EngineProcess | None:
        """Return the process unless it has ended."""
        return None if self.process is None or self.process.gone.is_set() else self.process


class Crew:
    """Keeps `size` processes with `model` alive and chooses among them."""

    def __init__(self, launcher: Launcher, model: str, size: int, on_change: Callable[[], None]) -> None:
        self.model = model
        self.deaths = 0
        self.restarts = 0
        self._launcher = launcher
        self._on_change = on_change
        self._seats = [Seat() for _ in range(size)]
        self._sticky: OrderedDict[str, int] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to fill the seats."""
        self._tasks = [asyncio.get_running_loop().create_task(self._keep(seat)) for seat in self._seats]

    @property
    def processes(self) -> list[EngineProcess]:
        """Return the processes that live, in the order of their seats."""
        return [process for seat in self._seats if (process := seat.living) is not None]

    @property
    def complete(self) -> bool:
        """Say whether every seat is filled."""
        return all(seat.living is not None for seat in self._seats)

    @property
    def trouble(self) -> str:
        """Return why no process is ready when waiting for one is hardly worth it, else nothing."""
        if self.processes:
            return ""
        return self._launcher.trouble or next((seat.trouble for seat in self._seats if seat.trouble), "")

    def choose(self, conversation_id: str) -> EngineProcess | None:
        """Return the process that had the conversation last, or the one with the least to do.

        One that does not answer pings is chosen only when there is no other.
        """
        place = self._sticky.get(conversation_id, -1)
        if place >= 0:
            process = self._seats[place].living
            if process is not None and not process.lagging:
                self._sticky.move_to_end(conversation_id)
                return process
        filled = [(place, living) for place, seat in enumerate(self._seats) if (living := seat.living)]
        if not filled:
            return None
        place, process = min(filled, key=lambda each: (each[1].lagging, len(each[1].jobs)))
        if len(self._seats) > 1:
            self._sticky[conversation_id] = place
            if len(self._sticky) > _MAX_STICKY:
                self._sticky.popitem(last=False)
        return process

    async def _keep(self, seat: Seat) -> None:
        failures = 0
        while True:
            if seat.starts:
                self.restarts += 1
            seat.starts += 1
            try:
                process = await self._launcher.launch(self.model)
            except StartFailed as error:
                failures += 1
                _log.warning("engine process did not start", detail=str(error), failures=failures)
                if error.certain or failures >= CERTAIN:
                    seat.trouble = str(error)
                    self._on_change()
                await asyncio.sleep(backoff(failures))
                continue
            failures, seat.process, seat.trouble = 0, process, ""
            _log.info("engine process ready", pid=process.pid, model=process.model)
            self._on_change()
            await process.gone.wait()
            seat.process = None
            self.deaths += 1
            self._on_change()

    async def retire(self, within: float) -> None:
        """Fill no seat again; end each process when its turns are done, or time is up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(process.retire(within) for process in self.processes))
        for seat in self._seats:
            seat.process = None
