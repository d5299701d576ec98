"""The bounded state with the assistant that we ship: its flows and its own policies."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import TurnFailed
from bot.training.registry import live_model
from tests.engine.cuts import ALWAYS, NEVER, cutting
from tests.engine.talk import KnownShop, Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default"), pytest.mark.timeout(3_600)]

ROOT = Path(__file__).resolve().parents[2]
PRESS = "<press>"
MESSAGES = [
    "hello",
    "where is my order",
    "track order 4521",
    "4521",
    "1200",
    "order 77777",
    "cancel my order",
    "cancel order 4521 please",
    "I want a refund",
    "it is broken",
    "yes",
    "no",
    "never mind, stop",
    "a different order",
    "what are your opening hours",
    "SW1A 1AA",
    "ada@example.com",
    "thanks",
    "qwrtz plmnk",
    "I want to talk to a human",
    "/restart",
    "what can you do",
    "💬" * 40,
    *[PRESS] * 5,
]
CORRECTIONS = [
    "no, I meant order 1200",
    "sorry, wrong number, it's 4521",
    "not that one, the other order",
    "actually I want a replacement instead",
    "wait, go back",
    "I didn't say that",
]


@pytest.fixture(scope="module")
def shipped() -> Any:
    """The live model; trained here if there is none."""
    from bot.engine.rasa_turns import RasaTurns

    model = live_model(ROOT / "models")
    if model is None:
        models = ROOT / ".baton" / "cache" / "models"
        command = [
            sys.executable,
            "-m",
            "bot.training.train",
            "--project",
            str(ROOT),
            "--models",
            str(models),
        ]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        model = live_model(models)
    assert model is not None
    return RasaTurns.load(model.path, ROOT)


async def step(talk: Talk, text: str, **options: Any) -> Any:
    if text == PRESS:
        if not talk.choices:
            return None
        text, options["payload"] = talk.choices[0].title, talk.choices[0].payload
    try:
        result = await talk.turn(text, **options)
    except TurnFailed as failed:
        return failed.fields
    return (result.messages, result.slots, result.awaiting, result.handoff, result.nlu, result.state)


def conversations() -> Any:
    """Generate what customers say and press, with corrections, and returns from a person in between."""
    said = st.one_of(
        st.sampled_from(MESSAGES), st.sampled_from(CORRECTIONS), st.sampled_from(real_messages())
    )
    returned = st.sampled_from([False] * 14 + [True])
    return st.lists(st.tuples(said, returned), min_size=1, max_size=45)


@cache
def real_messages() -> list[str]:
    with (ROOT / "tests" / "nlu" / "messages.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


async def same_everywhere(shipped: Any, conversation: list[tuple[str, bool]]) -> None:
    """Check that a tracker kept, one rebuilt, one cut at once and one never cut all say the same."""
    kept, rebuilt, cut, whole = (
        Talk(shipped, id="same", directory=KnownShop(), live=live) for live in (True, False, True, False)
    )
    for text, returned in conversation:
        options = {"after_handoff": True} if returned else {}
        expected = await step(kept, text, **options)
        assert await step(rebuilt, text, **options) == expected
        for talk, bounds in ((cut, ALWAYS), (whole, NEVER)):
            with cutting(bounds):
                said = await step(talk, text, **options)
            assert _without_state(said) == _without_state(expected)


def _without_state(said: Any) -> Any:
    """Leave out the bytes, and what a wish for a person quotes from turns that may be forgotten."""
    if not isinstance(said, tuple):
        return said
    messages, slots, awaiting, handoff, nlu, _ = said
    evidence = {k: v for k, v in handoff.evidence.items() if k != "said"} if handoff else {}
    return messages, slots, awaiting, handoff and replace(handoff, evidence=evidence), nlu


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(conversations())
async def test_trackers_say_the_same(shipped: Any, conversation: list[tuple[str, bool]]) -> None:
    await same_everywhere(shipped, conversation)


@pytest.mark.long
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(conversations())
async def test_trackers_say_the_same_in_many_conversations(
    shipped: Any, conversation: list[tuple[str, bool]]
) -> None:
    await same_everywhere(shipped, conversation)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=45))
async def test_no_turn_fails_or_stays_silent(shipped: Any, messages: list[str]) -> None:
    talk = Talk(shipped, id="silent", directory=KnownShop())
    for text in messages:
        if text == PRESS and not talk.choices:
            continue
        said = await step(talk, text)
        assert isinstance(said, tuple), (text, said)
        replies, handoff = said[0], said[3]
        assert replies or handoff, text


def test_policies_look_at_few_states(shipped: Any) -> None:
    """What makes a turn's cost independent of the conversation: nobody asks for all of it."""
    assert shipped._processor.horizon is not None
    assert shipped._processor.horizon <= 12


def test_every_custom_action_is_written(shipped: Any) -> None:
    processor = shipped._processor
    assert processor.missing_actions(processor.action_endpoint.names) == []
