"""What is remembered of the policies is what they would say again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.talk import Talk
from tests.engine.test_state import MESSAGES, SLOW, step

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]


class Doubting:
    """Decisions that ask the policies each time, and compare."""

    def __init__(self, decisions: Any) -> None:
        self.decisions = decisions
        self.compared = 0

    def predict(self, tracker: Any, ask: Any) -> Any:
        before = len(self.decisions._kept)
        found = self.decisions.predict(tracker, ask)
        if len(self.decisions._kept) == before:
            asked = ask()
            self.compared += 1
            assert found.max_confidence_index == asked.max_confidence_index
            assert found.max_confidence == asked.max_confidence
            assert (found.events, found.optional_events) == (asked.events, asked.optional_events)
            names = ("policy_name", "policy_priority", "is_end_to_end_prediction", "action_metadata")
            for name in (*names, "is_no_user_prediction", "hide_rule_turn"):
                assert getattr(found, name) == getattr(asked, name), name
        return found


@SLOW
@given(st.lists(st.sampled_from(MESSAGES), max_size=30))
async def test_remembered_decisions_are_those_of_the_policies(
    turns: Any, messages: list[tuple[str, dict[str, Any]]]
) -> None:
    processor = turns._processor
    decisions, processor.decisions = processor.decisions, Doubting(processor.decisions)
    try:
        for repeat in range(2):
            talk = Talk(turns, id=f"doubt{repeat}", live=not repeat)
            for text, options in messages:
                await step(talk, text, options)
        assert processor.decisions.compared >= len(messages)
    finally:
        processor.decisions = decisions


async def test_a_decision_is_nobodys_to_change(turns: Any) -> None:
    """Events of a prediction are applied to trackers, which gives them their time."""
    talk = Talk(turns, id="shared")
    await talk.say("hello")
    decisions = turns._processor.decisions
    (event, *_) = (e for kept in decisions._kept.values() for e in kept.events)
    kept = next(kept for kept in decisions._kept.values() if kept.events)
    assert kept.again().events == kept.events
    assert kept.again().events[0] is not event
    assert kept.probabilities == []


async def test_it_is_bounded(turns: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.engine import decisions as module

    monkeypatch.setattr(module, "MAX_KEPT", 3)
    processor = turns._processor
    fresh = module.Decisions.of(processor.graph_runner.components(), processor.domain, processor.horizon)
    assert fresh is not None
    monkeypatch.setattr(processor, "decisions", fresh)
    talk = Talk(turns, id="bounded")
    for text in ("hello", "goodbye", "thanks", "opening hours", "goodbye"):
        await talk.say(text)
    assert len(fresh._kept) == 3


def test_policies_that_may_look_at_more_are_always_asked(turns: Any) -> None:
    from rasa.core.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
    from rasa.core.policies.rule_policy import RulePolicy

    from bot.engine.decisions import Decisions

    processor = turns._processor
    domain, parts = processor.domain, processor.graph_runner.components()
    assert Decisions.of(parts, domain, 6) is not None
    assert Decisions.of(parts, domain, None) is None
    assert Decisions.of(parts, SimpleNamespace(action_texts=["said in a story"]), 6) is None
    other = AugmentedMemoizationPolicy.__new__(AugmentedMemoizationPolicy)
    assert Decisions.of([*parts, other], domain, 6) is None
    sure = MemoizationPolicy.__new__(MemoizationPolicy)
    sure.config = {"use_nlu_confidence_as_score": True}
    assert Decisions.of([*parts, sure], domain, 6) is None
    words = RulePolicy.__new__(RulePolicy)
    words.lookup = {"rules": {'[{"user": {"text": "hi"}}]': "utter_greet"}}
    assert Decisions.of([*parts, words], domain, 6) is None
    assert Decisions.of([p for p in parts if type(p).__name__ != "RuleOnlyDataProvider"], domain, 6) is None
