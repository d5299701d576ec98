"""Searching over a real socket."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import World, sign_in

SEARCH = "/api/v1/search"


async def test_what_is_asked_goes_to_the_search(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    found = await client.get(SEARCH, params={"q": 'où "is" 👋', "limit": 3})
    assert found.json() == {"conversations": [], "customers": [], "took_ms": 0.1}
    assert (await client.get(SEARCH, params={"q": ""})).status_code == 200
    assert world.search.asked == [("a-kim", 'où "is" 👋', 3), ("a-kim", "", 20)]


@pytest.mark.parametrize(
    "query", ["", "q=" + "a" * 501, "q=a&limit=0", "q=a&limit=51", "q=a&x=1", "q=a&q=b"]
)
async def test_bad_searches(client: httpx.AsyncClient, query: str) -> None:
    await sign_in(client)
    assert (await client.get(f"{SEARCH}?{query}")).status_code == 400


async def test_strangers_find_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get(SEARCH, params={"q": "a"})).status_code == 401
