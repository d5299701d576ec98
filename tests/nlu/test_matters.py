"""Doubt between two intents: none, a question, or not understood."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore")]

GROUPS = {"same": [["a", "b"]], "together": [["c", "d"]]}


def look(*scores: tuple[str, float], fallback: bool = True) -> tuple[str, float, list[str]]:
    from rasa.shared.nlu.training_data.message import Message

    from bot.nlu.matters import OneMatter

    ranking = [{"name": name, "confidence": score} for name, score in scores]
    best: dict[str, Any] = {"name": "nlu_fallback", "confidence": 0.5} if fallback else ranking[0]
    ranking = [best, *ranking] if fallback else ranking
    message = Message(data={"text": "t", "intent": best, "intent_ranking": ranking, "entities": []})
    OneMatter({**OneMatter.get_default_config(), **GROUPS}).process([message])
    found = [e["value"] for e in message.get("entities")]
    intent = message.get("intent")
    assert message.get("intent_ranking")[0] == intent
    return intent["name"], round(intent["confidence"], 2), found


def test_doubt_between_ways_to_the_same_thing_is_none() -> None:
    assert look(("a", 0.4), ("b", 0.35), ("c", 0.1)) == ("a", 0.75, [])
    assert look(("a", 0.2), ("b", 0.15), ("c", 0.1))[0] == "nlu_fallback"


def test_two_that_are_far_ahead_are_named() -> None:
    assert look(("a", 0.45), ("c", 0.4), ("d", 0.05)) == ("nlu_fallback", 0.5, ["a", "c"])
    assert look(("c", 0.45), ("d", 0.4)) == ("nlu_fallback", 0.5, ["c", "d"])


@pytest.mark.parametrize(
    "scores",
    [
        (("a", 0.35), ("c", 0.3), ("d", 0.25)),  # a third is near
        (("a", 0.3), ("c", 0.15), ("d", 0.05)),  # neither is likely
        (("a", 0.38), ("c", 0.2), ("d", 0.05)),
        (("a", 0.38),),
    ],
)
def test_other_doubt_names_nothing(scores: tuple[tuple[str, float], ...]) -> None:
    assert look(*scores) == ("nlu_fallback", 0.5, [])


def test_what_is_understood_is_left_alone() -> None:
    assert look(("a", 0.6), ("b", 0.4), fallback=False) == ("a", 0.6, [])


def test_what_is_one_matter_when_both_are_named() -> None:
    from bot.nlu.matters import OneMatter

    matters = OneMatter({**OneMatter.get_default_config(), **GROUPS})
    assert matters.together("a", "b")
    assert matters.together("d", "c")
    assert not matters.together("a", "c")
