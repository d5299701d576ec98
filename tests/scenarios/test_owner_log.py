"""The audit log explains each change of owner; and what the races found, each as a scene of its own."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.message import Author, Message
from bot.domain.work import TimerKind
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


async def log(world: World) -> list[tuple[Any, ...]]:
    """Return version, actor, action, from and to of each entry, in the order of the versions."""
    conversation = await world.conversation()
    entries = await world.store.read(lambda tx: tx.audit(conversation_id=conversation.id))
    found = [(e.actor, e.action.removeprefix("conversation."), e.detail or {}) for e in entries]
    return sorted((d["owner_version"], who, what, d["from"], d["to"]) for who, what, d in found)


async def test_each_owner_version_has_one_entry_that_says_by_whom(world: World) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.transfer(ana, conversation.id, to_agent=bob.id, to_team="", note="")
    await world.pass_time(11)  # Bob is silent
    await world.desk.claim(bob, conversation.id)
    await world.desk.release(bob, conversation.id)
    await world.pass_time(61)
    await world.ask("boom")
    await world.desk.resolve(ana, conversation.id, note="")
    assert await log(world) == [
        (2, "bot", "handoff_requested", "bot", "queue"),
        (3, "ana", "claim", "queue", "agent"),
        (4, "ana", "transfer", "agent", "agent"),
        (5, "system", "agent_gone", "agent", "queue"),
        (6, "bob", "claim", "queue", "agent"),
        (7, "bob", "release", "agent", "bot"),
        (8, "system", "session_expired", "bot", "nobody"),
        (9, "customer", "customer_wrote", "nobody", "bot"),
        (10, "system", "handoff_requested", "bot", "queue"),
        (11, "ana", "resolve", "queue", "nobody"),
    ]
    assert (await world.conversation()).owner_version == 11


async def test_a_transfer_names_who_did_it_and_who_has_it_now(world: World) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("hello")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)  # straight from the bot: two steps, both hers
    await world.desk.transfer(ana, conversation.id, to_agent=bob.id, to_team="", note="")
    entries = await world.store.read(lambda tx: tx.audit(conversation_id=conversation.id))
    assert sorted((e.detail or {})["owner_version"] for e in entries) == [2, 3, 4]
    assert {e.actor for e in entries} == {"ana"}
    assert {e.action: (e.detail or {}).get("assignee") for e in entries} == {
        "conversation.handoff_requested": None,
        "conversation.claim": "ana",
        "conversation.transfer": "bob",
    }


async def test_who_answers_no_change_leaves_nothing_in_the_log(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.claim(ana, conversation.id)
    await world.ask("hello?")
    assert len(await log(world)) == 2


async def test_each_fragment_of_a_failed_turn_is_marked(world: World) -> None:
    """Only the last one was: an agent could not see that the others were not answered either."""
    for text in ("boom", "goes it"):
        await world.write(text, channel="push")
    await world.idle()
    messages: list[Message] = await world.messages(channel="push")
    written = [m for m in messages if m.author is Author.CUSTOMER]
    assert [m.failed for m in written] == [True, True]


async def test_a_double_click_hides_no_message_from_the_agents_clock(world: World) -> None:
    """What was pressed twice is nobody's to answer; what is written after it is, within the bound."""
    ana = await world.agent()
    await world.ask("ask")
    conversation = await world.conversation()
    offered = next(m for m in await world.messages() if m.choices)
    await world.ask(choice=f"~{offered.seq:x}.0", text="")
    await world.desk.claim(ana, conversation.id)
    await world.desk.say(ana, conversation.id, text="hello", kind="reply", client_id="1")
    await world.write(choice=f"~{offered.seq:x}.0")
    kind = TimerKind.AGENT_SILENT
    assert await world.store.read(lambda tx: tx.timers(conversation.id, kind)) == []
    await world.write("are you there?")
    assert len(await world.store.read(lambda tx: tx.timers(conversation.id, kind))) == 1
    await world.pass_time(11)
    assert (await world.conversation()).owner is Owner.QUEUE
