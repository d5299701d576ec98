"""Reminders on the whole path: who hears of them, exactly once, and when they are no longer wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.message import Author, Kind
from bot.domain.reminders import Reminder, Withdrawal
from bot.domain.work import InboxOutcome, TimerKind
from bot.services.reminders import MAX_REMINDERS
from tests.support.clock import settle
from tests.support.world import FOLLOW_UP, World, until

DUE = '/EXTERNAL_follow_up{"case_number": "C-1"}'
ABOUT = "follow up: case number C-1"


@pytest.fixture
async def world() -> World:
    return await World().start()


async def later(world: World, minutes: float) -> None:
    """Let time pass, a minute at a time, and the bot speak in it."""
    for _ in range(int(minutes)):
        await world.pass_time(1)
        await world.idle()


async def bot_said(world: World, **where: str) -> list[str]:
    return [m.text for m in await world.messages(**where) if m.author is Author.BOT]


async def noted(world: World, **where: str) -> list[Any]:
    """Return what the transcript says was due."""
    found = [m for m in await world.messages(**where) if m.text == "reminder_due"]
    assert all(m.kind is Kind.EVENT and not m.visible_to_customer for m in found)
    return [m.custom["due"] for m in found if m.custom]


async def reminders(world: World) -> list[str]:
    conversation = await world.conversation()
    kind = TimerKind.REMINDER
    return [t.name for t in await world.store.read(lambda tx: tx.timers(conversation.id, kind))]


async def test_a_reminder_gets_a_turn_when_it_is_due(world: World) -> None:
    await world.ask("remind 20")
    before = await world.conversation()
    await later(world, 19)
    assert len(await bot_said(world)) == 1
    await later(world, 2)
    assert (await bot_said(world))[1:] == [f"echo 2: {DUE}"]
    assert await noted(world) == [ABOUT]
    request = world.engine.requests[-1]
    assert (request.reminded, request.text, request.payload) == (True, "", DUE)
    after = await world.conversation()
    assert (after.owner, after.last_customer_at) == (Owner.BOT, before.last_customer_at)
    assert [m.text for m in await world.messages() if m.author is Author.CUSTOMER] == ["remind 20"]
    await later(world, 30)
    assert len(await bot_said(world)) == 2


async def test_what_it_says_is_no_answer_to_a_later_message(world: World) -> None:
    await world.ask("remind 1")
    await later(world, 2)
    assert await world.ask("hello") == ["echo 3: hello"]
    found = await world.transcript.by_address("rest", "default", "kim", after=2, wait=0)
    assert [m.text for m in found if m.author is Author.BOT] == [f"echo 2: {DUE}", "echo 3: hello"]


async def test_push_channels_get_it_sent(world: World) -> None:
    await world.ask("remind 1", sender="lou", channel="push")
    await later(world, 2)
    for _ in range(3):
        await world.deliveries._take()
        await settle()
    assert world.platform.sent[-1] == ("lou", f"echo 2: {DUE}")


async def test_the_past_is_due_at_once_but_not_for_ever(world: World) -> None:
    await world.ask("remind -5")
    assert await world.timers.run_due()
    await world.idle()
    assert (await bot_said(world))[1:] == [f"echo 2: {DUE}"]


async def test_the_customer_s_word_takes_away_what_was_only_for_silence(world: World) -> None:
    await world.ask("remind20")
    await world.ask("remind 30")
    assert await reminders(world) == ["keep"]
    await world.ask("remind20")
    assert await reminders(world) == ["kill", "keep"]


async def test_a_reminder_of_the_same_name_takes_the_place_of_the_first(world: World) -> None:
    await world.ask("remind 3")
    await world.ask("remind 30")
    await later(world, 20)
    assert await noted(world) == []
    await later(world, 12)
    assert await noted(world) == [ABOUT]


async def test_reminders_can_be_taken_back(world: World) -> None:
    await world.ask("remind 3")
    await world.ask("unremind")
    assert await reminders(world) == []


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        (Withdrawal(), True),
        (Withdrawal(name="n"), True),
        (Withdrawal(name="m"), False),
        (Withdrawal(intent=FOLLOW_UP), True),
        (Withdrawal(intent="EXTERNAL_other"), False),
        (Withdrawal(intent=FOLLOW_UP, entities={"case_number": "C-1"}), True),
        (Withdrawal(entities={"case_number": "C-2"}), False),
    ],
)
def test_a_withdrawal_takes_what_it_names(wish: Withdrawal, fits: bool) -> None:
    assert wish.fits("n", DUE) is fits


@pytest.mark.parametrize("claims", [True, False])
async def test_people_who_have_the_conversation_are_told_and_the_bot_is_silent(
    world: World, claims: bool
) -> None:
    ana = await world.agent()
    await world.ask("remind 2")
    await world.ask("person")
    if claims:
        await world.desk.claim(ana, (await world.conversation()).id)
    turns = len(world.engine.requests)
    await later(world, 3)
    assert (await world.conversation()).owner is (Owner.AGENT if claims else Owner.QUEUE)
    assert await noted(world) == [ABOUT]
    assert len(world.engine.requests) == turns


async def test_a_conversation_that_had_ended_is_the_bot_s_again_and_ends_again(world: World) -> None:
    await world.ask("remind 90")
    await later(world, 80)
    assert (await world.conversation()).owner is Owner.NOBODY
    await later(world, 11)
    conversation = await world.conversation()
    assert conversation.owner is Owner.BOT
    assert (await bot_said(world))[-1] == f"echo 2: {DUE}"
    assert world.engine.requests[-1].context.after_handoff, "it begins anew"
    await later(world, 58)
    assert (await world.conversation()).owner is Owner.BOT
    await later(world, 4)
    assert (await world.conversation()).owner is Owner.NOBODY
    assert await world.ask("hello") == ["echo 3: hello"]


async def test_a_matter_that_comes_back_to_people_does_so_without_words(world: World) -> None:
    ana = await world.agent()
    await world.ask("remind 20")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.resolve(ana, conversation.id, note="", reopens_to="queue")
    shown = [m.text for m in await world.messages() if m.visible_to_customer]
    await later(world, 25)
    assert (await world.conversation()).owner is Owner.QUEUE
    assert [m.text for m in await world.messages() if m.visible_to_customer] == shown
    packet = await world.desk.conversation(ana, conversation.id)
    assert packet["packet"]["evidence"] == {"due": ABOUT, "customer_was_told": False}
    assert packet["packet"]["still_open"] == [f"Due: {ABOUT}.", "The customer has not been told of this."]
    await world.ask("hello")
    await later(world, 2)
    assert "utter_system_queue_place" in (await world.messages())[-1].text


async def test_people_may_look_into_a_quiet_matter_without_disturbing_anybody(world: World) -> None:
    ana = await world.agent()
    await world.ask("remind 20", reply_until=world.clock.now())
    conversation = await world.conversation()
    await later(world, 21)
    shown = [m.text for m in await world.messages() if m.visible_to_customer]
    await world.desk.claim(ana, conversation.id)
    await later(world, 15)  # longer than an agent may be silent
    assert (await world.conversation()).owner is Owner.QUEUE
    await later(world, 40)
    await world.desk.claim(ana, conversation.id)
    await world.desk.resolve(ana, conversation.id, note="wrote an e-mail")
    assert [m.text for m in await world.messages() if m.visible_to_customer] == shown


async def test_once_a_person_has_written_the_customer_hears_the_rest(world: World) -> None:
    ana = await world.agent()
    await world.ask("remind 20", reply_until=world.clock.now())
    conversation = await world.conversation()
    await later(world, 21)
    await world.desk.claim(ana, conversation.id)
    world.clock.move(1)
    await world.desk.say(ana, conversation.id, text="I have news", kind="reply", client_id="c")
    await world.desk.resolve(ana, conversation.id, note="")
    said = [m.text for m in await world.messages() if m.visible_to_customer]
    assert said[-2:] == ["I have news", "utter_system_resolved agent=Ana"]


async def test_after_the_reply_window_a_person_decides(world: World) -> None:
    until = world.clock.now() + timedelta(minutes=10)
    await world.ask("remind 20", reply_until=until)
    await later(world, 21)
    assert (await world.conversation()).owner is Owner.QUEUE
    assert await noted(world) == [ABOUT]
    assert len(await bot_said(world)) == 1


@pytest.mark.parametrize("in_the_turn", [True, False])
async def test_a_crash_between_due_and_said_says_it_once(world: World, in_the_turn: bool) -> None:
    await world.ask("remind 1")
    world.engine.hold = True
    await world.pass_time(2)
    if in_the_turn:
        await until(lambda: bool(world.engine.gates))
    await world.crash()
    assert await noted(world) == [ABOUT]
    conversation = await world.conversation()
    world.dispatcher.wake(conversation.id)
    await later(world, 2)
    assert (await bot_said(world))[1:] == [f"echo 2: {DUE}"]
    await world.crash()
    world.dispatcher.wake(conversation.id)
    await later(world, 5)
    assert len(await bot_said(world)) == 2
    assert await noted(world) == [ABOUT]


async def test_who_takes_over_meanwhile_is_not_talked_over(world: World) -> None:
    ana = await world.agent()
    await world.ask("remind 1")
    world.engine.hold = True
    await world.pass_time(2)
    await until(lambda: bool(world.engine.gates))
    await world.desk.claim(ana, (await world.conversation()).id)
    world.engine.gates[-1].set_result(None)
    await world.idle()
    assert len(await bot_said(world)) == 1
    assert await noted(world) == [ABOUT]


async def test_a_reminder_that_cannot_be_worked_out_is_tried_again_and_then_a_person_s(
    world: World,
) -> None:
    await world.ask("remind 1")
    world.engine.down = True
    await later(world, 3)
    assert (await world.conversation()).owner is Owner.BOT
    assert await reminders(world) == ["keep"]
    await later(world, 12)
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    handoff = await world.store.read(lambda tx: tx.handoff(conversation.handoff_id))
    assert handoff is not None
    assert handoff.evidence["due"] == ABOUT
    said = [m.text for m in await world.messages() if m.author is Author.SYSTEM and m.visible_to_customer]
    assert said == [], "nobody asked for anything"


async def test_one_conversation_keeps_few_reminders_and_none_for_ever(world: World) -> None:
    await world.ask("hello")
    conversation, now = await world.conversation(), world.clock.now()
    result = replace(await _result(world), reminders=tuple(_many(now, MAX_REMINDERS + 5)))
    row = await world.store.read(lambda tx: tx.inbox(world.engine.settled[-1][0]))
    assert row is not None
    far = replace(result, reminders=(next(_many(now, 1, days=400)),))
    for wish in (far, result):
        await world.store.write(
            lambda tx, wish=wish: world.reminders.keep(tx, conversation, row, wish, now)
        )
    assert len(await reminders(world)) == MAX_REMINDERS


def _many(now: Any, count: int, days: int = 1) -> Any:
    due = now + timedelta(days=days)
    for number in range(count):
        yield Reminder(name=f"r{number}", intent=FOLLOW_UP, due_at=due)


async def _result(world: World) -> Any:
    return await world.engine.turn(world.engine.requests[-1], world.gateway.call)


# --- silence after a question


async def test_a_question_that_is_not_answered_is_asked_once_more(world: World) -> None:
    await world.ask("form")
    await later(world, 4)
    assert len(await bot_said(world)) == 1
    await later(world, 2)
    assert (await bot_said(world))[1:] == ["echo 2: /EXTERNAL_silence"]
    await later(world, 50)
    assert len(await bot_said(world)) == 2
    assert await world.ask("form") == ["echo 3: form"]
    await later(world, 6)
    assert len(await bot_said(world)) == 4


async def test_an_answer_in_time_is_enough(world: World) -> None:
    await world.ask("form")
    await later(world, 3)
    await world.ask("4521")
    await later(world, 10)
    assert len(await bot_said(world)) == 2


async def test_an_answer_just_before_the_nudge_makes_it_pointless(world: World) -> None:
    await world.ask("form")
    world.engine.hold = True
    await world.pass_time(6)
    accepted = await world.write("4521")
    for _ in range(2):
        for gate in world.engine.gates:
            if not gate.done():
                gate.set_result(None)
        world.engine.hold = False
        await world.idle()
    assert (await bot_said(world))[1:] == ["echo 2: 4521"]
    assert [m.text for m in await world.replies.wait(accepted, 1.0) or []] == ["echo 2: 4521"]
    conversation = await world.conversation()
    assert await world.store.read(lambda tx: tx.pending(conversation.id)) == []
    connection = world.store._direct.connection
    outcomes = connection.execute("SELECT outcome FROM inbox WHERE kind = 'nudge'").fetchall()
    assert outcomes == [(InboxOutcome.OVERTAKEN.value,)]


async def test_nobody_is_nudged_when_people_were_there_meanwhile(world: World) -> None:
    ana = await world.agent()
    await world.ask("form")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.release(ana, conversation.id)
    await later(world, 10)
    assert len(await bot_said(world)) == 1
    assert await noted(world) == []


async def test_an_engine_that_is_down_does_not_nudge(world: World) -> None:
    await world.ask("form")
    world.engine.down = True
    await later(world, 10)
    assert (await world.conversation()).owner is Owner.BOT
    assert len(await bot_said(world)) == 1
