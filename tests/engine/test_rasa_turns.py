"""One turn at a time, with each trap of the runtime."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from bot.domain.errors import TurnFailed
from bot.domain.handoff import Reason
from bot.domain.message import Attachment, Choice
from tests.engine.talk import Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

PARIS = '/inform{"city": "Paris"}'


# --- what is said ---


async def test_a_story_is_followed(talk: Talk) -> None:
    assert (await talk.say("hello"))[0] in {"Hello!", "Hi there!", "Good day!", "Hello, you there!"}
    assert await talk.say("yes") == ["You are welcome."]


async def test_a_form_asks_and_books(talk: Talk) -> None:
    first = await talk.turn("book a table")
    assert [m.text for m in first.messages] == ["Which city?"]
    assert first.messages[0].choices == (
        Choice(title="Paris", payload=PARIS),
        Choice(title="London", payload='/inform{"city": "London"}'),
    )
    assert first.awaiting == "city"
    second = await talk.turn("Paris", payload=PARIS)
    assert second.awaiting == "people"
    assert second.slots == {"city": "Paris"}
    assert await talk.say("99 people") == ["A number up to 20, please.", "How many people?"]
    done = await talk.turn("4 people")
    assert [m.text for m in done.messages] == ["A table for 4.0 in Paris."]
    assert (done.awaiting, done.slots) == ("", {})


async def test_an_interruption_comes_back_to_the_form(talk: Talk) -> None:
    await talk.say("book a table")
    assert await talk.say("opening hours") == ["We are open 9 to 5.", "Which city?"]
    assert await talk.say("Köln please") == ["How many people?"]
    assert await talk.say("stop it") == ["Stopped."]
    assert (await talk.turn("goodbye")).awaiting == ""


async def test_an_image_is_an_attachment(talk: Talk) -> None:
    (message,) = (await talk.turn("show me a picture")).messages
    assert message.text == "Look."
    assert message.attachments == (Attachment(kind="image", url="https://example.com/cat.png"),)


async def test_a_channel_has_its_own_wording(turns: Any) -> None:
    assert await Talk(turns, id="tg", channel="telegram").say("thanks") == ["You are welcome in this chat."]
    assert await Talk(turns, id="re", channel="rest").say("thanks") == ["You are welcome."]


async def test_the_same_turn_says_the_same_words(turns: Any) -> None:
    said = {(await Talk(turns, id="same").say("hello"))[0] for _ in range(8)}
    others = {(await Talk(turns, id=f"other{i}").say("hello"))[0] for i in range(30)}
    assert len(said) == 1
    assert len(others) == 4


# --- what is understood ---


async def test_understanding_is_reported(talk: Talk) -> None:
    result = await talk.turn("a table in Paris please")
    assert [i.name for i in result.nlu.intents] == ["book_table"]
    assert [(e.name, e.value, e.start, e.end) for e in result.nlu.entities] == [("city", "Paris", 11, 16)]
    assert not result.nlu.fallback
    assert (await talk.turns.understand("blah")).fallback
    assert (await talk.turns.understand("when are you open")).intents[0].name == "hours"


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        " /restart",
        "\u200b/restart",
        "\uff0fgoodbye",
        "/goodbye",
        '/inform{"city": "Paris"}',
        "/",
    ],
)
async def test_typed_commands_get_a_calm_answer(turns: Any, text: str) -> None:
    talk = Talk(turns, id=f"cmd{text}")
    await talk.say("hello")
    result = await talk.turn(text)
    assert [m.text for m in result.messages] == ["Sorry?"]
    assert result.nlu.fallback
    assert result.slots == {}


async def test_a_typed_command_is_shown_as_it_was(talk: Talk) -> None:
    await talk.say("/goodbye now")
    assert await talk.say("what did I say") == ["You said None / ['/goodbye now', 'what did I say']."]


async def test_a_button_skips_understanding(talk: Talk) -> None:
    assert await talk.say("Bye-bye!", payload="/goodbye") == ["Bye."]
    result = await talk.turn("hello", payload="/goodbye")
    assert [m.text for m in result.messages] == ["Bye."]


@pytest.mark.parametrize("payload", ["/nonsense", "/inform{broken", "goodbye"])
async def test_a_broken_button_is_not_understood(talk: Talk, payload: str) -> None:
    result = await talk.turn("Click", payload=payload)
    assert [m.text for m in result.messages] == ["Sorry?"]


async def test_a_restart_button_begins_anew(talk: Talk) -> None:
    await talk.say("book a table")
    result = await talk.turn("Start over", payload="/restart")
    assert result.awaiting == ""
    assert await talk.say("what did I say") == ["You said None / ['what did I say']."]


# --- actions ---


async def test_an_action_that_raises_fails_the_turn(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    await talk.say("hello")
    before = talk.state
    with pytest.raises(TurnFailed) as failed:
        await talk.turn("crash now")
    assert failed.value.fields == {"action": "action_fail", "error": "RuntimeError"}
    assert "crash now" not in caplog.text + str(failed.value)
    assert "action_fail" in caplog.text
    assert talk.state == before
    assert await talk.say("yes") == ["You are welcome."]


async def test_a_blocking_action_holds_up_nobody(turns: Any) -> None:
    from tests.engine.assistant.actions import PROBES

    slow = asyncio.create_task(Talk(turns, id="slow").say("block the line"))
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    assert await Talk(turns, id="quick").say("goodbye") == ["Bye."]
    assert time.perf_counter() - began < 0.25
    assert not slow.done()
    assert await slow == ["done slowly"]
    assert PROBES["thread"] is not threading.main_thread()
    assert PROBES["conversation"] == "slow"


async def test_an_action_cannot_change_what_the_engine_keeps(talk: Talk) -> None:
    from tests.engine.assistant.actions import KEPT

    await talk.say("remember this")
    assert await talk.say("meddle with it") == ["the domain is frozen"]
    KEPT[-1]["list"].append(2)  # it keeps hold of the value that it put into a slot
    for event in KEPT[-2]:
        event["text"] = "meddled later"
    result = await talk.turn("what did I say")
    assert [m.text for m in result.messages] == [
        "You said {'list': [1]} / ['remember this', 'meddle with it', 'what did I say']."
    ]
    assert await talk.say("goodbye") == ["Bye."]


async def test_a_rejecting_action_ends_at_the_fallback_or_fails(talk: Talk) -> None:
    # The core fallback repeats itself until the limit: an engine failure, not a silence.
    with pytest.raises(TurnFailed) as failed:
        await talk.turn("refuse this")
    assert failed.value.fields == {"error": "ActionLimitReached"}
    assert await talk.say("goodbye") == ["Bye."]


async def test_the_prediction_limit_leaves_no_damage(talk: Talk) -> None:
    await talk.say("book a table")
    before = talk.state
    with pytest.raises(TurnFailed):
        await talk.turn("spin around")
    assert talk.state == before
    assert await talk.say("Paris", payload=PARIS) == ["How many people?"]


async def test_actions_reach_the_directory(talk: Talk) -> None:
    from bot.domain.customer import Status
    from tests.engine.assistant.actions import PROBES

    PROBES.clear()
    for text in ("book a table", "Köln please", "3 people"):
        await talk.say(text)
    assert PROBES["orders"].status is Status.NOT_ALLOWED


# --- handoff ---


async def test_a_wish_for_a_person_is_a_signal(talk: Talk) -> None:
    result = await talk.turn("a human please")
    assert result.handoff is not None
    assert result.handoff.reason is Reason.ASKED_FOR_HUMAN
    assert result.handoff.evidence == {"text": "a human please"}
    assert (result.handoff.priority, result.handoff.team) == (15, "tables")
    assert result.handoff.skills == ("fr",)
    assert "handoff_request" not in result.slots
    assert (await talk.turn("goodbye")).handoff is None


async def test_not_understood_twice_is_a_signal(talk: Talk) -> None:
    assert (await talk.turn("blah")).handoff is None
    second = await talk.turn("blub")
    assert second.handoff is not None
    assert second.handoff.reason is Reason.NOT_UNDERSTOOD


async def test_after_a_person_the_old_matter_is_over(talk: Talk) -> None:
    await talk.say("book a table")
    await talk.say("Paris", payload=PARIS)
    assert (await talk.turn("blah")).awaiting == "people"
    assert (await talk.turn("blub")).handoff is not None
    result = await talk.turn("blah", after_handoff=True)
    assert result.handoff is None
    assert [m.text for m in result.messages] == ["Sorry?"]
    assert result.awaiting == ""
    assert result.slots == {"city": "Paris"}  # what we know is not asked again


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"reason": "vip"}, Reason.VIP),
        ({"reason": "whatever"}, Reason.BUSINESS_RULE),
        ("please", Reason.BUSINESS_RULE),
        ({}, Reason.BUSINESS_RULE),
    ],
)
def test_a_wish_is_never_refused_for_its_form(value: Any, reason: Reason) -> None:
    from bot.engine.rasa_turns import to_signal

    assert to_signal(value).reason is reason


# --- many at once, and turns that come to nothing ---


async def test_many_conversations_at_once(turns: Any) -> None:
    from tests.engine.assistant.actions import GATE

    talks = [Talk(turns, id=f"many{i}") for i in range(60)]
    gate = asyncio.Event()
    GATE.update({talk.id: gate for talk in talks})

    async def flow(talk: Talk, i: int) -> list[str]:
        await talk.say(f"remember this {i}")
        await talk.say("book a table")
        await talk.say("Köln please" if i % 2 else "Paris", payload="" if i % 2 else PARIS)
        return [*await talk.say(f"{i % 20} people"), *await talk.say("what did I say")]

    tasks = [asyncio.create_task(flow(talk, i)) for i, talk in enumerate(talks)]
    await asyncio.sleep(0.1)
    gate.set()
    for i, (booked, recalled) in enumerate(await asyncio.gather(*tasks)):
        assert booked == f"A table for {float(i % 20)} in {'Köln' if i % 2 else 'Paris'}."
        assert recalled.startswith(f"You said remember this {i} / ")


async def test_a_cancelled_turn_leaves_nothing(talk: Talk) -> None:
    from tests.engine.assistant.actions import GATE

    GATE[talk.id] = asyncio.Event()
    await talk.say("goodbye")
    task = asyncio.create_task(talk.turn("remember this, forever"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del GATE[talk.id]
    assert await talk.say("what did I say") == ["You said None / ['goodbye', 'what did I say']."]


async def test_a_dropped_turn_leaves_nothing(talk: Talk) -> None:
    await talk.say("goodbye")
    request = talk.request("remember this")
    dropped = await talk.turns.turn(request, None)
    talk.turns.settle(request.turn_id, False)
    assert dropped.slots == {"note": "remember this"}
    assert await talk.say("what did I say") == ["You said None / ['goodbye', 'what did I say']."]


async def test_processor_time_is_the_turns_own(turns: Any) -> None:
    slow, quick = await asyncio.gather(
        Talk(turns, id="cpu1").turn("block the line"), Talk(turns, id="cpu2").turn("goodbye")
    )
    assert 0 < slow.cpu_ms < 200  # it waited for 400
    assert 0 < quick.cpu_ms < 200


async def test_an_unreadable_state_is_a_new_start(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    for state in (b"", b"\x00", b"rubbish", b"\x92\x63\x90", b"\x92\x01\x91\x91\xa1?"):
        talk.state = state
        with caplog.at_level(logging.WARNING):
            assert await talk.say("goodbye") == ["Bye."]
    assert caplog.text.count("starts anew") == 4
