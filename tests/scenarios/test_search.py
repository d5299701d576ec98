"""Search at the desk, with the index that follows the conversations."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.search import HITS, Search
from bot.services.search_index import SearchIndex
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture
async def index(world: World) -> SearchIndex:
    return SearchIndex(store=world.store, bus=world.bus, clock=world.clock)


async def test_hits_stand_with_their_conversation(world: World, index: SearchIndex) -> None:
    ana = await world.agent("Ana")
    for number in range(5):
        await world.ask(f"where is parcel {number}?", sender="kim")
    world.clock.move(1)
    await world.ask("a parcel too", sender="lee")
    assert await index.catch_up() > 6
    assert await index.catch_up() == 0
    found = await Search(store=world.store).search(ana, "PARC", limit=20)
    assert len(found["conversations"]) == 2
    lee, kim = found["conversations"]
    hit = lee["hits"][-1]
    assert (hit["author"], hit["kind"]) == ("customer", "text")
    assert {"text": "parcel", "hit": True} in hit["snippet"]["parts"]
    assert (len(kim["hits"]), kim["conversation"]["unread"]) == (HITS, 5)
    assert found["customers"] == []
    assert (await Search(store=world.store).search(ana, "parc", limit=1))["conversations"][1:] == []


async def test_the_index_follows_hints(world: World, index: SearchIndex) -> None:
    ana, search = await world.agent("Ana"), Search(store=world.store)
    running = asyncio.create_task(index.run())
    try:
        await world.clock.advance(0)
        await world.ask("about the giraffe", sender="kim")
        await world.clock.advance(1)
        assert (await search.search(ana, "giraffe", limit=5))["conversations"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
