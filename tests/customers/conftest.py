"""A fake company with the demo shop's data, and the adapter that asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from connectors.customers.demo import DemoDirectory
from connectors.customers.http import Access, HttpDirectory, Limits
from tests.contract.test_directory import SEED
from tests.fake_company import TOKEN, FakeCompany
from tests.support.clock import FakeClock
from tests.support.metrics import Counts

T = TypeVar("T")
NEVER = Limits(in_a_row=1_000, least=1_000)
"""A breaker that does not open, for tests of single failures."""

Open = Callable[..., Awaitable[HttpDirectory]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[FakeCompany]:
    demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=SEED)
    await demo.start()
    async with FakeCompany(demo) as company:
        yield company
    await demo.stop()


@pytest.fixture
async def connect(company: FakeCompany, clock: FakeClock, counts: Counts) -> AsyncIterator[Open]:
    """Return a function that opens an adapter; all are closed at the end."""
    opened: list[HttpDirectory] = []

    async def connect(limits: Limits = NEVER, **access: object) -> HttpDirectory:
        given = Access(**{"url": company.url, "token": TOKEN, **access})  # type: ignore[arg-type]
        directory = HttpDirectory(given, clock=clock, metrics=counts, limits=limits)
        await directory.start()
        opened.append(directory)
        return directory

    yield connect
    for directory in opened:
        await directory.stop()


@pytest.fixture
async def directory(connect: Open) -> HttpDirectory:
    return await connect()


@pytest.fixture
def patiently(clock: FakeClock) -> Callable[[Awaitable[T]], Awaitable[T]]:
    """Return a function that awaits a call and moves the clock over its pauses."""

    async def patiently(call: Awaitable[T]) -> T:
        task = asyncio.ensure_future(call)
        while not task.done():
            if clock.sleepers:
                await clock.advance(0.05)
            await asyncio.sleep(0.001)
        return await task

    return patiently
