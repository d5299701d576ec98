"""Keeps one task for each conversation with work, and finds work that nobody has told it of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.errors import StoreError
from bot.ports import Clock, Store

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 512
"""Conversations that are worked on at the same time."""
LOOK_EVERY = 2.0
"""Seconds between looks for pending work in the store (after a crash, or from another node)."""


class Dispatcher:
    """One conversation at a time, many conversations at once."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        run_next: Callable[[str], Awaitable[float | None]],
        max_at_once: int = MAX_AT_ONCE,
    ) -> None:
        """`run_next` does one turn; see `Turns.run_next`."""
        self._store = store
        self._clock = clock
        self._run_next = run_next
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._woken: dict[str, asyncio.Event] = {}
        self._limit = asyncio.Semaphore(max_at_once)
        self._stopping = False

    @property
    def active(self) -> int:
        """Return how many conversations have a task at the moment."""
        return len(self._tasks)

    def wake(self, conversation_id: str) -> None:
        """See to it that the conversation's pending messages are worked on, soon and in order."""
        if self._stopping:
            return
        if conversation_id in self._tasks:
            self._again.add(conversation_id)
            if conversation_id in self._woken:
                self._woken[conversation_id].set()
            return
        task = asyncio.get_running_loop().create_task(self._work(conversation_id))
        self._tasks[conversation_id] = task

    async def run(self) -> None:
        """Look for pending work until cancelled; the first look is at once."""
        while True:
            try:
                found = await self._store.read(lambda tx: tx.pending_conversations(self._clock.now()))
            except StoreError as error:
                log.warning("dispatcher_cannot_read", error=str(error))
                found = []
            for conversation_id in found:
                if conversation_id not in self._tasks:
                    self.wake(conversation_id)
            await asyncio.sleep(LOOK_EVERY)

    async def drain(self, timeout: float) -> None:
        """Start nothing new and let what runs finish within `timeout` seconds, then cancel it.

        A cancelled turn has not been committed: its message stays pending and is answered at the next
        start.
        """
        self._stopping = True
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _work(self, conversation_id: str) -> None:
        try:
            async with self._limit:
                if not await self._store.try_own(conversation_id):
                    return  # another node has it; it will also see the new message
                try:
                    await self._until_empty(conversation_id)
                finally:
                    await self._store.disown(conversation_id)
        except StoreError as error:
            log.warning("turn_not_stored", conversation_id=conversation_id, error=str(error))
        except Exception:  # one conversation's trouble must not end the others
            log.exception("turn_crashed", conversation_id=conversation_id)
        finally:
            del self._tasks[conversation_id]
            if conversation_id in self._again:
                self._again.discard(conversation_id)
                self.wake(conversation_id)

    async def _until_empty(self, conversation_id: str) -> None:
        while True:
            self._again.discard(conversation_id)
            wait = await self._run_next(conversation_id)
            if wait is None or (self._stopping and wait == 0.0):
                return
            if wait > 0:
                await self._pause(conversation_id, wait)

    async def _pause(self, conversation_id: str, seconds: float) -> None:
        """Wait for more fragments, or for `seconds`."""
        if conversation_id in self._again:
            return  # it came while the last ones were weighed
        woken = self._woken[conversation_id] = asyncio.Event()
        try:
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the event.
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            pass
        finally:
            del self._woken[conversation_id]
