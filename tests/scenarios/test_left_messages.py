"""Messages that waiting customers leave: a promise with a time, kept by a person, raised when it is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.agents import Role
from bot.domain.conversation import Owner
from bot.domain.errors import NotPermitted
from bot.domain.handoff import Outcome
from bot.domain.message import Author
from bot.domain.task import Task
from tests.support.world import TARGET, World

HOURS = TARGET.total_seconds() / 3600


@pytest.fixture
async def world() -> World:
    return await World().start()


async def said(world: World) -> list[str]:
    """Return what the system has told the customer."""
    messages = await world.messages()
    return [m.text for m in messages if m.author is Author.SYSTEM and m.visible_to_customer]


async def events(world: World) -> list[str]:
    return [m.text for m in await world.messages() if not m.visible_to_customer]


async def tasks(world: World) -> list[Task]:
    conversation = await world.conversation()
    return await world.store.read(lambda tx: tx.open_tasks(conversation.id))


async def press(world: World, title: str) -> list[str]:
    """Press the newest choice of this title."""
    for message in reversed(await world.messages()):
        for place, choice in enumerate(message.choices):
            if choice.title == title:
                return await world.ask("", choice=f"~{message.seq:x}.{place}")
    raise AssertionError(title)


async def leaves(world: World, text: str = "Please call me about my kettle") -> None:
    await world.ask("person")
    assert await press(world, "Leave a message") == ["utter_system_ask_message"]
    assert (await world.ask(text))[0].startswith("utter_system_message_left due=")
    world.clock.move(1)


async def test_a_left_message_becomes_work_with_a_time(world: World) -> None:
    await leaves(world)
    conversation = await world.conversation()
    assert conversation.owner is Owner.BOT
    task = (await tasks(world))[0]
    assert task.text == "Please call me about my kettle"
    assert task.due_at == world.clock.now() - timedelta(seconds=1) + TARGET
    handoffs = await world.store.read(lambda tx: tx.handoffs(conversation.id))
    assert [h.outcome for h in handoffs] == [Outcome.MESSAGE_LEFT]
    assert task.handoff_id == handoffs[0].id
    assert "message_left" in await events(world)
    assert await world.ask("hello") == ["echo 2: hello"], "the assistant goes on meanwhile"
    assert world.engine.requests[-1].context.after_handoff


async def test_the_time_is_within_opening_hours(world: World) -> None:
    world.hours = "Mon-Fri 09:00-13:00 Europe/Berlin"
    world.boot()
    await leaves(world)
    assert (await said(world))[-1].endswith("(Europe/Berlin)")
    due = (await tasks(world))[0].due_at
    assert world.handoffs.hours.is_open(due - timedelta(minutes=1))


async def test_what_was_written_before_may_be_the_message(world: World) -> None:
    await world.ask("my kettle leaks")
    await world.ask("person")
    await press(world, "Leave a message")
    assert (await press(world, "What I wrote is enough"))[0].startswith("utter_system_message_left")
    assert (await tasks(world))[0].text == "my kettle leaks\nperson"


async def test_who_writes_nothing_more_has_left_what_was_there(world: World) -> None:
    await world.ask("person please")
    await press(world, "Leave a message")
    await world.pass_time(11)
    assert (await world.conversation()).owner is Owner.BOT
    assert (await tasks(world))[0].text == "person please"
    assert (await said(world))[-1].startswith("utter_system_message_left")


async def test_one_may_think_better_of_it(world: World) -> None:
    await world.ask("person")
    await press(world, "Leave a message")
    assert await press(world, "I'll wait") == ["utter_system_keeps_waiting"]
    assert await world.ask("and another thing") == []
    assert (await world.conversation()).owner is Owner.QUEUE
    await press(world, "Leave a message")
    assert await press(world, "Back to the assistant") == ["utter_system_left_queue"]
    assert await world.ask("hello") == ["echo 2: hello"]
    assert await tasks(world) == []


async def test_an_agent_who_takes_over_meanwhile_gets_the_message(world: World) -> None:
    ana = await world.agent()
    await world.ask("person")
    await press(world, "Leave a message")
    await world.desk.claim(ana, (await world.conversation()).id)
    assert await world.ask("it leaks") == []
    await world.pass_time(9)
    assert (await world.conversation()).owner is Owner.AGENT
    assert await tasks(world) == []


async def test_the_choices_may_be_typed(world: World) -> None:
    await world.ask("person")
    assert await world.ask(" leave  a Message") == ["utter_system_ask_message"]
    assert (await world.ask("it leaks"))[0].startswith("utter_system_message_left")


@pytest.mark.parametrize("owner", [Owner.BOT, Owner.NOBODY])
async def test_an_agent_answers_on_the_customers_channel(world: World, owner: Owner) -> None:
    ana = await world.agent()
    await leaves(world)
    if owner is Owner.NOBODY:
        await world.pass_time(62)
    conversation = await world.conversation()
    assert conversation.owner is owner
    listed = await world.desk.conversations(ana, owner="work")
    assert [(c["id"], c["task"]["text"]) for c in listed] == [
        (conversation.id, "Please call me about my kettle")
    ]
    await world.desk.claim(ana, conversation.id)
    packet = (await world.desk.conversation(ana, conversation.id))["packet"]
    assert "Answer what was left: Please call me about my kettle" in packet["still_open"]
    await world.desk.say(
        ana, conversation.id, text="A new kettle is on its way", kind="reply", client_id=""
    )
    seen = await world.transcript.by_address("rest", "default", "kim", after=0, wait=0)
    assert seen[-1].text == "A new kettle is on its way"
    packet = (await world.desk.conversation(ana, conversation.id))["packet"]
    assert packet["still_open"] == [], "the answer was given, and so the customer was told"
    assert "customer_was_told" not in packet["evidence"]
    assert await tasks(world) == []
    assert await world.desk.conversations(ana, owner="work") == []
    await world.pass_time(HOURS * 60)
    assert (await world.conversation()).owner is Owner.AGENT, "it is not raised any more"


async def test_who_writes_first_is_announced_by_what_they_write(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello")
    await world.pass_time(62)
    before = len(await said(world))
    moved = await world.desk.claim(ana, (await world.conversation()).id)
    assert (moved["owner"], moved["assignee"]) == ("agent", "ana")
    assert (await said(world))[before:] == []
    assert "reopened_by_agent" in await events(world)
    assert await world.ask("oh, hello") == [], "the answer is the agent's"


async def test_a_note_answers_nothing(world: World) -> None:
    ana = await world.agent()
    await leaves(world)
    await world.desk.say(ana, (await world.conversation()).id, text="hm", kind="note", client_id="")
    assert len(await tasks(world)) == 1


async def test_work_can_be_marked_as_done(world: World) -> None:
    ana, tom = await world.agent(), await world.agent("Tom", Role.TRAINER)
    await leaves(world)
    conversation = await world.conversation()
    with pytest.raises(NotPermitted):
        await world.desk.close_task(tom, conversation.id)
    await world.desk.close_task(ana, conversation.id, note="phoned them")
    again = await world.desk.close_task(ana, conversation.id)
    assert again["task"] is None
    closed = [m for m in await world.messages() if m.text == "task_closed"]
    assert [m.custom for m in closed] == [{"agent": "Ana", "note": "phoned them"}]
    assert (await world.conversation()).owner is Owner.BOT
    await world.pass_time(HOURS * 60 + 1)
    assert "task_overdue" not in await events(world)


async def test_resolving_ends_the_work(world: World) -> None:
    ana = await world.agent()
    await leaves(world)
    await world.desk.resolve(ana, (await world.conversation()).id, note="")
    assert await tasks(world) == []


async def overdue(world: World) -> dict[str, Any]:
    """Leave a message, let its time pass, and return the conversation as an agent sees it."""
    eve = await world.agent("Eve", Role.SUPERVISOR)
    await leaves(world)
    await world.pass_time(HOURS * 60 + 1)
    return await world.desk.conversation(eve, (await world.conversation()).id)


async def test_a_broken_promise_goes_to_the_queue_before_others(world: World) -> None:
    shown = await overdue(world)
    assert (shown["owner"], shown["priority"]) == ("queue", 40)
    assert shown["packet"]["reason_text"] == "A message that the customer left was not answered in time."
    assert shown["packet"]["evidence"]["left"] == "Please call me about my kettle"
    assert (await said(world))[-1].startswith("utter_system_message_late")
    assert len(await tasks(world)) == 1


async def test_who_goes_back_to_the_assistant_then_is_left_in_peace(world: World) -> None:
    await overdue(world)
    await world.ask("Back to the assistant")
    assert (await world.conversation()).owner is Owner.BOT
    await world.pass_time(180)
    assert (await world.conversation()).owner is Owner.NOBODY
    assert len([text for text in await said(world) if "message_late" in text]) == 1
    assert len(await tasks(world)) == 1, "agents still have it in their list"


async def test_a_promise_is_not_forgotten_by_who_gives_the_talk_back(world: World) -> None:
    ana = await world.agent()
    await leaves(world)
    conversation = await world.conversation()
    await world.pass_time(HOURS * 60 - 3)
    await world.desk.claim(ana, conversation.id)
    await world.pass_time(5)
    assert "task_overdue" in await events(world)
    await world.desk.release(ana, conversation.id)
    await world.pass_time(61)
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_a_second_message_is_a_second_promise(world: World) -> None:
    await leaves(world)
    await leaves(world, "and my teapot")
    assert [task.text for task in await tasks(world)] == ["Please call me about my kettle", "and my teapot"]


async def test_a_restart_keeps_the_question_and_the_promise(world: World) -> None:
    await world.ask("person")
    await press(world, "Leave a message")
    await world.crash()
    assert (await world.ask("it leaks"))[0].startswith("utter_system_message_left")
    await world.crash()
    await world.pass_time(HOURS * 60 + 1)
    assert (await world.conversation()).owner is Owner.QUEUE
