"""The demo shop beyond the directory's contract: its catalogue, its cases, its file, its moods."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.domain.customer import Status
from connectors.customers.demo import EVERYBODY, DemoDirectory, Failure
from connectors.customers.demo.accounts import complete
from connectors.customers.demo.cases import working_days_after
from tests.support.clock import FakeClock

SEED = Path(__file__).parents[2] / "data" / "demo" / "shop.json"
FIRST_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE customers (ref TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (number TEXT PRIMARY KEY, customer_ref TEXT NOT NULL REFERENCES customers);
CREATE INDEX orders_by_customer ON orders (customer_ref);
CREATE TABLE calls (key TEXT PRIMARY KEY, method TEXT NOT NULL);
INSERT INTO meta VALUES ('today', '2026-02-01');
INSERT INTO customers VALUES ('C1001', 'Jane Miller');
INSERT INTO orders VALUES ('4521', 'C1001');
"""


@pytest.fixture
def failures() -> dict[str, Failure]:
    return {}


@pytest.fixture
async def shop(tmp_path: Path, failures: dict[str, Failure]) -> AsyncIterator[DemoDirectory]:
    demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=SEED, failures=failures)
    await demo.start()
    yield demo
    await demo.stop()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("do you have a blue rug", "RUG-06"),
        ("do you have blue rugs?", "RUG-06"),
        ("i'm looking for a bleu rug", "RUG-06"),
        ("any blue carpets in stock", "RUG-06"),
        ("how big is the kilim", "RUG-03"),
        ("KILIM RUNNER", "RUG-03"),
        ("is the glass teapot dishwasher safe?", "TEA-02"),
        ("can the cast iron tea pot go on the hob", "TEA-01"),
        ("what is the armchair made of", "FUR-02"),
        ("velvet armchiar", "FUR-02"),
        ("dining chairs", "FUR-03"),
        ("When will the mohair throw be back?", "TXT-01"),
        ("senhca", "TEA-09"),
        ("do the beeswax candles drip", "HOM-01"),
        ("bookcase", "FUR-04"),
        ("walnut bookcases in stock?", "FUR-04"),
        ("something to store shoes", "FUR-06"),
        ("tablelamp blue", "LMP-02"),
        ("mirror for the bathroom", "HOM-03"),
    ],
)
async def test_finds_what_was_meant(shop: DemoDirectory, text: str, first: str) -> None:
    found = (await shop.find_products(text)).value or ()
    assert [product.sku for product in found][:1] == [first], [product.name for product in found]
    assert len(found) <= 5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("lamps", "LMP"),
        ("do you sell rugs", "RUG"),
        ("green tea", "TEA"),
        ("tea", "TEA"),
        ("darjeeling or assam", "TEA"),
    ],
)
async def test_finds_several_of_a_kind(shop: DemoDirectory, text: str, kind: str) -> None:
    found = (await shop.find_products(text)).value or ()
    assert len(found) >= 2
    assert {product.sku[:3] for product in found} == {kind}


@pytest.mark.parametrize(
    "text", ["do you have any", "a blue sofa bed", "laptop", "garden hose", "my order is late", "x" * 300]
)
async def test_what_is_not_sold_is_not_found(shop: DemoDirectory, text: str) -> None:
    assert [product.name for product in (await shop.find_products(text)).value or ()] == []


async def test_an_article_that_is_named_in_full_is_found_alone(shop: DemoDirectory) -> None:
    products = json.loads(SEED.read_text(encoding="utf-8"))["products"]
    for product in products:
        for text in (product["name"], f"Have you got {product['sku'].lower()}?"):
            found = (await shop.find_products(text)).value or ()
            assert [article.sku for article in found] == [product["sku"]]


async def test_what_is_sold_out_comes_back_on_a_day(shop: DemoDirectory) -> None:
    throw = ((await shop.find_products("mohair throw")).value or ())[0]
    rug = ((await shop.find_products("wool rug")).value or ())[0]
    assert (throw.in_stock, throw.restock_on) == (False, date(2026, 3, 11))
    assert (rug.in_stock, rug.restock_on) == (True, None)


def test_the_seed_fits_together() -> None:
    seed: dict[str, Any] = json.loads(SEED.read_text(encoding="utf-8"))
    products = {product["sku"]: product for product in seed["products"]}
    lines = [line for order in seed["orders"] for line in order["items"]]
    assert len(products) >= 40
    assert all(products[line["sku"]]["name"] == line["name"] for line in lines)
    assert all(products[line["sku"]]["price"] == line["price"] for line in lines)
    assert all(complete(customer["address"]) for customer in seed["customers"])
    assert all(customer["postcode"] in customer["address"] for customer in seed["customers"])


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("12 High Street, Leeds, LS1 4AP", True),
        ("flat 2b, 12 high st leeds ls14ap", True),
        ("Hauptstraße 5, 10115 Berlin", True),
        ("350 5th Avenue, New York, NY 10118-0110", True),
        ("Keizersgracht 12, 1015 CS Amsterdam", True),
        ("3 Quay Road, Galway, H91 E2K3", True),
        ("12 High Street, Leeds", False),
        ("High Street, Leeds, LS1 4AP", False),
        ("LS1 4AP", False),
        ("10115 Berlin", False),
        ("my new house", False),
        ("", False),
    ],
)
def test_addresses(address: str, whole: bool) -> None:
    assert complete(address) is whole


@pytest.mark.parametrize(
    ("opened", "promised"),
    [(date(2026, 3, 2), 4), (date(2026, 3, 5), 9), (date(2026, 3, 6), 10), (date(2026, 3, 7), 10)],
)
def test_a_promise_counts_working_days(opened: date, promised: int) -> None:
    assert working_days_after(opened, 2) == date(2026, 3, promised)


async def test_a_case_is_solved_on_demand(shop: DemoDirectory) -> None:
    case = (await shop.open_case("complaint", "Rude.", number="4521", key="k1")).value
    assert case is not None
    assert (case.customer_ref, case.promised_by) == ("C1001", date(2026, 3, 4))
    solved = (await shop.solve(case.number, "We are sorry.")).value
    assert solved is not None
    assert (solved.state, solved.answer) == ("solved", "We are sorry.")
    assert (await shop.case(case.number)).value == solved
    assert (await shop.open_case("complaint", "Rude.", number="4521", key="k1")).value == case
    assert (await shop.solve("K0", "x")).status is Status.NOT_FOUND


async def test_small_things_are_not_asked_back(shop: DemoDirectory) -> None:
    tea = await shop.start_return("4542", "stale", item="masala chai blend, 200 G", key="k1")
    pot = await shop.start_return("4523", "cracked", item="Cast-iron teapot, 0.8 l", key="k2")
    assert tea.value is not None
    assert pot.value is not None
    assert (tea.value.send_back, pot.value.send_back) == (False, True)


async def test_a_file_of_an_earlier_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_TABLES)
    for key in ("k1", "k1"):  # and the second start finds it in order
        demo = DemoDirectory(path, FakeClock(), seed=SEED)
        await demo.start()
        assert (await demo.close_account("C1012", key=key)).ok
        assert len(await demo.changes()) == 1
        assert (await demo.order("4521")).ok
        await demo.stop()


async def test_every_method_fails_when_it_is_told_to(
    shop: DemoDirectory, failures: dict[str, Failure]
) -> None:
    case = (await shop.open_case("other", "x", ref="C1001", key="k0")).value
    assert case is not None
    calls = {
        "find": lambda: shop.find(email="jane.miller@example.com"),
        "profile": lambda: shop.profile("C1001"),
        "orders": lambda: shop.orders("C1001"),
        "order": lambda: shop.order("4522"),
        "prove_order": lambda: shop.prove_order("4522", "M1 4BT"),
        "refund_status": lambda: shop.refund_status("4522"),
        "invoice": lambda: shop.invoice("4521"),
        "case": lambda: shop.case(case.number),
        "change_address of an order": lambda: shop.change_address("x", number="4522", key="k1"),
        "change_address": lambda: shop.change_address("x", ref="C1001", key="k2"),
        "set_preferences": lambda: shop.set_preferences("C1001", {"sms": True}, key="k3"),
        "update_account_holder": lambda: shop.update_account_holder("C1001", {"name": "J"}, key="k4"),
        "open_case": lambda: shop.open_case("other", "x", number="4522", key="k5"),
        "start_return": lambda: shop.start_return("4523", "x", key="k6"),
        "cancel_order": lambda: shop.cancel_order("4522", key="k7"),
        "close_account": lambda: shop.close_account("C1001", key="k8"),
    }
    failures["C1001"] = Failure.DOWN
    later = {name for name, call in calls.items() if (await call()).status is Status.TRY_LATER}
    assert later == set(calls)
    assert (await shop.find_products("rug")).ok
    assert (await shop.profile("C1002")).ok
    failures[EVERYBODY] = Failure.BROKEN
    failures["C1002"] = Failure.LOST
    assert (await shop.profile("C1002")).status is Status.TRY_LATER
    with pytest.raises(OSError, match="break"):
        await shop.find_products("rug")
    assert len(await shop.changes()) == 1
