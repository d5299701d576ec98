"""Agents who go, agents who say nothing, and customers who say nothing more."""

from __future__ import annotations

import pytest

from bot.domain.agents import Agent, Role
from bot.domain.conversation import Owner
from bot.domain.message import Author
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture
async def ana(world: World) -> Agent:
    """An agent who has taken a conversation over and answered."""
    agent = await world.agent()
    await world.ask("person")
    await world.desk.claim(agent, (await world.conversation()).id)
    await says(world, agent)
    return agent


async def says(world: World, agent: Agent, text: str = "I am looking") -> None:
    await world.desk.say(agent, (await world.conversation()).id, text=text, kind="reply", client_id="")


async def said(world: World) -> list[str]:
    messages = await world.messages()
    return [m.text for m in messages if m.author is Author.SYSTEM and m.visible_to_customer]


async def events(world: World) -> list[str]:
    return [m.text for m in await world.messages() if not m.visible_to_customer]


@pytest.mark.parametrize("state", ["offline", ""])
async def test_who_closes_the_lid_loses_a_customer_who_waits(world: World, ana: Agent, state: str) -> None:
    for sender in ("lou", "max"):
        await world.ask("person", sender=sender)
    await world.ask("hello?")
    await world.bus.set_presence(ana.id, state or "online", 60.0 if state else 1.0)
    await world.pass_time(2)
    assert (await world.conversation()).owner is Owner.AGENT, "a moment's absence is none"
    await world.pass_time(2)
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.priority == 40, "ahead of those who have just come"
    assert "agent_gone" in await events(world)
    assert "utter_system_agent_left" in await said(world)


async def test_who_comes_back_in_time_keeps_it(world: World, ana: Agent) -> None:
    await world.ask("hello?")
    await world.bus.set_presence(ana.id, "offline", 60.0)
    await world.pass_time(1)
    await world.bus.set_presence(ana.id, "online", 1e6)
    await world.pass_time(5)
    assert (await world.conversation()).owner is Owner.AGENT
    assert "agent_gone" not in await events(world)


async def test_away_is_there(world: World, ana: Agent) -> None:
    await world.bus.set_presence(ana.id, "away", 1e6)
    await world.ask("hello?")
    await world.pass_time(5)
    assert (await world.conversation()).owner is Owner.AGENT


async def test_nobody_is_called_gone_while_that_cannot_be_known(world: World, ana: Agent) -> None:
    await world.ask("hello?")
    await world.bus.set_presence(ana.id, "offline", 60.0)
    world.bus.__class__ = type("Lost", (type(world.bus),), {"healthy": False})
    await world.pass_time(5)
    assert (await world.conversation()).owner is Owner.AGENT


async def test_it_stays_until_the_customer_writes(world: World, ana: Agent) -> None:
    await world.bus.set_presence(ana.id, "offline", 60.0)
    await world.pass_time(60)
    assert (await world.conversation()).owner is Owner.AGENT
    await world.ask("are you there?")
    await world.pass_time(4)
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_an_agent_who_claims_and_goes_is_gone_too(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    await world.desk.claim(ana, (await world.conversation()).id)
    await world.bus.set_presence(ana.id, "offline", 60.0)
    await world.pass_time(4)
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_an_agent_hears_of_a_customer_who_says_nothing_more(world: World, ana: Agent) -> None:
    await world.pass_time(19)
    assert "customer_silent" not in await events(world)
    await world.pass_time(60)
    assert (await events(world)).count("customer_silent") == 1, "once for each silence"
    await world.ask("sorry, here I am")
    await says(world, ana, "fine")
    await world.pass_time(21)
    assert (await events(world)).count("customer_silent") == 2


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "utter_system_resolved"), (25, "utter_system_resolved_silent")]
)
async def test_closing_after_silence_says_so_kindly(
    world: World, ana: Agent, minutes: int, words: str
) -> None:
    await world.pass_time(minutes)
    await world.desk.resolve(ana, (await world.conversation()).id, note="")
    assert (await said(world))[-1].split()[0] == words


async def test_closing_what_the_customer_has_asked_is_no_silence(world: World, ana: Agent) -> None:
    await world.ask("and one more thing")
    eve = await world.agent("Eve", Role.SUPERVISOR)
    await world.pass_time(5)
    await world.desk.resolve(eve, (await world.conversation()).id, note="")
    assert (await said(world))[-1].split()[0] == "utter_system_resolved"


async def test_a_restart_forgets_none_of_these_waits(world: World, ana: Agent) -> None:
    await world.ask("hello?")
    await world.crash()  # and nobody is at the desk when it is up again
    await world.pass_time(4)
    assert (await world.conversation()).owner is Owner.QUEUE
