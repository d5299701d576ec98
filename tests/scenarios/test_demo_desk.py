"""A new demo's desk has teams and canned replies; nobody's own are touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo_desk import furnish
from bot.domain.office import check_placeholders
from tests.support.world import World

FILE = Path(__file__).parents[2] / "data" / "demo" / "desk.json"


@pytest.fixture
async def world() -> World:
    return await World().start()


async def test_a_new_desk_is_furnished_once(world: World) -> None:
    for _ in range(2):
        await furnish(world.store, world.clock, FILE)
    replies = await world.store.read(lambda tx: tx.canned_replies())
    teams = await world.store.read(lambda tx: tx.teams())
    assert len(replies) >= 5
    assert len({reply.shortcut for reply in replies}) == len(replies)
    assert {reply.team for reply in replies} <= {team.name for team in teams} | {""}
    for reply in replies:
        check_placeholders(reply.text)


async def test_what_supervisors_have_made_stays_alone(world: World) -> None:
    await furnish(world.store, world.clock, FILE)
    first = (await world.store.read(lambda tx: tx.canned_replies()))[0]
    for reply in await world.store.read(lambda tx: tx.canned_replies()):
        if reply.id != first.id:
            await world.store.write(lambda tx, gone=reply.id: tx.drop_canned_reply(gone))
    await furnish(world.store, world.clock, FILE)
    assert [reply.id for reply in await world.store.read(lambda tx: tx.canned_replies())] == [first.id]
