"""The bounded state with the assistant that we ship: its flows and its own policies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import TurnFailed
from bot.training.registry import live_model
from tests.engine.talk import KnownShop, Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]

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


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=45), st.integers(0, 30))
async def test_live_and_rebuilt_trackers_say_the_same(
    shipped: Any, messages: list[str], returned: int
) -> None:
    live = Talk(shipped, id="same", directory=KnownShop(), live=True)
    rebuilt = Talk(shipped, id="same", directory=KnownShop(), live=False)
    for i, text in enumerate(messages):
        options = {"after_handoff": True} if i == returned else {}
        assert await step(rebuilt, text, **options) == await step(live, text, **options)


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


FLOWS: dict[str, list[tuple[str, str]]] = {
    "refund": [("has my refund been paid", "order_number"), ("4521", "")],
    "cancel": [("cancel my order", "order_number"), ("4521", "confirmed"), ("yes", "")],
}


@pytest.mark.parametrize("before", [0, 3, 4, 5, 6, 7, 9, 10, 11, 12, 17])
@pytest.mark.parametrize("flow", FLOWS)
async def test_flows_survive_a_cut_at_any_turn(shipped: Any, flow: str, before: int) -> None:
    """The same flow with and without a long conversation before and in the middle of it."""
    plain = Talk(shipped, id="flow", directory=KnownShop(), live=False)
    long = Talk(shipped, id="flow", directory=KnownShop(), live=False)
    for i in range(before):
        await long.turn(("hello", "thanks", "what are your opening hours")[i % 3])
    for text, awaiting in FLOWS[flow]:
        expected, got = await plain.turn(text), await long.turn(text)
        assert (expected.awaiting, got.awaiting) == (awaiting, awaiting)
        assert got.slots == expected.slots
        if awaiting:
            for i in range(before):  # the same again and again would be a sign of anger
                aside = ("what are your opening hours", "what can I pay with")[i % 2]
                assert (await long.turn(aside)).awaiting == awaiting


def test_policies_look_at_few_states(shipped: Any) -> None:
    """What makes a turn's cost independent of the conversation: nobody asks for all of it."""
    assert shipped._processor.horizon is not None
    assert shipped._processor.horizon <= 12


def test_every_custom_action_is_written(shipped: Any) -> None:
    processor = shipped._processor
    assert processor.missing_actions(processor.action_endpoint.names) == []
