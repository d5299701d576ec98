"""Measures what one coroutine costs while many share the event loop."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from dataclasses import replace
from typing import Any, Generic, TypeVar

from bot.domain.turn import TurnResult

T = TypeVar("T")


class Metered(Generic[T]):
    """Await a coroutine and count the processor time of its own steps, not of its waits.

    Work that it hands to other threads is not counted.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        """Take the coroutine; it starts when this is awaited."""
        self._work = work
        self.seconds = 0.0

    def __await__(self) -> Generator[Any, Any, T]:
        value: Any = None
        error: BaseException | None = None
        while True:
            began = time.thread_time()
            try:
                waits_for = self._work.send(value) if error is None else self._work.throw(error)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self.seconds += time.thread_time() - began
            value, error = None, None
            try:
                value = yield waits_for
            except BaseException as thrown:  # also cancellation: the coroutine must see it
                error = thrown

    def stamp(self, result: TurnResult) -> TurnResult:
        """Return the result with the time that was measured."""
        return replace(result, cpu_ms=round(self.seconds * 1_000, 3))
