"""Every way in which a company's system fails, over real HTTP: what customers and operators are told."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.customer import Answer, Status
from connectors.customers.http import Access, HttpDirectory
from tests.customers.conftest import NEVER, Open
from tests.fake_company import TOKEN, Broken, Drop, FakeCompany, Fault, Held, Lose, Raw, Slow
from tests.servers import free_port
from tests.support.clock import FakeClock
from tests.support.metrics import Counts

LATER: Answer[Any] = Answer(status=Status.TRY_LATER)
PROBLEM = {"content-type": "application/problem+json"}
ORDER = {
    "number": "4521",
    "customer_ref": "C1001",
    "status": "shipped",
    "placed_on": "2026-02-26",
    "total": "128.00",
    "currency": "GBP",
    "items": [],
    "cancellable": False,
    "returnable": False,
    "changeable": False,
}
Patiently = Callable[[Awaitable[Any]], Awaitable[Any]]


# --- tried again -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Drop(), Lose(), Broken(status=500), Broken(status=502), Broken(status=503), Broken(status=429)],
)
async def test_a_read_is_tried_again(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently, fault: Fault
) -> None:
    company.faults += [fault, fault]
    assert (await patiently(directory.order("4521"))).ok
    assert len(company.received) == 3
    assert company.violations == []


@pytest.mark.parametrize("fault", [Drop(), Lose(), Broken(status=503), Broken(status=429)])
async def test_three_times_and_then_later(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently, counts: Counts, fault: Fault
) -> None:
    company.always = fault
    with capture_logs() as logs:
        assert await patiently(directory.order("4521")) == LATER
    assert len(company.received) == 3
    assert [(entry["event"], entry["operation"]) for entry in logs] == [("directory_unavailable", "order")]
    assert sum(n for key, n in counts.counted.items() if key[:2] == ("directory_http", "order")) == 3


class Pauses(FakeClock):
    """A clock that notes how long it is asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)


async def test_pauses_grow_and_are_not_all_alike(company: FakeCompany) -> None:
    clock = Pauses()
    directory = HttpDirectory(
        Access(url=company.url, token=TOKEN), clock=clock, metrics=Counts(), limits=NEVER
    )
    await directory.start()
    company.always = Broken(status=500)
    for _ in range(5):
        await directory.order("4521")
    await directory.stop()
    first, second = clock.asked[::2], clock.asked[1::2]
    assert len(first) == len(second) == 5
    assert all(0.1 <= pause <= 0.2 for pause in first)
    assert all(0.2 <= pause <= 0.4 for pause in second)
    assert len(set(first)) > 1


async def test_waits_as_long_as_it_is_asked_to(
    directory: HttpDirectory, company: FakeCompany, clock: FakeClock
) -> None:
    company.faults.append(Broken(status=429, headers={"retry-after": "3"}))
    call = asyncio.create_task(directory.order("4521"))
    while not clock.sleepers:
        await asyncio.sleep(0.001)
    await clock.advance(2.9)
    assert (len(company.received), clock.sleepers) == (1, 1)
    await clock.advance(0.1)
    assert (await call).ok


async def test_a_date_to_wait_for(directory: HttpDirectory, company: FakeCompany, clock: FakeClock) -> None:
    until = format_datetime(clock.now() + timedelta(seconds=2), usegmt=True)
    company.faults.append(Broken(status=503, headers={"retry-after": until}))
    call = asyncio.create_task(directory.order("4521"))
    while not clock.sleepers:
        await asyncio.sleep(0.001)
    await clock.advance(2.0)
    assert (await call).ok


@pytest.mark.parametrize("told", ["600", "999999999999", "Wed, 01 Jan 2070 00:00:00 GMT"])
async def test_does_not_wait_longer_than_the_call_may_take(
    directory: HttpDirectory, company: FakeCompany, told: str
) -> None:
    company.faults.append(Broken(status=503, headers={"retry-after": told}))
    assert await directory.order("4521") == LATER
    assert len(company.received) == 1


@pytest.mark.parametrize("told", ["soon", "-1", "1.5", "\u0663".encode().decode("latin-1"), ""])
async def test_a_wait_that_means_nothing_is_our_own(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently, told: str
) -> None:
    company.faults.append(Broken(status=503, headers={"retry-after": told}))
    assert (await patiently(directory.order("4521"))).ok


# --- too slow, or not there --------------------------------------------------------------------


async def test_too_slow_is_later(connect: Open, company: FakeCompany) -> None:
    directory = await connect(limit=0.2)
    company.always = Slow(seconds=30)
    with capture_logs() as logs:
        assert await directory.order("4521") == LATER
    assert len(company.received) == 1
    assert logs[0]["reason"] == "no answer within 0.2 s"


async def test_slow_within_the_limit_is_no_failure(connect: Open, company: FakeCompany) -> None:
    directory = await connect(limit=5.0)
    company.faults.append(Slow(seconds=0.3))
    assert (await directory.order("4521")).ok


async def test_others_do_not_wait_for_a_slow_answer(connect: Open, company: FakeCompany) -> None:
    directory, answered = await connect(limit=60.0), asyncio.Event()
    company.faults.append(Held(until=answered))
    slow = asyncio.create_task(directory.order("4521"))
    while not company.received:
        await asyncio.sleep(0.001)
    answers = await asyncio.gather(*(directory.order("4522") for _ in range(20)))
    assert all(answer.ok for answer in answers)
    assert not slow.done()
    answered.set()
    assert (await slow).ok


async def test_nobody_listens(connect: Open, patiently: Patiently, counts: Counts) -> None:
    directory = await connect(url=f"http://127.0.0.1:{free_port()}")
    assert await patiently(directory.order("4521")) == LATER
    assert counts.counted["directory_http", "order", "ConnectError"] == 3


async def test_a_connection_that_is_not_made_in_time(
    connect: Open, patiently: Patiently, counts: Counts
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # nobody shakes hands
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        directory = await connect(url=url, connect_limit=0.1)
        assert await patiently(directory.order("4521")) == LATER
    assert counts.counted["directory_http", "order", "ConnectTimeout"] == 3


async def test_plain_text_where_a_certificate_should_be(
    connect: Open, company: FakeCompany, patiently: Patiently
) -> None:
    directory = await connect(url=company.url.replace("http://", "https://"))
    assert await patiently(directory.order("4521")) == LATER
    assert company.received == []


# --- answers that are not in the document -----------------------------------------------------


def order(**changes: Any) -> bytes:
    return json.dumps({**ORDER, **changes}).encode()


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        (Raw(body=b"<html>It works!</html>"), "body"),
        (Raw(body=b""), "body"),
        (Raw(body=b"\xff\xfe{"), "body"),
        (Raw(body=b'{"number": "\xff"}'), "body"),
        (Raw(body=b"[" * 100_000), "body"),
        (Raw(body=b'{"x": ' + b"[" * 100_000), "body"),
        (Raw(body=b"null"), "body"),
        (Raw(body=b"{}"), "body"),
        (Raw(body=order(total=128.0)), "total"),
        (Raw(body=order(total="NaN")), "total"),
        (Raw(body=order(total="-1.00")), "total"),
        (Raw(body=order(total="1e9")), "total"),
        (Raw(body=order(currency="pounds")), "currency"),
        (Raw(body=order(status="lost")), "status"),
        (Raw(body=order(placed_on="26.02.2026")), "placed_on"),
        (Raw(body=order(cancellable="yes")), "cancellable"),
        (Raw(body=order(items=[{"name": "Lamp", "quantity": 0, "price": "1"}])), "items[0].quantity"),
        (Raw(body=order(items=[{"name": "Lamp", "quantity": 1}])), "items[0]"),
        (Raw(body=order(tracking_url="javascript:alert(1)")), "tracking_url"),
        (Raw(body=order(carrier="a\nb")), "carrier"),
        (Raw(body=order(carrier="x" * 501)), "carrier"),
        (Raw(body=order(number="4522")), "number"),
        (Raw(body=order(), headers={"content-type": "text/html"}), "content-type"),
        (Raw(body=order(), headers={}), "content-type"),
        (
            Raw(body=order(), headers={"content-type": "application/json", "content-encoding": "gzip"}),
            "content-encoding",
        ),
        (Raw(body=order(carrier="x" * (2 << 20))), "body"),
        (Raw(body=b" " * 65_536, endless=True), "body"),
        (Raw(status=201, body=order()), "status"),
        (Raw(status=204), "status"),
        (Raw(status=301, headers={"location": "/baton/v1/orders/4522"}), "status"),
        (Raw(status=302, headers={"location": "https://elsewhere.example.com/"}), "status"),
        (Raw(status=400, body=b"{}"), "status"),
        (Raw(status=404, body=b"<html>", headers={"content-type": "text/html"}), "content-type"),
        (Raw(status=404, body=b'{"code": "no_route"}', headers=PROBLEM), "code"),
        (Raw(status=409, body=b'{"title": "no"}', headers=PROBLEM), "body"),
        (Raw(status=409, body=b'{"code": "Not Possible!"}', headers=PROBLEM), "code"),
        (Raw(status=409, body=b'{"code": "key_reused"}', headers=PROBLEM), "code"),
        (Raw(status=422, body=b"oops", headers=PROBLEM), "body"),
    ],
)
async def test_an_answer_that_does_not_fit_is_named_and_not_repeated(
    directory: HttpDirectory, company: FakeCompany, fault: Raw, field: str
) -> None:
    company.always = fault
    with capture_logs() as logs:
        assert await directory.order("4521") == LATER
    assert len(company.received) == 1
    assert [(entry["event"], entry["field"], entry["log_level"]) for entry in logs] == [
        ("directory_answer_invalid", field, "error")
    ]


async def test_what_is_described_and_more_is_read(directory: HttpDirectory, company: FakeCompany) -> None:
    company.faults.append(Raw(body=order(colour="red", carrier=None, number="4521")))
    answer = await directory.order("4521")
    assert answer.value is not None
    assert (answer.value.number, answer.value.carrier) == ("4521", "")


async def test_numbers_are_the_same_in_capitals(directory: HttpDirectory, company: FakeCompany) -> None:
    company.faults.append(Raw(body=order(number="ab-1")))
    answer = await directory.order("AB-1")
    assert answer.value is not None
    assert answer.value.number == "AB-1"


async def test_another_customers_orders_are_not_shown(
    directory: HttpDirectory, company: FakeCompany
) -> None:
    company.faults.append(
        Raw(body=json.dumps({"orders": [ORDER, {**ORDER, "customer_ref": "C1002"}]}).encode())
    )
    with capture_logs() as logs:
        assert await directory.orders("C1001") == LATER
    assert logs[0]["field"] == "customer_ref"


async def test_another_customers_profile_is_not_shown(
    directory: HttpDirectory, company: FakeCompany
) -> None:
    company.faults.append(Raw(body=b'{"ref": "C1002", "name": "Tariq Mahmood"}'))
    assert await directory.profile("C1001") == LATER


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_token_is_for_operators(connect: Open, company: FakeCompany, status: int) -> None:
    directory = await connect(token="not-the-right-token")
    if status == 403:
        company.always = Broken(status=403)
    with capture_logs() as logs:
        assert await directory.order("4521") == LATER
    assert len(company.received) == 1
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("directory_not_authorised", "error")
    ]


async def test_refusals_have_their_codes(directory: HttpDirectory, company: FakeCompany) -> None:
    for status in (409, 422):
        company.faults.append(Raw(status=status, body=b'{"code": "some_new_rule"}', headers=PROBLEM))
        answer = await directory.cancel_order("4522", key=f"k{status}")
        assert (answer.status, answer.detail) == (Status.REFUSED, "some_new_rule")


# --- what is asked -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["", " ", ".", "..", "../C1001", "a/b", "a?b", "a#b", "a%2e", "a\nb", "4521\n", "é", "x" * 101],
)
async def test_impossible_numbers_are_not_asked_about(
    directory: HttpDirectory, company: FakeCompany, number: str
) -> None:
    for answer in (
        await directory.order(number),
        await directory.prove_order(number, "M1 4BT"),
        await directory.cancel_order(number, key="k"),
        await directory.profile(number),
        await directory.case(number),
        await directory.invoice(number),
    ):
        assert answer.status is Status.NOT_FOUND
    assert company.received == []


async def test_nothing_to_find_or_to_prove_is_not_asked(
    directory: HttpDirectory, company: FakeCompany
) -> None:
    assert (await directory.find()).status is Status.NOT_FOUND
    assert (await directory.find(email="  ")).status is Status.NOT_FOUND
    assert (await directory.prove_order("4521", " ")).status is Status.NOT_FOUND
    assert company.received == []


@pytest.mark.parametrize("key", ["plain:1:4522", "with blanks", "ключ", "x" * 500, "line\r\nX-Other: 1"])
async def test_any_key_can_be_sent(directory: HttpDirectory, company: FakeCompany, key: str) -> None:
    first = await directory.cancel_order("4522", key=key)
    assert first.ok
    assert await directory.cancel_order("4522", key=key) == first
    assert (await directory.cancel_order("4522", key=f"{key}2")).status is Status.REFUSED
    assert company.violations == []


async def test_long_words_are_cut_and_not_refused(directory: HttpDirectory, company: FakeCompany) -> None:
    assert (await directory.open_case("other", "x" * 10_000, key="k")).ok
    assert (await directory.start_return("4523", "x" * 10_000, key="k2")).ok
    assert (await directory.find_products("x" * 10_000)).ok
    assert company.violations == []


async def test_no_customer_data_in_logs(
    directory: HttpDirectory, company: FakeCompany, patiently: Patiently
) -> None:
    secret = "Zanzibar"
    rubbish = [
        order(status=secret),
        order(placed_on=secret),
        order(carrier=f"{secret}\n"),
        secret.encode(),
        f'{{"{secret}": "\xff"}}'.encode("latin-1"),
    ]
    company.faults += [Raw(body=body) for body in rubbish]
    company.faults += [Broken(status=401), Drop(), Drop(), Drop()]
    with capture_logs() as logs:
        for _ in range(len(rubbish) + 2):
            await patiently(directory.prove_order(secret, secret))
    assert len(logs) == len(rubbish) + 2
    assert secret not in repr(logs)


async def test_must_be_started(company: FakeCompany) -> None:
    directory = HttpDirectory(Access(url=company.url), clock=FakeClock(), metrics=Counts())
    with pytest.raises(RuntimeError, match="not started"):
        await directory.order("4521")
    await directory.stop()
