"""Reminders with Rasa: from an action's event to the turn that it leads to, in the shipped assistant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.events import ReminderCancelled, ReminderScheduled, SlotSet, deserialise_events
from rasa_sdk import events as sdk

from bot.domain.conversation import Owner
from bot.domain.customer import Case, Trust
from bot.domain.errors import TurnFailed
from bot.domain.message import Author, IdentityClaim, Nlu
from bot.domain.reminders import Reminder, Withdrawal
from bot.domain.turn import TurnRequest, TurnResult
from bot.domain.work import TimerKind
from bot.engine.agenda import Agenda
from bot.engine.directory import RemoteDirectory
from bot.ports import DirectoryCall, EngineStatus
from connectors.customers.demo import DemoDirectory
from tests.engine.talk import KnownShop, Talk
from tests.engine.test_shipped_model import ROOT, shipped
from tests.support.clock import FakeClock
from tests.support.world import World

__all__ = ["shipped"]

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]

INTENT = "EXTERNAL_follow_up"
AT = datetime(2026, 5, 5, 9, tzinfo=UTC)


def agenda(*events: Any, intents: tuple[str, ...] = (INTENT,)) -> Agenda:
    found = Agenda()
    found.note(deserialise_events(list(events)), intents)
    return found


# --- from events to reminders


def test_an_action_s_reminder_is_the_server_s() -> None:
    about = {"case_number": "K1"}
    found = agenda(sdk.ReminderScheduled(INTENT, AT, entities=about, name="n", kill_on_user_message=False))
    expected = Reminder(name="n", intent=INTENT, due_at=AT, entities=about, until_written=False)
    assert found.reminders == {"n": expected}
    assert expected.payload == '/EXTERNAL_follow_up{"case_number": "K1"}'


def test_times_without_a_zone_are_utc_and_entities_may_be_a_list() -> None:
    entities = [{"entity": "a", "value": 1}, {"entity": "a", "value": 2}, {"entity": "b", "value": "x"}]
    event = sdk.ReminderScheduled(INTENT, AT.replace(tzinfo=None), entities=entities, name="n")
    (reminder,) = agenda(event).reminders.values()
    assert (reminder.due_at, reminder.entities) == (AT, {"a": [1, 2], "b": "x"})
    assert reminder.until_written


def test_reminders_without_a_name_do_not_replace_each_other() -> None:
    assert len(agenda(*[sdk.ReminderScheduled(INTENT, AT) for _ in range(2)]).reminders) == 2


def test_what_is_cancelled_afterwards_is_not_set() -> None:
    first = sdk.ReminderScheduled(INTENT, AT, name="first")
    found = agenda(first, sdk.ReminderCancelled(name="first"), sdk.SlotSet("x", 1))
    assert found.reminders == {}
    assert found.withdrawn == [Withdrawal(name="first")]
    found = agenda(sdk.ReminderCancelled(), first)
    assert (list(found.reminders), found.withdrawn) == (["first"], [Withdrawal()])


def test_an_intent_that_nobody_knows_is_refused() -> None:
    assert agenda(sdk.ReminderScheduled("EXTERNAL_typo", AT)).reminders == {}


def test_other_events_are_not_for_later() -> None:
    found = Agenda()
    found.note([SlotSet("x", 1)], ())
    assert (found.reminders, found.withdrawn) == ({}, [])
    assert {ReminderScheduled.type_name, ReminderCancelled.type_name} == {"reminder", "cancel_reminder"}


# --- turns of the shipped assistant


async def due(talk: Talk, payload: str) -> TurnResult:
    request = talk.request(payload=payload)
    return await talk.run(TurnRequest(**{**_fields(request), "reminded": True}))


def _fields(request: TurnRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in TurnRequest.__dataclass_fields__}


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    ("said", "asks"),
    [
        (["cancel my order"], "order_number"),
        (["cancel my order", "4521"], "confirmed"),
        (["I want to return order 1200"], "return_reason"),
    ],
)
async def test_silence_repeats_the_question_and_changes_nothing(
    shipped: Any, live: bool, said: list[str], asks: str
) -> None:
    talk = Talk(shipped, id="silence", directory=KnownShop(), live=live)
    for text in said:
        before = await talk.turn(text)
    after = await due(talk, "/EXTERNAL_silence")
    assert "still here" in after.messages[0].text
    assert len(after.messages) == 2, [m.text for m in after.messages]
    assert [c.payload for c in after.messages[-1].choices] == [
        c.payload for c in before.messages[-1].choices
    ]
    assert (after.awaiting, after.slots, after.handoff) == (asks, before.slots, None)


async def test_silence_after_the_end_of_a_form_is_silence(shipped: Any) -> None:
    talk = Talk(shipped, id="done", directory=KnownShop())
    await talk.turn("hello")
    assert (await due(talk, "/EXTERNAL_silence")).messages == ()


async def test_the_answer_after_the_nudge_counts(shipped: Any) -> None:
    talk = Talk(shipped, id="answers", directory=KnownShop(), live=False)
    for text in ("cancel my order", "4521"):
        await talk.turn(text)
    await due(talk, "/EXTERNAL_silence")
    assert "cancelled" in " ".join(await talk.say("yes"))


async def test_an_intent_of_another_model_fails_the_turn(shipped: Any) -> None:
    with pytest.raises(TurnFailed):
        await due(Talk(shipped, id="old"), "/EXTERNAL_gone")


# --- the whole path


class RasaHere:
    """The shipped assistant as the engine, in this process."""

    def __init__(self, turns: Any) -> None:
        self.turns = turns

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        ask = partial(directory, request.context)
        result: TurnResult = await self.turns.turn(request, RemoteDirectory(ask))
        return result

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        self.turns.settle(result.turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        nlu: Nlu = await self.turns.understand(text)
        return nlu

    @property
    def status(self) -> EngineStatus:
        return EngineStatus(ready=True, processes=1, model="here")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[DemoDirectory]:
    demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=ROOT / "data" / "demo" / "shop.json")
    await demo.start()
    yield demo
    await demo.stop()


@pytest.fixture
async def world(shipped: Any, shop: DemoDirectory) -> World:
    return await World(shop=shop, engine_of=lambda: RasaHere(shipped)).start()  # type: ignore[arg-type]


JANE = IdentityClaim(trust=Trust.VERIFIED.value, directory_ref="C1001", name="Jane Miller")


async def promised(world: World, shop: DemoDirectory) -> Case:
    """Open a case for Jane, and let the bot promise to come back to it in two hours."""
    accepted = await world.write("hello", identity=JANE)
    await world.idle()
    case = (await shop.open_case("complaint", "The lamp is bent.", ref="C1001", key="k")).value
    assert case is not None
    conversation, now = await world.conversation(), world.clock.now()
    row = await world.store.read(lambda tx: tx.inbox(accepted.inbox_id))
    assert row is not None
    reminder = Reminder(
        name="f",
        intent=INTENT,
        due_at=now + timedelta(hours=2),
        entities={"case_number": case.number},
        until_written=False,
    )
    result = TurnResult(turn_id="t", state=b"", reminders=(reminder,))
    await world.store.write(lambda tx: world.reminders.keep(tx, conversation, row, result, now))
    return case


async def hours(world: World, count: int) -> None:
    for _ in range(count * 4):
        await world.pass_time(15)
        await world.idle()


async def bot_said(world: World) -> list[str]:
    return [m.text for m in await world.messages() if m.author is Author.BOT]


async def test_a_solved_case_is_told_after_the_talk_has_ended(world: World, shop: DemoDirectory) -> None:
    case = await promised(world, shop)
    await shop.solve(case.number, "A new lamp is on its way.")
    before = len(await bot_said(world))
    await hours(world, 2)
    (news,) = (await bot_said(world))[before:]
    assert case.number in news
    assert "A new lamp is on its way." in news
    assert (await world.conversation()).owner is Owner.BOT


async def test_an_open_case_goes_to_a_person(world: World, shop: DemoDirectory) -> None:
    case = await promised(world, shop)
    await hours(world, 2)
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    handoff = await world.store.read(lambda tx: tx.handoff(conversation.handoff_id))
    assert handoff is not None
    assert (handoff.reason.value, handoff.evidence["case_number"]) == ("business_rule", case.number)
    assert "sorry" in (await bot_said(world))[-1]


async def test_who_wants_no_messages_is_left_in_peace(world: World, shop: DemoDirectory) -> None:
    case = await promised(world, shop)
    await shop.set_preferences("C1001", {"messages": False}, key="p")
    shown = [m.text for m in await world.messages() if m.visible_to_customer]
    await hours(world, 4)
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    assert [m.text for m in await world.messages() if m.visible_to_customer] == shown
    handoff = await world.store.read(lambda tx: tx.handoff(conversation.handoff_id))
    assert handoff is not None
    assert handoff.evidence["case_number"] == case.number
    assert handoff.evidence["wants_no_messages"] is True
    packet = await world.desk.conversation(await world.agent(), conversation.id)
    assert f"Case {case.number} (open): tell the customer." in packet["packet"]["summary"]


async def test_a_shop_that_does_not_answer_is_asked_again(world: World, shop: DemoDirectory) -> None:
    case = await promised(world, shop)
    await shop.solve(case.number, "A new lamp is on its way.")
    before, asked = len(await bot_said(world)), shop.case

    async def broken(number: str) -> Any:
        raise RuntimeError("down")

    shop.case = broken  # type: ignore[method-assign]
    await hours(world, 2)
    conversation = await world.conversation()
    assert (await bot_said(world))[before:] == []
    timers = await world.store.read(lambda tx: tx.timers(conversation.id, TimerKind.REMINDER))
    assert [t.name for t in timers] == [f"follow up {case.number}"]
    shop.case = asked  # type: ignore[method-assign]
    await hours(world, 2)
    assert "A new lamp is on its way." in (await bot_said(world))[before:][0]


async def test_a_question_stays_without_answer(world: World) -> None:
    await world.ask("cancel my order", identity=JANE)
    await world.pass_time(6)
    await world.idle()
    said = await bot_said(world)
    assert "still here" in said[1]
    assert len(said) == 3
    await hours(world, 2)
    assert len(await bot_said(world)) == 3
