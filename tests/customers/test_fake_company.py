"""The fake company is as strict as we say: without this, the tests on it would prove nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.domain.customer import Answer, Status
from tests.fake_company import TOKEN, FakeCompany

JSON = {"content-type": "application/json"}


@pytest.fixture
async def http(company: FakeCompany) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=company.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/orders", {}),
        ("DELETE", "/orders/4521", {}),
        ("GET", "/orders/4521/", {}),
        ("GET", "/orders/4521?full=1", {}),
        ("GET", "/orders/45%2021", {}),
        ("GET", "/orders/4521", {"headers": {"x-other": "1"}}),
        ("GET", "/orders/4521", {"headers": {"idempotency-key": "k"}}),
        ("GET", "/orders/4521", {"content": b"{}", "headers": JSON}),
        ("POST", "/orders/4522/cancellation", {}),
        ("POST", "/orders/4522/cancellation", {"headers": {"idempotency-key": "a b"}}),
        ("POST", "/orders/4522/cancellation", {"headers": {"idempotency-key": "k"}, "content": b"{}"}),
        ("POST", "/orders/4521/proof", {"content": b'{"proof": "x"}'}),
        ("POST", "/orders/4521/proof", {"content": b"{", "headers": JSON}),
        ("POST", "/orders/4521/proof", {"json": {}}),
        ("POST", "/orders/4521/proof", {"json": {"proof": 1}}),
        ("POST", "/orders/4521/proof", {"json": {"proof": "x", "more": "y"}}),
        ("POST", "/customers/search", {"json": {"email": "a", "phone": "b"}}),
        ("PATCH", "/customers/C1001", {"json": {"tier": "gold"}, "headers": {"idempotency-key": "k"}}),
    ],
)
async def test_refuses_what_is_not_in_the_document(
    http: httpx.AsyncClient, company: FakeCompany, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = await http.request(method, path, **more)
    assert answer.status_code in (400, 404)
    assert company.violations
    assert company.shop.changed == []


async def test_asks_for_the_token(company: FakeCompany) -> None:
    async with httpx.AsyncClient(base_url=company.url, trust_env=False) as client:
        assert (await client.get("/status")).status_code == 401
        wrong = await client.get("/status", headers={"authorization": f"Bearer {TOKEN}x"})
        assert wrong.status_code == 401


async def test_a_key_belongs_to_one_call(http: httpx.AsyncClient, company: FakeCompany) -> None:
    key = {"idempotency-key": "k1"}
    first = await http.post("/orders/4522/cancellation", headers=key)
    again = await http.post("/orders/4522/cancellation", headers=key)
    assert (first.status_code, again.content) == (200, first.content)
    for other in (
        await http.post("/orders/4525/cancellation", headers=key),
        await http.post("/orders/4522/returns", headers=key, json={"reason": "", "resolution": "refund"}),
    ):
        assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert [call.operation for call in company.shop.changed] == ["cancel_order"]
    assert company.violations == []


async def test_many_at_once_with_one_key_change_once(http: httpx.AsyncClient, company: FakeCompany) -> None:
    key = {"idempotency-key": "k1"}
    answers = await asyncio.gather(*(http.post("/orders/4522/cancellation", headers=key) for _ in range(8)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(company.shop.changed) == 1


async def test_its_own_answers_are_judged_too(http: httpx.AsyncClient, company: FakeCompany) -> None:
    class Odd:
        async def order(self, number: str) -> Answer[Any]:
            return Answer(status=Status.OK, value={"number": number, "total": 1.5})

    company.shop.directory = Odd()  # type: ignore[assignment]
    answer = await http.get("/orders/4521")
    assert answer.status_code == 500
    assert any("total" in violation for violation in company.violations)
