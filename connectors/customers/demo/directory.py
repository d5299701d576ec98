"""The demo shop as a `CustomerDirectory`, slow or failing for chosen customers when a test wants it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bot.domain.customer import Answer, Cancellation, Order, Profile, Refund, Status
from bot.ports import Clock, today
from connectors.customers.demo.seed import prepare
from connectors.customers.demo.shop import Change, Shop

T = TypeVar("T")


class Failure(StrEnum):
    """How the shop fails for a customer.

    DOWN does nothing and asks to try later. LOST does what was asked and loses the answer, so that
    the caller cannot know. BROKEN raises.
    """

    DOWN = "down"
    LOST = "lost"
    BROKEN = "broken"


class DemoDirectory:
    """Keep the shop in `path`, filled from `seed` at the first start.

    `delays` are seconds before an answer, and `failures` ways to fail, by the customer's reference;
    both are looked at on every call, so a test may change them on the way.
    """

    name = "demo shop"

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        seed: Path = Path("data/demo/shop.json"),
        delays: Mapping[str, float] | None = None,
        failures: Mapping[str, Failure] | None = None,
    ) -> None:
        self._path, self._seed, self._clock = path, seed, clock
        self._delays: Mapping[str, float] = delays if delays is not None else {}
        self._failures: Mapping[str, Failure] = failures if failures is not None else {}
        self._thread: ThreadPoolExecutor | None = None
        self._db: sqlite3.Connection | None = None
        self._shop: Shop | None = None

    async def start(self) -> None:
        """Open the file; fill it if it is new."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo-shop")
        await self._run(self._open)

    async def stop(self) -> None:
        """Finish what is under way and close the file."""
        if self._thread is None:
            return
        if self._db is not None:
            await self._run(self._db.close)
        self._thread.shutdown()
        self._thread = self._db = self._shop = None

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        """Find a customer by e-mail or phone."""
        answer = await self._run(lambda: self._open_shop.find(email, phone))
        return await self._answer(answer.value.ref if answer.value else "", lambda: answer)

    async def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer's profile."""
        return await self._answer(ref, lambda: self._open_shop.profile(ref))

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        """Return a customer's recent orders, newest first."""
        return await self._answer(ref, lambda: self._open_shop.orders(ref, self._today))

    async def order(self, number: str) -> Answer[Order]:
        """Return an order by number."""
        return await self._answer_for(number, lambda: self._open_shop.order(number, self._today))

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode."""
        return await self._answer_for(
            number, lambda: self._open_shop.prove_order(number, proof, self._today)
        )

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        """Cancel while processing or packed, with the whole sum back."""
        at = self._clock.now().isoformat()
        return await self._answer_for(
            number, lambda: self._open_shop.cancel_order(number, key=key, today=self._today, at=at)
        )

    async def start_return(self, number: str, reason: str, *, key: str) -> Answer[Refund]:
        """Open a return within 30 days of the delivery."""
        at = self._clock.now().isoformat()
        return await self._answer_for(
            number, lambda: self._open_shop.start_return(number, reason, key=key, today=self._today, at=at)
        )

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund of an order that was cancelled or sent back."""
        return await self._answer_for(number, lambda: self._open_shop.refund_status(number))

    async def changes(self) -> list[Change]:
        """Return every change that really happened, oldest first: what tests count."""
        return await self._run(lambda: self._open_shop.changes())

    @property
    def _today(self) -> date:
        return today(self._clock)

    @property
    def _open_shop(self) -> Shop:
        if self._shop is None:
            raise RuntimeError("the demo shop is not started")
        return self._shop

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # isolation_level None: transactions are begun by hand, so a read never opens one.
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        prepare(self._db, self._seed, self._today)
        self._shop = Shop(self._db)

    async def _answer_for(self, number: str, work: Callable[[], Answer[T]]) -> Answer[T]:
        ref = ""
        if self._delays or self._failures:
            ref = await self._run(lambda: self._open_shop.customer_of(number))
        return await self._answer(ref, work)

    async def _answer(self, ref: str, work: Callable[[], Answer[T]]) -> Answer[T]:
        if self._delays.get(ref):
            await self._clock.sleep(self._delays[ref])
        failure = self._failures.get(ref)
        if failure is Failure.BROKEN:
            raise OSError("the demo shop was told to break")
        if failure is Failure.DOWN:
            return Answer(status=Status.TRY_LATER)
        answer = await self._run(work)
        return Answer(status=Status.TRY_LATER) if failure is Failure.LOST else answer

    async def _run(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise RuntimeError("the demo shop is not started")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
