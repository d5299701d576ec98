"""What users of other systems complain about and no other test here holds; see docs/handoff.md."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.conversation import Owner
from bot.domain.handoff import HandoffSignal, Outcome, Reason
from bot.domain.message import Author
from bot.ports import Hint
from tests.support.world import World, until


@pytest.fixture
async def world() -> World:
    return await World().start()


async def said(world: World) -> list[str]:
    messages = await world.messages()
    return [m.text for m in messages if m.author is Author.SYSTEM and m.visible_to_customer]


async def test_the_human_part_never_reaches_the_bot(world: World) -> None:
    """And on the return: the customer is told, the bot answers, the note is there for whoever is next."""
    ana = await world.agent()
    await world.ask("my kettle 7")
    await world.ask("person")
    conversation = await world.conversation()
    await world.ask("while I wait")
    await world.desk.claim(ana, conversation.id)
    await world.ask("while we talk")
    await world.desk.say(ana, conversation.id, text="a new one is coming", kind="reply", client_id="")
    await world.desk.release(ana, conversation.id, "Sent a new kettle")
    assert (await said(world))[-1].startswith("utter_system_returned_to_bot")
    assert await world.ask("thanks") == ["echo 3: thanks"]
    assert [r.text for r in world.engine.requests] == ["my kettle 7", "person", "thanks"]
    assert world.engine.requests[-1].context.after_handoff
    after = await world.conversation()
    assert (after.handoff_id, after.priority, after.assignee) == ("", 0, "")
    handoffs = await world.store.read(lambda tx: tx.handoffs(conversation.id))
    assert [h.outcome for h in handoffs] == [Outcome.RETURNED_TO_BOT]
    await world.ask("person")
    packet = (await world.desk.conversation(ana, conversation.id))["packet"]
    notes = [m["text"] for m in packet["transcript"] if m["kind"] == "note"]
    assert notes == ["Sent a new kettle"]


async def test_a_slow_answer_is_no_reason_for_a_handoff(world: World) -> None:
    world.engine.hold = True
    accepted = await world.write("hello")
    await until(lambda: len(world.engine.gates) == 1)
    await world.pass_time(5)
    assert (await world.conversation()).owner is Owner.BOT
    world.engine.gates[0].set_result(None)
    answered = await world.replies.wait(accepted, 5.0)
    assert [m.text for m in answered or []] == ["echo 1: hello"]
    assert (await world.conversation()).owner is Owner.BOT


async def test_what_came_in_the_night_is_there_in_the_morning(world: World) -> None:
    world.hours = "Mon-Fri 09:00-12:30 UTC"  # it is noon
    world.boot()
    world.clock.move(3600)
    await world.ask("person")
    assert (await said(world))[-1].startswith("utter_system_out_of_hours")
    await world.pass_time(20 * 60 + 5)  # nine o'clock and a little
    ana = await world.agent()
    await world.pass_time(2)
    assert (await world.conversation()).owner is Owner.QUEUE
    assert [c["address"] for c in await world.desk.conversations(ana, owner="queue")] == ["kim"]
    assert (await said(world))[-1].startswith("utter_system_queue_place")
    await world.desk.claim(ana, (await world.conversation()).id)


async def test_desks_are_told_at_that_moment(world: World) -> None:
    hints: list[Hint] = []

    async def listen() -> None:
        async for hint in world.bus.subscribe():
            hints.append(hint)

    desk = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await world.ask("person")
    conversation = await world.conversation()
    await until(lambda: any(hint.kind == "owner" for hint in hints))
    assert {hint.conversation_id for hint in hints} == {conversation.id}
    desk.cancel()


async def test_out_of_hours_the_bot_answers_and_only_who_wants_a_person_hears_of_hours(
    world: World,
) -> None:
    world.hours = "Mon-Fri 09:00-10:00 UTC"
    world.boot()
    assert await world.ask("hello") == ["echo 1: hello"]
    assert [text.split()[0] for text in await world.ask("person")] == [
        "utter_system_handoff_asked_for_human",
        "utter_system_out_of_hours",
    ]


async def test_a_rule_may_name_the_team(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    conversation = await world.conversation()
    signal = HandoffSignal(reason=Reason.BUSINESS_RULE, team="billing")
    desk, now = await world.handoffs.desk(), world.clock.now()

    async def hand_over(tx):  # type: ignore[no-untyped-def]
        moved = await world.handoffs.request(tx, conversation, signal, desk=desk, now=now)
        await tx.put_conversation(moved)

    await world.store.write(hand_over)
    assert len(await world.desk.conversations(ana, owner="queue", team="billing")) == 1
    assert await world.desk.conversations(ana, owner="queue", team="sales") == []


async def test_the_times_of_a_handoff_are_kept(world: World) -> None:
    ana = await world.agent()
    asked = world.clock.now()
    await world.ask("person")
    await world.pass_time(3)
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.pass_time(2)
    await world.desk.resolve(ana, conversation.id, note="")
    handoff = (await world.store.read(lambda tx: tx.handoffs(conversation.id)))[0]
    assert handoff.requested_at == asked
    assert handoff.accepted_at == asked + timedelta(minutes=3)
    assert handoff.closed_at == asked + timedelta(minutes=5)
    assert handoff.agent_id == ana.id


async def test_the_story_has_its_reason_and_its_authors(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    await world.ask("offer frustrated")
    await world.ask("yes please")
    packet = (await world.desk.conversation(ana, (await world.conversation()).id))["packet"]
    assert (packet["reason"], packet["reason_text"]) == ("frustrated", "The customer is frustrated.")
    assert packet["evidence"] == {"text": "offer frustrated"}
    told = [(m["author"], m["kind"]) for m in packet["transcript"] if m["kind"] != "event"]
    assert [author for author, _ in told] == [
        "customer", "bot", "customer", "bot", "system", "customer", "system", "system",
    ]  # fmt: skip
    assert all(m["created_at"] for m in packet["transcript"])
