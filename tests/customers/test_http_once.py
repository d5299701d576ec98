"""What a customer changes happens once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.customer import Status
from connectors.customers.http import HttpDirectory
from tests.customers.conftest import Open
from tests.fake_company import Broken, Drop, FakeCompany, Lose, Slow

Patiently = Callable[[Awaitable[Any]], Awaitable[Any]]
Change = Callable[[HttpDirectory, str], Awaitable[Any]]
CHANGES: dict[str, Change] = {
    "cancel_order": lambda d, key: d.cancel_order("4522", key=key),
    "start_return": lambda d, key: d.start_return("4523", "damaged", key=key),
    "change_order_address": lambda d, key: d.change_address(
        "9 Orchard Row, Salford, M3 5EN", number="4522", key=key
    ),
    "change_account_address": lambda d, key: d.change_address(
        "9 Orchard Row, Salford, M3 5EN", ref="C1001", key=key
    ),
    "grant_goodwill": lambda d, key: d.grant_goodwill(
        "C1001", "4523", Decimal("10.00"), "GBP", "It came late.", key=key
    ),
    "set_preferences": lambda d, key: d.set_preferences("C1001", {"sms": False}, key=key),
    "update_account_holder": lambda d, key: d.update_account_holder("C1001", {"name": "Jane"}, key=key),
    "close_account": lambda d, key: d.close_account("C1012", key=key),
    "open_case": lambda d, key: d.open_case("other", "Where?", number="4521", key=key),
}


def done(company: FakeCompany) -> Counter[str]:
    """Count what was really carried out, by key."""
    return Counter(call.key for call in company.shop.changed)


def test_every_change_of_the_document_is_here(company: FakeCompany) -> None:
    assert {op.id for op in company.document.operations.values() if op.changes} == set(CHANGES)


@pytest.mark.parametrize("name", CHANGES)
async def test_a_lost_answer_is_fetched_with_the_same_key(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently, name: str
) -> None:
    company.faults += [Lose(), Lose()]
    answer = await patiently(CHANGES[name](directory, "k1"))
    assert answer.ok
    assert [request.headers["idempotency-key"] for request in company.received] == ["k1"] * 3
    assert done(company) == {"k1": 1}
    assert await CHANGES[name](directory, "k1") == answer
    assert done(company) == {"k1": 1}
    assert company.violations == []


async def test_lost_for_good_is_later_and_known_by_its_key(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently
) -> None:
    company.always = Lose()
    assert (await patiently(directory.cancel_order("4522", key="k1"))).status is Status.TRY_LATER
    company.always = None
    assert (await directory.cancel_order("4522", key="k1")).ok
    assert done(company) == {"k1": 1}


async def test_too_slow_an_answer_was_done_too(connect: Open, company: FakeCompany) -> None:
    directory = await connect(limit=0.3)
    company.faults.append(Slow(seconds=30))
    assert (await directory.cancel_order("4522", key="k1")).status is Status.TRY_LATER
    assert (await directory.cancel_order("4522", key="k1")).ok
    assert done(company) == {"k1": 1}


async def test_a_cancelled_call_was_done_too(directory: HttpDirectory, company: FakeCompany) -> None:
    company.faults.append(Slow(seconds=30))
    call = asyncio.create_task(directory.cancel_order("4522", key="k1"))
    while not company.shop.changed:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await directory.cancel_order("4522", key="k1")).ok
    assert done(company) == {"k1": 1}


async def test_the_same_key_for_something_else_is_ours_to_mend(
    directory: HttpDirectory, company: FakeCompany
) -> None:
    assert (await directory.cancel_order("4522", key="k1")).ok
    assert (await directory.cancel_order("4525", key="k1")).status is Status.TRY_LATER
    assert (await directory.order("4525")).value.status == "packed"  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(5))
async def test_once_each_through_a_bad_network(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently, seed: int
) -> None:
    chance = random.Random(seed)
    choices = [None, Lose(), Drop(), Broken(status=503), Broken(status=500), Slow(seconds=0.01)]

    async def insist(key: str) -> Any:
        while True:
            company.faults += [fault for fault in [chance.choice(choices)] if fault]
            answer = await directory.open_case("other", f"About {key}", key=key)
            if answer.ok:
                return answer

    keys = [f"k{i % 12}" for i in range(36)]
    answers = await patiently(asyncio.gather(*map(insist, keys)))
    assert done(company) == dict.fromkeys(keys, 1)
    assert len({answer.value.number for answer in answers}) == 12
    assert company.violations == []
