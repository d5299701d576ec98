"""Nobody waits for ever: silent and absent agents, long queues, matters that come back."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.agents import Role
from bot.domain.conversation import Owner
from bot.domain.customer import Status
from bot.domain.message import Author, IdentityClaim
from tests.scenarios.test_path import context
from tests.support.world import World, until


@pytest.fixture
async def world() -> World:
    return await World().start()


async def said(world: World, sender: str = "kim") -> list[str]:
    """Return what the system has told a customer."""
    messages = await world.messages(sender)
    return [m.text for m in messages if m.author is Author.SYSTEM and m.visible_to_customer]


async def test_an_agent_who_claims_and_says_nothing_loses_the_conversation(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    await world.desk.claim(ana, (await world.conversation()).id)
    await world.pass_time(9)
    assert (await world.conversation()).owner is Owner.AGENT
    await world.pass_time(2)
    assert (await world.conversation()).owner is Owner.QUEUE
    assert "utter_system_agent_left" in await said(world)


async def test_who_takes_over_gets_the_full_time(world: World) -> None:
    ana, eve = await world.agent(), await world.agent("Eve", Role.SUPERVISOR)
    bob = await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.ask("hello?")
    await world.pass_time(9)
    await world.desk.claim(eve, conversation.id, take=True)
    await world.pass_time(9)
    assert (await world.conversation()).assignee == eve.id
    await world.desk.transfer(eve, conversation.id, to_agent=bob.id, to_team="", note="")
    await world.pass_time(9)
    assert (await world.conversation()).assignee == bob.id
    await world.pass_time(2)
    assert (await world.conversation()).owner is Owner.QUEUE


@pytest.mark.parametrize("state", ["away", "offline"])
async def test_a_transfer_to_somebody_who_is_not_there_goes_to_the_queue(world: World, state: str) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.bus.set_presence(bob.id, state, 60.0)
    await world.desk.transfer(ana, conversation.id, to_agent=bob.id, to_team="", note="")
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_who_was_with_an_agent_does_not_queue_at_the_end_again(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    await world.desk.claim(ana, (await world.conversation()).id)
    for sender in ("lou", "max"):
        await world.ask("person", sender=sender)
    await world.ask("hello?")
    await world.pass_time(11)
    place = [text for text in await said(world) if "place=" in text][-1]
    assert place.endswith("place=1")
    queue = await world.desk.conversations(ana, owner="queue", after="", limit=10)
    assert queue[0]["address"] == "kim"
    assert len(queue) == 3


async def test_a_matter_that_comes_back_is_told_where_it_stands(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.resolve(ana, conversation.id, note="", reopens_to="queue")
    before = len(await said(world))
    await world.ask("me again")
    while await world.timers.run_due():
        pass
    assert any("place=1" in text for text in (await said(world))[before:])
    # Once is enough: when this one has ended too, the bot answers first.
    place = next(m for m in reversed(await world.messages()) if m.choices)
    await world.ask("", choice=f"~{place.seq:x}.0")
    await world.pass_time(62)
    assert (await world.conversation()).owner is Owner.NOBODY
    assert (await world.ask("hello"))[0].startswith("echo")


async def test_a_long_wait_is_answered_with_more_than_a_place(world: World) -> None:
    await world.ask("person")
    await world.pass_time(29)
    assert not [t for t in await said(world) if "still_waiting" in t]
    await world.pass_time(2)
    assert [t for t in await said(world) if "still_waiting" in t] == [
        "utter_system_still_waiting opening_hours=around the clock place=1"
    ]
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    await world.pass_time(58)
    assert len([t for t in await said(world) if "still_waiting" in t]) == 1
    await world.pass_time(2)
    assert len([t for t in await said(world) if "still_waiting" in t]) == 2, "after 30 and 90 minutes"
    assert "waits_long" in [m.text for m in await world.messages()]


async def test_nobody_is_reminded_in_the_night(world: World) -> None:
    world.hours = "Mon-Fri 09:00-12:30 UTC"  # it is noon
    world.boot()
    await world.ask("person")
    await world.pass_time(240)
    assert not [t for t in await said(world) if "still_waiting" in t]


async def test_a_message_that_meets_a_closing_conversation_is_not_swallowed(world: World) -> None:
    ana = await world.agent()
    world.engine.hold = True
    await world.write("hello")
    await until(lambda: bool(world.engine.gates))
    await world.desk.resolve(ana, (await world.conversation()).id, note="")
    world.engine.gates[0].set_result(None)
    await world.idle()
    assert "utter_system_resolved" in " ".join(await said(world))


async def test_an_agent_sees_the_conversation_while_the_companys_system_is_down(world: World) -> None:
    ana = await world.agent()
    await world.ask("prove 7")
    await world.ask("person")
    world.shop.broken = True
    shown = await world.desk.conversation(ana, (await world.conversation()).id)
    assert shown["packet"]["orders"] == []
    assert shown["packet"]["trust"] == "order (7)"


# --- who is who


async def test_only_a_claim_that_the_channel_vouches_for_joins_a_known_customer(world: World) -> None:
    await world.ask("hi", sender="true", identity=IdentityClaim(trust="verified", directory_ref="C1"))
    await world.ask("hi", sender="liar", identity=IdentityClaim(trust="claimed", directory_ref="C1"))
    liar = world.engine.requests[-1].context
    assert (liar.trust.value, liar.directory_ref) == ("claimed", "")
    first, second = await world.conversation("true"), await world.conversation("liar")
    assert first.customer_id != second.customer_id


async def test_a_claim_made_first_does_not_wait_for_the_real_one(world: World) -> None:
    await world.ask("hi", sender="liar", identity=IdentityClaim(trust="claimed", directory_ref="C1"))
    await world.ask("hi", sender="true", identity=IdentityClaim(trust="verified", directory_ref="C1"))
    await world.ask("hi", sender="true", identity=IdentityClaim(trust="verified", directory_ref="C1"))
    await world.ask("hi", sender="liar")
    assert world.engine.requests[-1].context.directory_ref == ""


async def test_strangers_cannot_tell_which_numbers_exist(world: World) -> None:
    asked = []
    real = world.shop.order

    async def order(number: str):  # type: ignore[no-untyped-def]
        asked.append(number)
        return await real(number)

    world.shop.order = order  # type: ignore[method-assign]
    answers = [await world.gateway.call(context(world), "a", 0, "order", {"number": n}) for n in ("7", "X")]
    assert {a.status for a in answers} == {Status.NOT_ALLOWED}
    assert asked == []


async def test_guessing_is_throttled_across_conversations(world: World) -> None:
    statuses = []
    for n in range(25):
        who = context(world, conversation_id=f"c{n}", customer_id=f"p{n}")
        answer = await world.gateway.call(who, "a", 0, "prove_order", {"number": "7", "proof": str(n)})
        statuses.append(answer.status)
    assert statuses == [Status.NOT_FOUND] * 20 + [Status.THROTTLED] * 5


async def test_a_crash_between_fragments_does_not_repeat_an_effect(world: World) -> None:
    await world.write("prove 7", channel="push")
    await world.idle()
    world.engine.hold = True
    world.clock.move(10)
    first = await world.write("cancel 7", channel="push")
    await until(lambda: len(world.engine.gates) == 1)
    second = await world.write("fragment", channel="push")
    await world.crash()
    world.clock.move(10)
    world.dispatcher.wake(first.conversation_id)
    await world.idle()
    effects = await world.store.read(lambda tx: tx.effects(first.conversation_id))
    assert len({effect.key for effect in effects}) == 1, [e.key for e in effects]
    assert world.shop.cancelled == ["7"]
    assert second.conversation_id == first.conversation_id
    await asyncio.sleep(0)


async def test_a_phone_that_nobody_knows_does_not_vouch_for_a_proved_order(world: World) -> None:
    """The card shows whose the order is; that the platform vouches for some phone must not look as if
    it were theirs.
    """
    claim = IdentityClaim(trust="channel", name="Kim", phone="+4999")
    await world.ask("prove 7", identity=claim)
    await world.ask("person please", identity=claim)
    ana = await world.agent()
    conversation = await world.conversation()
    shown = await world.desk.conversation(ana, conversation.id)
    assert shown["packet"]["trust"] == "order (7)"
