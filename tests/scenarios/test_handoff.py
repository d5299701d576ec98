"""The main job, from the customer's message to the agent and back, on real services."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.agents import Role
from bot.domain.conversation import Owner
from bot.domain.errors import InvalidInput, InvalidTransition, NotFound, NotPermitted, UnknownConversation
from bot.domain.handoff import Outcome
from bot.domain.message import Author, Kind, Nlu
from bot.domain.mood import Mood, Sign
from tests.support.world import World, until


@pytest.fixture
async def world() -> World:
    return await World().start()


async def test_agents_see_how_angry_a_customer_is_and_by_what(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    await world.ask("person please")
    conversation = await world.conversation()
    calm = (await world.desk.conversation(ana, conversation.id))["packet"]
    assert (calm["sentiment"], "signs" in calm["evidence"]) == ("", False)
    signs = (
        Sign(kind="repetition", text="hello", weight=0.5),
        Sign(kind="capitals", text="HELLO", weight=0.3),
    )
    said = Nlu(mood=Mood(frustration=0.6, level="frustrated", evidence=signs))
    first = (await world.messages())[0]
    await world.store.write(lambda tx: tx.annotate(conversation.id, first.seq, said, failed=False))
    packet = (await world.desk.conversation(ana, conversation.id))["packet"]
    words = "said it twice: “hello”, in capitals: “HELLO”"
    assert (packet["sentiment"], packet["evidence"]["signs"]) == ("frustrated", words)
    assert (packet["turns"][0]["mood"], packet["turns"][0]["signs"]) == ("frustrated", words)
    assert packet["transcript"][0]["nlu"]["mood"]["evidence"][1]["text"] == "HELLO"


async def test_main_job(world: World) -> None:
    ana = await world.agent()
    assert await world.ask("hello") == ["echo 1: hello"]
    said = await world.ask("person please")
    assert said[0] == "utter_system_handoff_asked_for_human"
    assert said[1].startswith("utter_system_queue_place")
    assert "place=1" in said[1]

    conversation = await world.conversation()
    shown = await world.desk.conversation(ana, conversation.id)
    assert shown["packet"]["reason"] == "asked_for_human"
    assert shown["packet"]["turns"][-1]["intents"][0] == {"name": "person", "confidence": 0.9}
    assert [m["text"] for m in shown["packet"]["transcript"] if m["author"] == "customer"] == [
        "hello", "person please",
    ]  # fmt: skip

    await world.desk.claim(ana, conversation.id)
    assert await world.ask("are you there?") == []  # the bot is silent
    reply = await world.desk.say(ana, conversation.id, text="I am Ana", kind="reply", client_id="c1")
    again = await world.desk.say(ana, conversation.id, text="I am Ana", kind="reply", client_id="c1")
    assert reply["seq"] == again["seq"]
    await world.desk.say(ana, conversation.id, text="between us", kind="note", client_id="c2")
    seen = await world.transcript.by_address("rest", "default", "kim", after=0, wait=0)
    assert [m.text for m in seen if m.author is Author.AGENT] == ["I am Ana"]
    assert all(m.kind is not Kind.EVENT for m in seen)

    await world.desk.release(ana, conversation.id, "all done")
    assert await world.ask("hello again") == ["echo 3: hello again"]
    assert world.engine.requests[-1].context.after_handoff
    assert await world.ask("and again") == ["echo 4: and again"]
    assert not world.engine.requests[-1].context.after_handoff
    assert "are you there?" not in {request.text for request in world.engine.requests}

    await world.desk.resolve(ana, conversation.id, note="")
    assert (await world.conversation()).owner is Owner.NOBODY
    handoffs = await world.store.read(lambda tx: tx.handoffs(conversation.id))
    assert [h.outcome for h in handoffs] == [Outcome.RETURNED_TO_BOT]
    assert await world.ask("a new day") == ["echo 5: a new day"]


async def test_second_handoff_of_the_same_customer_works(world: World) -> None:
    ana = await world.agent()
    for _ in range(3):
        assert (await world.ask("person"))[0] == "utter_system_handoff_asked_for_human"
        conversation = await world.conversation()
        assert conversation.owner is Owner.QUEUE
        await world.desk.claim(ana, conversation.id)
        await world.desk.release(ana, conversation.id)
        assert len(await world.ask("hello")) == 1  # no instant handoff
    handoffs = await world.store.read(lambda tx: tx.handoffs(conversation.id))
    assert len(handoffs) == 3


async def test_a_reply_computed_before_a_takeover_is_dropped(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    world.engine.hold = True
    accepted = await world.write("slow one")
    await until(lambda: len(world.engine.gates) == 1)
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    world.engine.gates[0].set_result(None)
    assert await world.replies.wait(accepted, 2.0) == []
    await world.idle()
    assert [m.text for m in await world.messages() if m.author is Author.BOT] == ["echo 1: hello"]
    assert world.engine.settled[-1] == (accepted.inbox_id, False)


async def test_a_takeover_and_release_in_one_turn_still_drops_it(world: World) -> None:
    ana = await world.agent()
    world.engine.hold = True
    await world.write("slow one")
    await until(lambda: len(world.engine.gates) == 1)
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.release(ana, conversation.id)
    world.engine.hold = False
    world.engine.gates[0].set_result(None)
    await world.idle()
    assert [m for m in await world.messages() if m.author is Author.BOT] == []
    assert await world.ask("now you") == ["echo 1: now you"]


async def test_an_effect_is_known_even_when_the_words_were_dropped(world: World) -> None:
    ana = await world.agent()
    await world.ask("prove 7")
    world.engine.hold = True
    await world.write("cancel 7")
    await until(lambda: len(world.engine.gates) == 1)
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    world.engine.gates[0].set_result(None)
    await world.idle()
    packet = (await world.desk.conversation(ana, conversation.id))["packet"]
    assert world.shop.cancelled == ["7"]
    assert packet["done"][0]["what"] == "cancel_order"
    assert packet["done"][0]["status"] == "ok"
    assert "Cancel order 7: ok." in packet["summary"]
    assert packet["profile"]["name"] == "Ada Test"
    assert packet["profile_source"] == "test shop"
    assert packet["trust"] == "order (7)"


async def test_a_crash_between_effect_and_commit_cancels_once_and_answers_once(world: World) -> None:
    await world.ask("prove 7")
    world.engine.hold = True
    accepted = await world.write("cancel 7")
    await until(lambda: len(world.engine.gates) == 1)
    await world.crash()
    world.dispatcher.wake(accepted.conversation_id)
    await world.idle()
    assert world.shop.cancelled == ["7"]
    bot = [m.text for m in await world.messages() if m.author is Author.BOT]
    assert bot == ["prove 7: ok", "cancel 7: ok"]


@pytest.mark.parametrize("text", ["boom", "bug"])
async def test_a_broken_turn_goes_to_people_with_a_plain_sentence(world: World, text: str) -> None:
    await world.agent()
    accepted = await world.write(text)
    for _ in range(4):  # an error of our own is tried again before it is given up
        world.dispatcher.wake(accepted.conversation_id)
        await world.idle()
    assert (await world.conversation()).owner is Owner.QUEUE
    texts = [m.text for m in await world.messages() if m.author is Author.SYSTEM and m.visible_to_customer]
    assert texts[0] == "utter_system_handoff_engine_down"
    assert [m.failed for m in await world.messages() if m.author is Author.CUSTOMER] == [True]
    assert await world.ask("hi", sender="lou") == ["echo 1: hi"]  # its neighbour notices nothing


async def test_only_one_of_two_claims_wins(world: World) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    results = await asyncio.gather(
        world.desk.claim(ana, conversation.id),
        world.desk.claim(bob, conversation.id),
        return_exceptions=True,
    )
    refused = [r for r in results if isinstance(r, InvalidTransition)]
    assert len(refused) == 1
    assert refused[0].fields["owner"] == "agent"
    assert refused[0].fields["assignee"] in ("ana", "bob")


async def test_only_the_owner_may_reply_release_and_transfer(world: World) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    with pytest.raises(InvalidTransition):
        await world.desk.say(bob, conversation.id, text="hi", kind="reply", client_id="x")
    with pytest.raises(InvalidTransition):
        await world.desk.release(bob, conversation.id)
    with pytest.raises(InvalidTransition):
        await world.desk.transfer(bob, conversation.id, to_agent="bob", to_team="", note="")
    with pytest.raises(InvalidTransition):
        await world.desk.resolve(bob, conversation.id, note="")


async def test_transfer_to_a_present_agent_an_absent_one_and_a_team(world: World) -> None:
    ana, bob = await world.agent(), await world.agent("Bob")
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.transfer(ana, conversation.id, to_agent="bob", to_team="", note="knows more")
    assert (await world.conversation()).assignee == "bob"
    await world.bus.set_presence(ana.id, "offline", 0.0)
    await world.desk.transfer(bob, conversation.id, to_agent="ana", to_team="", note="")
    assert (await world.conversation()).owner is Owner.QUEUE
    await world.desk.claim(bob, conversation.id)
    await world.desk.transfer(bob, conversation.id, to_agent="", to_team="billing", note="")
    after = await world.conversation()
    assert (after.owner, after.team) == (Owner.QUEUE, "billing")
    with pytest.raises(InvalidInput):
        await world.desk.transfer(bob, conversation.id, to_agent="", to_team="", note="")
    await world.desk.claim(bob, conversation.id)
    with pytest.raises(NotFound):
        await world.desk.transfer(bob, conversation.id, to_agent="nobody", to_team="", note="")


async def test_supervisors_may_take_and_trainers_may_only_read(world: World) -> None:
    ana, eve = await world.agent(), await world.agent("Eve", Role.SUPERVISOR)
    tom = await world.agent("Tom", Role.TRAINER)
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    with pytest.raises(InvalidTransition):
        await world.desk.claim(eve, conversation.id)
    await world.desk.claim(eve, conversation.id, take=True)
    assert (await world.conversation()).assignee == "eve"
    with pytest.raises(NotPermitted):
        await world.desk.claim(ana, conversation.id, take=True)
    with pytest.raises(NotPermitted):
        await world.desk.claim(tom, conversation.id)
    assert await world.desk.conversations(tom, owner="agent", after="", limit=10)
    actions = [entry.action for entry in await world.store.read(lambda tx: tx.audit(limit=10))]
    assert sorted(actions) == ["conversation.claim", "conversation.claim", "conversation.handoff_requested"]


async def test_unknown_conversation(world: World) -> None:
    ana = await world.agent()
    for call in (
        lambda: world.desk.conversation(ana, "nope"),
        lambda: world.desk.claim(ana, "nope"),
        lambda: world.desk.messages(ana, "nope", after=0, limit=10),
        lambda: world.desk.say(ana, "nope", text="x", kind="reply", client_id=""),
    ):
        with pytest.raises(UnknownConversation):
            await call()


async def test_the_newest_entries_are_read_from_the_end(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    conversation = await world.conversation()
    every = await world.desk.messages(ana, conversation.id, after=0, limit=200)
    assert len(every) > 2
    assert await world.desk.messages(ana, conversation.id, after=-2, limit=200) == every[-2:]
    assert await world.desk.messages(ana, conversation.id, after=-200, limit=200) == every


async def test_waiting_customers_are_told_and_may_leave(world: World) -> None:
    await world.agent()
    await world.ask("person")
    assert await world.ask("still there?") == []  # told a moment ago where they stand
    world.clock.move(61)
    assert await world.ask("hello?") == ["utter_system_waiting_received"]
    place = next(m for m in await world.messages() if m.choices)
    said = await world.ask("", choice=f"~{place.seq:x}.0")
    assert said == ["utter_system_left_queue"]
    assert (await world.conversation()).owner is Owner.BOT
    assert await world.ask("hello") == ["echo 2: hello"]


async def test_the_way_out_of_the_queue_may_be_typed(world: World) -> None:
    await world.agent()
    assert await world.ask("back to the assistant") == ["echo 1: back to the assistant"]
    await world.ask("person")
    assert await world.ask("  Back to  the assistant ") == ["utter_system_left_queue"]
    assert (await world.conversation()).owner is Owner.BOT


async def test_nobody_online_and_out_of_hours_have_their_own_words(world: World) -> None:
    assert (await world.ask("person"))[1].startswith("utter_system_nobody_online")
    world.hours = "Mon-Fri 09:00-10:00 UTC"
    world.boot()
    await world.agent()
    assert (await world.ask("person", sender="lou"))[1].startswith("utter_system_out_of_hours")


async def test_a_changed_place_is_told_once(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    await world.ask("person", sender="lou")
    first, second = await world.conversation(), await world.conversation("lou")
    await world.desk.claim(ana, first.id)
    for _ in range(3):
        world.clock.move(61)
        await world.bus.set_presence(ana.id, "online", 60.0)
        while await world.timers.run_due():
            pass
    places = [m.text for m in await world.messages("lou") if "queue_place" in m.text]
    assert [("place=2" in p, "place=1" in p) for p in places] == [(True, False), (False, True)]
    listed = await world.desk.conversations(ana, owner="queue", after="", limit=10)
    assert [c["id"] for c in listed] == [second.id]


async def test_a_silent_agent_loses_the_conversation_to_the_queue(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.ask("hello?")
    world.clock.move(5 * 60)
    await world.ask("hello??")  # more words do not start the wait anew
    world.clock.move(5 * 60 + 1)
    while await world.timers.run_due():
        pass
    after = await world.conversation()
    assert after.owner is Owner.QUEUE
    assert "utter_system_agent_left" in [m.text for m in await world.messages()]


async def test_an_answer_stops_the_wait_for_the_agent(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.ask("hello?")
    await world.desk.say(ana, conversation.id, text="here", kind="reply", client_id="")
    world.clock.move(3600)
    while await world.timers.run_due():
        pass
    assert (await world.conversation()).owner is Owner.AGENT


async def test_sessions_expire_and_reopen_where_the_agent_said(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    world.clock.move(timedelta(minutes=50).total_seconds())
    await world.ask("hello")
    world.clock.move(timedelta(minutes=50).total_seconds())
    while await world.timers.run_due():
        pass
    assert (await world.conversation()).owner is Owner.BOT  # still within an hour of the last word
    world.clock.move(timedelta(minutes=11).total_seconds())
    while await world.timers.run_due():
        pass
    assert (await world.conversation()).owner is Owner.NOBODY
    await world.ask("person")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.resolve(ana, conversation.id, note="call back", reopens_to="queue")
    await world.ask("me again")
    assert (await world.conversation()).owner is Owner.QUEUE
