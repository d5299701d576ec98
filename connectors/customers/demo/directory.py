"""The demo shop as a `CustomerDirectory`, slow or failing for chosen customers when a test wants it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bot.domain.customer import (
    AddressChange,
    Answer,
    Cancellation,
    Case,
    Closure,
    Goodwill,
    Invoice,
    Order,
    Preferences,
    Product,
    Profile,
    Refund,
    Status,
)
from bot.ports import Clock, today
from connectors.customers.demo.ledger import Call, Change
from connectors.customers.demo.premises import Premises, opened

T = TypeVar("T")

EVERYBODY = "*"
"""Instead of a customer's reference in `delays` and `failures`: whoever is not named."""


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

    `delays` are seconds before an answer, and `failures` ways to fail, by the customer's reference or
    `EVERYBODY`; both are looked at on every call, so a test may change them on the way.
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
        self._premises: Premises | None = None

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
        self._thread = self._db = self._premises = None

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        """Find a customer by e-mail or phone."""
        answer = await self._run(lambda: self._in.shop.find(email, phone))
        return await self._answer(answer.value.ref if answer.value else "", lambda: answer)

    async def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer's profile."""
        return await self._answer(ref, lambda: self._in.accounts.profile(ref))

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        """Return a customer's recent orders, newest first."""
        return await self._answer(ref, lambda: self._in.shop.orders(ref, self._today))

    async def order(self, number: str) -> Answer[Order]:
        """Return an order by number."""
        return await self._of_order(number, lambda: self._in.shop.order(number, self._today))

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode."""
        return await self._of_order(number, lambda: self._in.shop.prove_order(number, proof, self._today))

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        """Cancel while processing or packed; a packed order costs a small fee."""
        call = self._call(key)
        return await self._of_order(number, lambda: self._in.shop.cancel_order(number, call))

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund", key: str
    ) -> Answer[Refund]:
        """Open a return within 30 days of the delivery; a replacement must be in stock."""
        call = self._call(key)
        return await self._of_order(
            number, lambda: self._in.shop.start_return(number, reason, item, resolution, call)
        )

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the newest refund of an order."""
        return await self._of_order(number, lambda: self._in.shop.refund_status(number))

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Return the invoice of an order that has left."""
        return await self._of_order(number, lambda: self._in.shop.invoice(number))

    async def change_address(
        self, address: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[AddressChange]:
        """Change the address of an order that has not left, or of a customer."""
        call = self._call(key)
        return await self._answer(
            ref or await self._customer_of(number),
            lambda: self._in.accounts.change_address(address, ref, number, call),
        )

    async def grant_goodwill(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, *, key: str
    ) -> Answer[Goodwill]:
        """Give a voucher that is good for a year."""
        call = self._call(key)
        return await self._answer(
            ref, lambda: self._in.vouchers.grant(ref, number, amount, currency, reason, call)
        )

    async def set_preferences(
        self, ref: str, changes: Mapping[str, bool], *, key: str
    ) -> Answer[Preferences]:
        """Change some of a customer's preferences; return them all."""
        call = self._call(key)
        return await self._answer(ref, lambda: self._in.accounts.set_preferences(ref, changes, call))

    async def update_account_holder(
        self, ref: str, changes: Mapping[str, str], *, key: str
    ) -> Answer[Profile]:
        """Change a customer's name, e-mail or phone."""
        call = self._call(key)
        return await self._answer(ref, lambda: self._in.accounts.update_account_holder(ref, changes, call))

    async def close_account(self, ref: str, *, key: str) -> Answer[Closure]:
        """Close a customer's account in a fortnight."""
        call = self._call(key)
        return await self._answer(ref, lambda: self._in.accounts.close_account(ref, call))

    async def open_case(
        self, kind: str, text: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[Case]:
        """Open a case; an answer is promised in two working days."""
        call = self._call(key)
        return await self._answer(
            ref or await self._customer_of(number),
            lambda: self._in.cases.open_case(kind, text, ref, number, call),
        )

    async def case(self, number: str) -> Answer[Case]:
        """Return a case."""
        ref = await self._run(lambda: self._in.cases.customer_of(number))
        return await self._answer(ref, lambda: self._in.cases.case(number))

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return the articles that fit a text best."""
        return await self._answer("", lambda: self._in.catalogue.find(text))

    async def solve(self, number: str, answer: str) -> Answer[Case]:
        """Solve a case on demand: nobody works in a demo shop."""
        return await self._run(lambda: self._in.cases.solve(number, answer))

    async def changes(self) -> list[Change]:
        """Return every change that really happened, oldest first: what tests count."""
        return await self._run(lambda: self._in.ledger.changes())

    @property
    def _today(self) -> date:
        return today(self._clock)

    @property
    def _in(self) -> Premises:
        if self._premises is None:
            raise RuntimeError("the demo shop is not started")
        return self._premises

    def _call(self, key: str) -> Call:
        return Call(key=key, today=self._today, at=self._clock.now().isoformat())

    def _open(self) -> None:
        self._db = opened(self._path, self._seed, self._today)
        self._premises = Premises(self._db)

    async def _customer_of(self, number: str) -> str:
        if not (self._delays or self._failures):
            return ""  # nobody will look at it
        return await self._run(lambda: self._in.shop.customer_of(number))

    async def _of_order(self, number: str, work: Callable[[], Answer[T]]) -> Answer[T]:
        return await self._answer(await self._customer_of(number), work)

    async def _answer(self, ref: str, work: Callable[[], Answer[T]]) -> Answer[T]:
        delay = self._delays.get(ref, self._delays.get(EVERYBODY, 0.0))
        if delay:
            await self._clock.sleep(delay)
        failure = self._failures.get(ref, self._failures.get(EVERYBODY))
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
