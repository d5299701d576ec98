"""The demo shop's page: there in demo mode only, strict about what runs on it and whom it signs for."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import compose, settings
from bot.domain.errors import IdentityRefused
from bot.web import DemoShop
from connectors.channels.core.identity import verify
from connectors.customers.demo import DemoDirectory, Failure
from tests.support.clock import FakeClock
from tests.web.conftest import World

ROOT = Path(__file__).parents[2]
SEED = ROOT / "data" / "demo" / "shop.json"
SHOP = json.loads(SEED.read_text(encoding="utf-8"))
STATIC = ROOT / "bot" / "web" / "static"
MINT = "/demo/identity"
JANE = {"customer": "C1001"}
KEY = "k" * 32
PAGES = ["/", "/demo/shop.css", "/demo/shop.js"]


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[DemoDirectory]:
    demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=SEED, failures={})
    await demo.start()
    yield demo
    await demo.stop()


@pytest.fixture
def shop(tmp_path: Path, directory: DemoDirectory) -> DemoShop:
    """Return what the composition root gives the page."""
    loaded = settings.load(
        {"BATON_DEMO": "yes", "BATON_CHAT_IDENTITY_SECRET": KEY, "BATON_PROJECT_DIR": str(ROOT)},
        env_file=tmp_path / "none",
        data_dir=tmp_path,
    )
    parts = compose.parts(loaded, clock=directory._clock)
    return compose.demo_shop(dataclasses.replace(parts, directory=directory))


@pytest.fixture
async def client(world: World, shop: DemoShop) -> AsyncIterator[httpx.AsyncClient]:
    world.shop = shop
    async with world.serve() as client:
        yield client


# --- the page ------------------------------------------------------------------------------------


async def test_page_and_its_files(client: httpx.AsyncClient) -> None:
    kinds = {"/": "text/html", "/demo/shop.css": "text/css", "/demo/shop.js": "text/javascript"}
    for path, kind in kinds.items():
        response = await client.get(path, headers={"accept-encoding": "identity"})
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{kind}; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "content-encoding" not in response.headers
    assert "Wick &amp; Leaf" in (await client.get("/")).text
    assert 'src="/widget.js"' in (await client.get("/")).text


async def test_page_runs_nothing_but_our_own_files(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in response.headers["content-security-policy"]
    page = response.text
    assert len(re.findall(r"<script src=\"/[a-z./]+\" defer[^>]*></script>", page)) == page.count("<script")
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []
    outside = r"url\(|@import|@font-face|https?://"
    assert re.findall(outside, (STATIC / "shop.css").read_text()) == []
    assert re.findall(r"https?://|eval\(|new Function", (STATIC / "shop.js").read_text()) == []


@pytest.mark.parametrize("path", PAGES)
async def test_page_is_kept_and_compressed(client: httpx.AsyncClient, path: str) -> None:
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    assert plain.headers["cache-control"] == "no-cache"
    async with client.stream("GET", path, headers={"accept-encoding": "br, gzip;q=0.5"}) as packed:
        content = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "accept-encoding"
    assert gzip.decompress(content) == plain.content
    assert len(content) < len(plain.content) / 2
    assert packed.headers["etag"] != plain.headers["etag"]
    for tag in (plain.headers["etag"], f'"x", W/{packed.headers["etag"]}', "*"):
        known = await client.get(path, headers={"if-none-match": tag})
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"]
    assert (await client.get(path, headers={"if-none-match": '"x"'})).status_code == 200


async def test_developers_have_a_page_of_their_own(client: httpx.AsyncClient) -> None:
    page = (await client.get("/developers")).text
    assert "widget.js" in page
    assert "/api/v1/session" in page
    assert 'href="/"' in page


def test_articles_are_those_of_the_shop() -> None:
    page = (STATIC / "shop.html").read_text(encoding="utf-8")
    assert f"<title>{SHOP['name'].replace('&', '&amp;')}" in page
    known = {product["sku"]: product for product in SHOP["products"]}
    cards = re.findall(r'<li class="article" data-sku="([A-Z]+-\d+)">(.*?)</li>', page, re.DOTALL)
    assert len(cards) >= 12
    for sku, card in cards:
        assert f"<h3>{known[sku]['name']}</h3>" in card
        assert f'<p class="about">{known[sku]["summary"]}</p>' in card
        assert f'<span class="price">£{known[sku]["price"]}</span>' in card
        assert ("Back soon" in card) == (known[sku]["stock"] == 0)


# --- who one can be ------------------------------------------------------------------------------


async def test_customers_with_their_orders(client: httpx.AsyncClient, directory: DemoDirectory) -> None:
    people = (await client.get("/demo/customers")).json()
    assert [person["ref"] for person in people][:2] == ["C1001", "C1002"]
    assert people[-1]["ref"] == ""
    assert people[-1]["orders"] == []
    assert all(person["about"] and person["tries"] for person in people)
    jane = people[0]
    assert (jane["name"], jane["tier"], jane["points"]) == ("Jane Miller", "gold", 1240)
    assert {order["number"]: order["status"] for order in jane["orders"]}["4522"] == "processing"
    assert "postcode" not in str(jane) + str(jane["orders"])

    await directory.cancel_order("4522", key="k1")
    people = (await client.get("/demo/customers")).json()
    assert {o["number"]: o["status"] for o in people[0]["orders"]}["4522"] == "cancelled"


async def test_a_shop_that_fails_leaves_the_names(
    client: httpx.AsyncClient, directory: DemoDirectory
) -> None:
    directory._failures = {"C1001": Failure.BROKEN, "C1002": Failure.DOWN}
    people = (await client.get("/demo/customers")).json()
    assert [(p["name"], p["tier"], p["orders"]) for p in people[:2]] == [
        ("Jane Miller", "gold", []),
        ("Tariq Mahmood", "standard", []),
    ]
    assert people[2]["orders"]


async def test_a_token_for_a_customer_of_the_page(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post(MINT, json=JANE)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    token = response.json()["token"]
    claim = verify(token, secret=KEY, now=world.clock.now())
    assert (claim.directory_ref, claim.name) == ("C1001", "Jane Miller")
    assert claim.email == "jane.miller@example.com"
    with pytest.raises(IdentityRefused):
        verify(token, secret=KEY, now=world.clock.now() + timedelta(minutes=5, seconds=31))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"customer": "C1003"}, 404),  # of the shop, not of the page
        ({"customer": "C9999"}, 404),
        ({"customer": ""}, 404),  # the stranger
        ({"customer": "C1001", "trust": "verified"}, 400),
        ({"customer": ["C1001"]}, 400),
        ({}, 400),
    ],
)
async def test_no_token_for_others(client: httpx.AsyncClient, body: dict[str, Any], status: int) -> None:
    response = await client.post(MINT, json=body)
    assert response.status_code == status
    assert "token" not in response.text


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"host": "evil.example", "origin": "http://evil.example"},  # a name that was pointed at us
    {"x-forwarded-for": "203.0.113.9", "host": "evil.example", "origin": "http://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_foreign_pages_are_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for response in (
        await client.post(MINT, json=JANE, headers=headers),
        await client.get("/demo/customers", headers=headers),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")


async def test_programs_elsewhere_are_refused(client: httpx.AsyncClient) -> None:
    away = {"x-forwarded-for": "203.0.113.9"}
    assert (await client.post(MINT, json=JANE, headers=away)).status_code == 403


async def test_our_page_is_admitted_wherever_it_is_read(world: World, shop: DemoShop) -> None:
    world.shop, world.public_url = shop, "https://demo.example.com"
    away = {"x-forwarded-for": "203.0.113.9"}
    by_name = {"host": "demo.example.com", "origin": "https://demo.example.com", **away}
    by_number = {"host": "192.0.2.7:8080", "origin": "http://192.0.2.7:8080", **away}
    async with world.serve() as client:
        for headers in (by_name, by_number):
            assert (await client.post(MINT, json=JANE, headers=headers)).status_code == 200
            assert (await client.get("/demo/customers", headers=headers)).status_code == 200
        mixed = {**by_number, "origin": "http://192.0.2.8:8080"}
        assert (await client.post(MINT, json=JANE, headers=mixed)).status_code == 403


# --- without a demo ------------------------------------------------------------------------------


async def test_normal_mode_has_none_of_it(world: World) -> None:
    world.demo = False
    async with world.serve() as client:
        page = await client.get("/")
        assert "<h1>Baton</h1>" in page.text
        assert "/widget.js" in page.text
        assert "Authorization: Bearer $BATON_REST_TOKEN" in page.text
        assert "Wick" not in page.text
        for path in ("/developers", "/demo/customers", "/demo/shop.js", "/demo/shop.css"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post(MINT, json=JANE)).status_code == 404


def test_only_a_demo_is_given_a_shop(tmp_path: Path) -> None:
    def has_page(**environ: str) -> bool:
        given = {"BATON_PROJECT_DIR": str(ROOT), **environ}
        loaded = settings.load(given, env_file=tmp_path / "none", data_dir=tmp_path)
        parts = compose.parts(loaded)
        return "/demo/identity" in {
            f"/{route.path}" for route in compose.web(parts, compose.core(parts))._app.router.routes
        }

    assert has_page(BATON_DEMO="yes") is True
    assert has_page() is False
