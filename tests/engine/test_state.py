"""The bounded state: what is remembered, and that it does not matter where the tracker came from."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import TurnFailed
from tests.engine.talk import Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

PARIS = '/inform{"city": "Paris"}'
MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("hello", {}),
    ("yes", {}),
    ("no", {}),
    ("thanks", {}),
    ("goodbye", {}),
    ("book a table", {}),
    ("a table in London please", {}),
    ("Paris", {"payload": PARIS}),
    ("Köln please", {}),
    ("3 people", {}),
    ("99 people", {}),
    ("stop it", {}),
    ("opening hours", {}),
    ("blah", {}),
    ("a human please", {}),
    ("remember this 💬", {}),
    ("what did I say", {}),
    ("meddle with it", {}),
    ("crash now", {}),
    ("spin around", {}),
    ("/restart", {}),
    ("Again", {"payload": "/restart"}),
    ("Hello?", {"after_handoff": True}),
]
SLOW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def step(talk: Talk, text: str, options: dict[str, Any]) -> Any:
    try:
        result = await talk.turn(text, **options)
    except TurnFailed as failed:
        return failed.fields
    return (result.messages, result.slots, result.awaiting, result.handoff, result.nlu, result.state)


def tracker_of(talk: Talk) -> Any:
    from bot.engine.state import decode

    assert talk.state is not None
    return decode(talk.state, talk.id, talk.turns._processor.domain)


@SLOW
@given(st.lists(st.sampled_from(MESSAGES), max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
async def test_live_and_rebuilt_trackers_are_the_same(
    turns: Any, messages: list[tuple[str, dict[str, Any]]], lives: list[bool]
) -> None:
    live = Talk(turns, id="same", live=True)
    rebuilt = Talk(turns, id="same", live=False)
    mixed = Talk(turns, id="same", live=True)
    for (text, options), keep in zip(messages, lives, strict=False):
        mixed.live = keep
        said = await step(live, text, options)
        assert await step(rebuilt, text, options) == said
        assert await step(mixed, text, options) == said


@SLOW
@given(st.lists(st.sampled_from(MESSAGES), max_size=40))
async def test_the_tracker_agrees_with_rasas_own(
    turns: Any, messages: list[tuple[str, dict[str, Any]]]
) -> None:
    """Whatever the bounded tracker remembers, Rasa's tracker works out from the same events."""
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.engine.tracker import BoundedTracker

    domain = turns._processor.domain
    original = BoundedTracker.past_states
    compared = 0

    def checked(self: Any, domain: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal compared
        plain = DialogueStateTracker(self.sender_id, domain.slots)
        for event in self.events:
            plain.update(event)
        assert self.applied_events() == plain.applied_events()
        states = original(self, domain, *args, **kwargs)
        theirs = plain.past_states(domain, *args, **kwargs)
        assert states == theirs[-self.horizon :]
        assert self.current_slot_values() == plain.current_slot_values()
        assert self.active_loop == plain.active_loop
        assert self.latest_action == plain.latest_action
        compared += 1
        return states

    talk = Talk(turns, id="agree")
    decisions, turns._processor.decisions = turns._processor.decisions, None  # the policies are asked
    BoundedTracker.past_states = checked  # type: ignore[method-assign]
    try:
        for text, options in messages:
            await step(talk, text, options)
    finally:
        BoundedTracker.past_states = original  # type: ignore[method-assign]
        turns._processor.decisions = decisions
    assert compared >= len(messages)
    assert domain is turns._processor.domain


async def test_a_copy_shares_slots_until_one_is_set(turns: Any) -> None:
    from rasa.shared.core.events import AllSlotsReset, SlotSet

    from bot.engine.tracker import BoundedTracker

    domain = turns._processor.domain
    before = {slot.name: (slot.value, slot.has_been_set) for slot in domain.slots}
    first = BoundedTracker("a", domain.slots)
    first.update(SlotSet("city", "Paris"))
    second = first.copy()
    second.update(SlotSet("city", "London"))
    third = second.copy()
    third.update(AllSlotsReset())
    other = BoundedTracker("b", domain.slots)
    trackers = (first, second, third, other)
    assert [t.get_slot("city") for t in trackers] == ["Paris", "London", None, None]
    assert [t.slots["city"].has_been_set for t in trackers] == [True, True, False, False]
    assert {slot.name: (slot.value, slot.has_been_set) for slot in domain.slots} == before


@pytest.mark.parametrize("before", range(15))
async def test_a_flow_survives_a_cut_at_any_turn(turns: Any, before: int) -> None:
    talk = Talk(turns, id=f"cut{before}", live=False)
    for i in range(before):
        await talk.say(("goodbye", "thanks", "opening hours")[i % 3])
    await talk.say("book a table")
    for i in range(before):
        assert (await talk.say(("opening hours", "blah")[i % 2]))[-1] == "Which city?"
        if i % 2:
            assert (await talk.turn("opening hours")).awaiting == "city"
    assert await talk.say("Paris", payload=PARIS) == ["How many people?"]
    for _ in range(before):
        assert await talk.say("99 people") == ["A number up to 20, please.", "How many people?"]
    assert await talk.say("7 people") == ["A table for 7.0 in Paris."]
    assert (await talk.turn("goodbye")).awaiting == ""


async def test_slots_outlive_the_cut(talk: Talk) -> None:
    talk.live = False
    await talk.say("remember this: größe Ⅻ 💬")
    for _ in range(40):
        await talk.say("goodbye")
    texts = [e.text for e in tracker_of(talk).events if e.type_name == "user"]
    assert "remember this: größe Ⅻ 💬" not in texts
    assert (await talk.say("what did I say"))[0].startswith("You said remember this: größe Ⅻ 💬 / ")


async def test_the_last_six_turns_are_always_there(talk: Talk) -> None:
    from bot.engine.state import CUT_AT_TURNS, KEEP_TURNS

    for i in range(60):
        await talk.say(f"goodbye {i}")
        texts = [e.text for e in tracker_of(talk).events if e.type_name == "user"]
        wanted = [f"goodbye {n}" for n in range(max(0, i - KEEP_TURNS + 1), i + 1)]
        assert texts[-len(wanted) :] == wanted
        assert len(texts) <= CUT_AT_TURNS


async def test_a_form_forgets_no_more_of_what_was_said(talk: Talk) -> None:
    """Rasa leaves a form's earlier turns out of what it decides by; actions look at them all the same."""
    from bot.engine.state import CUT_AT_TURNS, KEEP_TURNS

    for i in range(8):
        await talk.say(f"goodbye {i}")
    said = ["book a table", "Paris"]
    await talk.say(said[0])
    await talk.say("Paris", payload=PARIS)
    for i in range(40):
        said.append(f"{90 + i} people")
        await talk.say(said[-1])
        texts = [e.text for e in tracker_of(talk).events if e.type_name == "user"]
        wanted = said[-KEEP_TURNS:]
        assert texts[-len(wanted) :] == wanted
        assert len(texts) <= CUT_AT_TURNS


async def test_a_long_form_is_bounded(talk: Talk) -> None:
    from bot.engine.state import CUT_AT_EVENTS

    await talk.say("book a table")
    await talk.say("Paris", payload=PARIS)
    sizes = []
    for _ in range(150):
        await talk.say("99 people")
        sizes.append(len(talk.state or b""))
        assert len(tracker_of(talk).events) <= CUT_AT_EVENTS
    assert max(sizes) < 40_000
    assert await talk.say("7 people") == ["A table for 7.0 in Paris."]


async def test_huge_texts_are_bounded(talk: Talk) -> None:
    for _ in range(20):
        await talk.say("remember this " + "💬" * 50_000)
    assert len(talk.state or b"") < 400_000
    assert (await talk.say("goodbye")) == ["Bye."]


async def test_a_slot_that_the_domain_lost_is_left_out(talk: Talk) -> None:
    from rasa.shared.core.events import SlotSet

    from bot.engine.state import decode, encode

    await talk.say("goodbye")
    tracker = tracker_of(talk)
    tracker.events.append(SlotSet("long_gone", 1))
    again = decode(encode(tracker), talk.id, talk.turns._processor.domain)
    assert "long_gone" not in again.slots


async def test_events_of_every_kind_come_back(turns: Any) -> None:
    from rasa.shared.core import events as e

    from bot.engine.state import decode, encode
    from bot.engine.tracker import BoundedTracker

    domain = turns._processor.domain
    entities = [{"entity": "city", "value": "Köln", "start": 0, "end": 4, "role": "to"}]
    parsed = {
        "text": "Köln",
        "intent": {"name": "inform", "confidence": 0.5},
        "entities": entities,
        "intent_ranking": [{"name": "inform", "confidence": 0.5}],
        "response_selector": {"default": {}},
    }
    kinds = [
        e.ActionExecuted("action_session_start", metadata={"a": 1}),
        e.SessionStarted(),
        e.ActionExecuted("action_listen", "RulePolicy", 0.9, hide_rule_turn=True),
        e.UserUttered("Köln", parsed["intent"], entities, parsed, 1.5, "rest", "m1"),
        e.DefinePrevUserUtteredFeaturization(False),
        e.EntitiesAdded(entities),
        e.SlotSet("note", {"x": [1, None, "é"]}),
        e.ActiveLoop("booking_form"),
        e.LoopInterrupted(True),
        e.ActionExecutionRejected("booking_form", "RulePolicy", 0.1),
        e.BotUttered("hi", {"buttons": [{"title": "a", "payload": "/b"}]}, {"utter_action": "utter_greet"}),
        e.FollowupAction("action_wait"),
        e.ActiveLoop(None),
        e.ActionExecuted(action_text="end to end"),
    ]
    tracker = BoundedTracker("k", domain.slots)
    tracker.now = 2.5
    tracker.update_with_events(kinds, domain)
    again = decode(encode(tracker), "k", domain)
    assert [x.as_dict() for x in again.events] == [x.as_dict() for x in tracker.events]
    assert again.latest_message.parse_data == tracker.latest_message.parse_data


async def test_old_turns_cost_nothing(turns: Any) -> None:
    """Turn 500 costs at most 1.3 times turn 10 (medians around them; the machine may be busy)."""
    cycle = [("book a table", {}), ("Paris", {"payload": PARIS}), ("opening hours", {}), ("3 people", {})]
    ratios = []
    for attempt in range(3):
        talk = Talk(turns, id=f"flat{attempt}")
        cpu = []
        for i in range(510):
            text, options = cycle[i % len(cycle)]
            cpu.append((await talk.turn(text, **options)).cpu_ms)
        ratios.append(statistics.median(cpu[480:504]) / statistics.median(cpu[4:28]))
        if ratios[-1] <= 1.3:
            break
    assert min(ratios) <= 1.3, ratios
