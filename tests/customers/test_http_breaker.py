"""The circuit breaker: by itself on a clock that tests move, and between the adapter and a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.customer import Status
from connectors.customers.http import Limits
from connectors.customers.http.breaker import Breaker, State
from tests.customers.conftest import Open
from tests.fake_company import Broken, Drop, FakeCompany, Raw, Slow
from tests.support.clock import FakeClock
from tests.support.metrics import Counts

Patiently = Callable[[Awaitable[Any]], Awaitable[Any]]
LIMITS = Limits(in_a_row=3, share=0.5, least=10, window=60, pause=10, longest=40)


@pytest.fixture
def breaker(clock: FakeClock, counts: Counts) -> Breaker:
    return Breaker(clock=clock, metrics=counts, limits=LIMITS)


def call(breaker: Breaker, *, ok: bool) -> None:
    admission = breaker.admit()
    assert admission is not None
    breaker.report(admission, ok=ok)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        call(breaker, ok=False)


def test_opens_after_failures_in_a_row(breaker: Breaker, counts: Counts) -> None:
    with capture_logs() as logs:
        fail(breaker, 2)
        call(breaker, ok=True)
        fail(breaker, 2)
        assert breaker.state is State.CLOSED
        fail(breaker, 1)
    assert breaker.state is State.OPEN
    assert breaker.admit() is None
    assert counts.counted["directory_breaker", "open"] == 1
    assert [(e["event"], e["state"], e["seconds"]) for e in logs] == [("directory_breaker", "open", 10)]


def test_opens_by_share(breaker: Breaker) -> None:
    for number in range(9):
        call(breaker, ok=number % 2 == 0)
    assert breaker.state is State.CLOSED
    call(breaker, ok=False)
    assert breaker.state is State.OPEN


def test_old_failures_are_forgotten(breaker: Breaker, clock: FakeClock) -> None:
    for number in range(8):
        call(breaker, ok=number % 2 == 0)
    clock.move(61)
    for number in range(9):
        call(breaker, ok=number % 2 == 0)
    assert breaker.state is State.CLOSED


def test_a_probe_that_works_closes(breaker: Breaker, clock: FakeClock, counts: Counts) -> None:
    fail(breaker, 3)
    clock.move(9.9)
    assert breaker.admit() is None
    clock.move(0.1)
    assert breaker.state is State.HALF_OPEN
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None, "one at a time"
    breaker.report(probe, ok=True)
    assert breaker.state is State.CLOSED
    fail(breaker, 2)
    assert breaker.state is State.CLOSED, "it begins from nothing"
    assert [counts.counted["directory_breaker", s] for s in ("open", "half_open", "closed")] == [1, 1, 1]


def test_a_probe_that_fails_doubles_the_pause_up_to_a_limit(breaker: Breaker, clock: FakeClock) -> None:
    fail(breaker, 3)
    for pause in (10, 20, 40, 40):
        clock.move(pause - 0.1)
        assert breaker.state is State.OPEN
        clock.move(0.1)
        call(breaker, ok=False)
    clock.move(40)
    call(breaker, ok=True)
    fail(breaker, 3)
    clock.move(10)
    assert breaker.state is State.HALF_OPEN, "the next time is the first again"


def test_a_cancelled_probe_makes_room_for_another(breaker: Breaker, clock: FakeClock) -> None:
    fail(breaker, 3)
    clock.move(10)
    probe = breaker.admit()
    assert probe is not None
    breaker.forget(probe)
    call(breaker, ok=True)
    assert breaker.state is State.CLOSED


def test_calls_from_before_do_not_count(breaker: Breaker, clock: FakeClock) -> None:
    early = [breaker.admit() for _ in range(4)]
    fail(breaker, 3)
    assert early[0] is not None
    breaker.report(early[0], ok=True)
    assert breaker.state is State.OPEN
    clock.move(10)
    assert early[1] is not None
    breaker.report(early[1], ok=False)
    assert breaker.state is State.HALF_OPEN
    call(breaker, ok=True)
    assert early[2] is not None
    assert early[3] is not None
    for admission in (early[2], early[3], early[3]):
        breaker.report(admission, ok=False)
    assert breaker.state is State.CLOSED


# --- between the adapter and a server ----------------------------------------------------------


async def test_while_open_nothing_is_asked(
    connect: Open, company: FakeCompany, clock: FakeClock, patiently: Patiently, counts: Counts
) -> None:
    directory = await connect(Limits(in_a_row=3))
    company.always = Broken(status=500)
    for _ in range(3):
        assert (await patiently(directory.order("4521"))).status is Status.TRY_LATER
    company.received.clear()
    for call in (
        directory.order("4521"),
        directory.find(email="a@b.c"),
        directory.cancel_order("1", key="k"),
    ):
        with capture_logs() as logs:
            assert (await call).status is Status.TRY_LATER
        assert [entry["log_level"] for entry in logs] == ["debug"]
    assert company.received == []
    assert counts.counted["directory_http", "order", "left_alone"] == 1
    company.always = None
    clock.move(10)
    assert (await directory.order("4521")).ok
    assert (await directory.order("4522")).ok
    assert len(company.received) == 2


async def test_only_one_probe_is_under_way(
    connect: Open, company: FakeCompany, clock: FakeClock, patiently: Patiently
) -> None:
    directory = await connect(Limits(in_a_row=1))
    company.faults += [Drop(), Drop(), Drop()]
    await patiently(directory.order("4521"))
    clock.move(10)
    company.received.clear()
    company.faults.append(Slow(seconds=0.2))
    answers = await asyncio.gather(*(directory.order("4521") for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [Status.OK, *[Status.TRY_LATER] * 9]
    assert len(company.received) == 1


async def test_a_cancelled_probe_does_not_block(
    connect: Open, company: FakeCompany, clock: FakeClock
) -> None:
    directory = await connect(Limits(in_a_row=1), limit=0.2)
    company.always = Slow(seconds=30)
    assert (await directory.order("4521")).status is Status.TRY_LATER
    clock.move(10)
    probe = asyncio.create_task(directory.order("4521"))
    await asyncio.sleep(0.05)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    company.always = None
    assert (await directory.order("4521")).ok


@pytest.mark.parametrize(
    "answers",
    [
        Raw(body=b"rubbish"),
        Raw(status=302),
        Broken(status=401),
        Broken(status=404),
        Broken(status=409),
    ],
)
async def test_a_system_that_answers_is_there(
    connect: Open, company: FakeCompany, answers: Raw | Broken
) -> None:
    directory = await connect(Limits(in_a_row=2))
    company.always = answers
    for _ in range(5):
        await directory.order("4521")
    assert len(company.received) == 5
