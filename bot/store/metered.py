"""How much processor time a coroutine takes between its waits."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class Meter:
    """Sums over many coroutines: `count`, and `seconds` of processor time."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0


class Metered(Generic[R]):
    """Awaits a coroutine and adds what its own steps cost to a meter."""

    def __init__(self, work: Coroutine[Any, Any, R], meter: Meter) -> None:
        self._work = work
        self._meter = meter

    def __await__(self) -> Generator[Any, Any, R]:
        """Step through the coroutine as `yield from` would, with a clock on each step."""
        meter, work = self._meter, self._work
        meter.count += 1
        send, argument = work.send, None
        while True:
            started = time.thread_time()
            try:
                waiting = send(argument)
            except StopIteration as end:
                result: R = end.value
                return result
            finally:
                meter.seconds += time.thread_time() - started
            try:
                argument = yield waiting
                send = work.send
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:
                send, argument = work.throw, error
