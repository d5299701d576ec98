"""What waiting customers are told: place, likely wait, a full queue; and what they may choose."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.agents import Agent
from bot.domain.message import Author
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


async def said(world: World, sender: str = "kim") -> list[str]:
    messages = await world.messages(sender)
    return [m.text for m in messages if m.author is Author.SYSTEM and m.visible_to_customer]


async def waited(world: World, agent: Agent, *minutes: int) -> None:
    """Let others have waited so long before somebody took them over."""
    for number, wait in enumerate(minutes):
        sender = f"before{world.clock.now().timestamp()}-{number}"
        await world.ask("person", sender=sender)
        conversation = await world.conversation(sender)
        handoff = (await world.store.read(lambda tx, c=conversation.id: tx.handoffs(c)))[0]
        asked = replace(handoff, requested_at=handoff.requested_at - timedelta(minutes=wait))
        await world.store.write(lambda tx, h=asked: tx.put_handoff(h))
        await world.desk.claim(agent, conversation.id)
        await world.desk.resolve(agent, conversation.id, note="")


async def test_no_wait_is_told_that_is_not_known(world: World) -> None:
    ana = await world.agent()
    await waited(world, ana, 3, 5, 8, 4)
    await world.ask("person")
    assert "utter_system_queue_place" in (await said(world))[-1]


async def test_a_likely_wait_is_a_range(world: World) -> None:
    ana = await world.agent()
    await waited(world, ana, 3, 4, 5, 8, 30)
    await world.ask("person")
    assert (await said(world))[-1] == "utter_system_queue_wait high=30 low=4 place=1"
    await world.ask("person", sender="lou")
    assert (await said(world, "lou"))[-1] == "utter_system_queue_wait high=60 low=8 place=2"


async def test_more_people_online_make_it_shorter(world: World) -> None:
    ana = await world.agent()
    await waited(world, ana, 3, 3, 3, 3, 3, 3)
    await world.agent("Bob")
    await world.ask("person")
    await world.ask("person", sender="lou")
    assert (await said(world, "lou"))[-1] == "utter_system_queue_wait high=4 low=3 place=2"


async def test_a_range_that_changed_is_told_and_never_twice_a_minute(world: World) -> None:
    ana = await world.agent()
    await waited(world, ana, 3, 3, 4, 4, 5)
    await world.ask("person")
    await world.pass_time(5)
    assert len([t for t in await said(world) if "queue_wait" in t]) == 1
    await waited(world, ana, *[20] * 40)
    await world.pass_time(5)
    told = [t for t in await said(world) if "queue_wait" in t]
    assert len(told) == 2
    assert told[-1] == "utter_system_queue_wait high=25 low=20 place=1"


async def test_an_old_wait_says_nothing_of_today(world: World) -> None:
    ana = await world.agent()
    await waited(world, ana, 3, 4, 5, 8, 30)
    world.clock.move(8 * 86_400)
    await world.bus.set_presence(ana.id, "online", 60.0)
    await world.ask("person")
    assert "utter_system_queue_place" in (await said(world))[-1]


async def test_a_full_queue_says_so_and_offers_to_leave_a_message(world: World) -> None:
    await world.agent()
    for number in range(6):
        await world.ask("person", sender=f"s{number}")
        world.clock.move(1)
    assert "utter_system_queue_place" in (await said(world, "s4"))[-1]
    assert (await said(world, "s5"))[-1].startswith("utter_system_queue_full")
    titles = [c.title for c in (await world.messages("s5"))[-1].choices]
    assert titles == ["Back to the assistant", "Leave a message", "I'll wait"]


async def test_a_queue_that_is_not_full_any_more_is_told_too(world: World) -> None:
    ana = await world.agent()
    for number in range(6):
        await world.ask("person", sender=f"s{number}")
        world.clock.move(1)
    await world.desk.claim(ana, (await world.conversation("s0")).id)
    await world.pass_time(2)
    assert (await said(world, "s5"))[
        -1
    ] == "utter_system_queue_place opening_hours=around the clock place=5"
