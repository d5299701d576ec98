"""The threshold that training tuned decides what is out of scope, unless config.yml names a number."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [
    pytest.mark.rasa,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("turns"),  # Rasa without TensorFlow
]


def seen(settings: dict[str, Any], *scores: float, tuned: float | None = 0.6) -> list[str]:
    """Return the ranking of a message that a classifier gave these confidences."""
    from rasa.shared.nlu.training_data.message import Message

    from bot.nlu.fallback import ScopeFallback

    ranking = [{"name": f"intent_{n}", "confidence": score} for n, score in enumerate(scores)]
    message = Message({"text": "hello", "intent": dict(ranking[0]), "intent_ranking": ranking})
    if tuned is not None:
        message.set("scope_threshold", tuned)
    component = ScopeFallback({**ScopeFallback.get_default_config(), **settings})
    (found,) = component.process([message])
    assert found.get("intent") == found.get("intent_ranking")[0]
    return [entry["name"] for entry in found.get("intent_ranking")]


@pytest.mark.parametrize(
    ("settings", "score", "tuned", "falls"),
    [
        ({}, 0.59, 0.6, True),
        ({}, 0.61, 0.6, False),
        ({}, 0.39, None, True),  # another classifier, which tunes nothing
        ({}, 0.41, None, False),
        ({"threshold": 0.3}, 0.4, 0.6, False),
        ({"threshold": 0.7}, 0.65, 0.6, True),
        ({"threshold": "tuned"}, 0.59, 0.6, True),
        ({}, 0.01, 0.0, False),  # too few examples to tune on
    ],
)
def test_who_decides(settings: dict[str, Any], score: float, tuned: float | None, falls: bool) -> None:
    names = seen({"ambiguity_threshold": 0.0, **settings}, score, 0.005, tuned=tuned)
    assert names == [*(["nlu_fallback"] if falls else []), "intent_0", "intent_1"]


def test_two_that_are_too_close_are_not_understood() -> None:
    assert seen({}, 0.48, 0.46, tuned=0.3)[0] == "nlu_fallback"
    assert seen({"ambiguity_threshold": 0.01}, 0.48, 0.46, tuned=0.3)[0] == "intent_0"
