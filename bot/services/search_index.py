"""Keeps the search index up to date beside the message path, in small pieces.

Hints say which conversation has something new. A look over all of them finds the rest: what was there
before an upgrade, and what a lost hint was about.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bot.domain.errors import StoreError
from bot.ports import Bus, Clock, Store

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Messages in one transaction: a few milliseconds of the writer."""
LOOKED_AT = 500
"""Conversations in one look."""
LOOK_EVERY = 300.0
"""Seconds between looks over all conversations."""
GATHER = 1.0
"""Seconds after a hint in which others may come: what is said together is taken in together."""
TOGETHER = 16
"""Conversations with a little news whose pieces share a commit."""
PAUSE = 0.005
"""Seconds between two pieces, so that whoever waits for the writer comes first."""
TIDY_AFTER = 20
"""Pieces after which small parts of the index are merged."""
TIDY_PAGES = 64
_QUIET = frozenset({"typing", "viewing", "presence", "read"})
"""Hints about nothing new."""


class SearchIndex:
    """One task beside the server, for a store that does not keep its index itself."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        """Follow `bus`, and write to `store`."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._wanted: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._pieces = 0

    async def run(self) -> None:
        """Work until cancelled."""
        listening = asyncio.ensure_future(self._listen())
        looking = asyncio.ensure_future(self._look())
        try:
            await asyncio.gather(listening, looking, self._take_in())
        finally:
            for task in (listening, looking):
                task.cancel()
            await asyncio.gather(listening, looking, return_exceptions=True)

    async def catch_up(self) -> int:
        """Take in everything that is new; return how many messages that was."""
        if await self._store.write(lambda tx: tx.renew_index()):
            log.info("search_index_renewed")
        taken, after = await self._catch_up_from("")
        while after:
            more, after = await self._catch_up_from(after)
            taken += more
        if taken:
            log.info("search_index_caught_up", messages=taken)
        return taken

    async def _catch_up_from(self, after: str) -> tuple[int, str]:
        """Take in what is new in the next conversations; return also where to go on."""
        behind, last = await self._store.read(lambda tx: tx.conversations_behind(after, limit=LOOKED_AT))
        return sum([await self._index(conversation_id) for conversation_id in behind]), last

    async def _listen(self) -> None:
        async for hint in self._bus.subscribe():
            if hint.kind not in _QUIET:
                self._wanted[hint.conversation_id] = None
                self._woken.set()

    async def _look(self) -> None:
        while True:
            with suppress(StoreError):  # said by whoever serves requests; the next look is soon
                await self.catch_up()
            await self._clock.sleep(LOOK_EVERY)

    async def _take_in(self) -> None:
        while True:
            await self._woken.wait()
            await self._clock.sleep(GATHER)
            self._woken.clear()
            wanted, self._wanted = list(self._wanted), {}
            for first in range(0, len(wanted), TOGETHER):
                with suppress(StoreError):  # the next look finds it
                    await asyncio.gather(*map(self._index, wanted[first : first + TOGETHER]))

    async def _index(self, conversation_id: str) -> int:
        """Take in what is new in one conversation, piece by piece."""
        taken = 0
        while True:
            count = await self._store.write(
                lambda tx: tx.index_conversation(conversation_id, limit=AT_ONCE)
            )
            taken += count
            await self._tidy(count)
            if count < AT_ONCE:
                return taken

    async def _tidy(self, count: int) -> None:
        self._pieces += count > 0
        if self._pieces >= TIDY_AFTER:
            self._pieces = 0
            await self._store.write(lambda tx: tx.tidy_index(TIDY_PAGES))
        await asyncio.sleep(PAUSE if count == AT_ONCE else 0)
