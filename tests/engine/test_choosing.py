from __future__ import annotations

from typing import Any

import pytest

from bot.engine.choosing import answering, choose

ORDERS = [
    {"title": "4522 · Wool rug", "payload": '/inform{"order_number": "4522"}'},
    {"title": "4521 · Brass desk lamp", "payload": '/inform{"order_number": "4521"}'},
]
TOPICS = [
    {"title": "Return it", "payload": '/get_refund{"order_number": "4523"}'},
    {"title": "Speak to a person", "payload": "/contact_human_agent"},
]


def parsed(text: str, intent: str | None, place: str = "") -> dict[str, Any]:
    entities = [{"entity": "ordinal", "value": place}] if place else []
    return {"text": text, "intent": {"name": intent, "confidence": 0.8}, "entities": entities}


def meaning(said: dict[str, Any]) -> tuple[str, dict[str, str]]:
    values = {e["entity"]: e["value"] for e in said["entities"] if e["entity"] != "ordinal"}
    return said["intent"]["name"], values


@pytest.mark.parametrize(
    ("said", "buttons", "meant"),
    [
        (parsed("the second one", "inform", "2"), ORDERS, ("inform", {"order_number": "4521"})),
        (parsed("no, the last one", "other_order", "last"), ORDERS, ("inform", {"order_number": "4521"})),
        (parsed("1", "nlu_fallback", "1"), ORDERS, ("inform", {"order_number": "4522"})),
        (parsed("4521 brass desk lamp!", "nlu_fallback"), ORDERS, ("inform", {"order_number": "4521"})),
        (
            parsed("cancel the second one", "cancel_order", "2"),
            ORDERS,
            ("cancel_order", {"order_number": "4521"}),
        ),
        (parsed("Speak to a PERSON", "nlu_fallback"), TOPICS, ("contact_human_agent", {})),
        (parsed("the first", "inform", "1"), TOPICS, ("get_refund", {"order_number": "4523"})),
        # Not a choice:
        (parsed("speak to a person?", "nlu_fallback"), TOPICS, ("nlu_fallback", {})),
        (parsed("the third one", "inform", "3"), ORDERS, ("inform", {})),
        (parsed("the second one", "inform", "2"), [], ("inform", {})),
        (parsed("where is the second one", "track_order", "2"), TOPICS, ("track_order", {})),
        (
            parsed("the second one of the three that I bought", "inform", "2"),
            ORDERS,
            ("inform", {}),
        ),
    ],
)
def test_what_is_chosen_by_words(
    said: dict[str, Any], buttons: list[dict[str, str]], meant: tuple[str, dict[str, str]]
) -> None:
    assert meaning(choose(said, buttons)) == meant
    assert choose(said, buttons)["text"] == said["text"]


LAMPS = [
    {"title": "Brass desk lamp", "payload": '/product_question{"product": "Brass desk lamp"}'},
    {"title": "Ceramic table lamp", "payload": '/product_question{"product": "Ceramic table lamp, blue"}'},
    {"title": "Reading lamp", "payload": '/product_question{"product": "Clip-on reading lamp"}'},
]
GO_ON = [{"title": "Yes, go on", "payload": "/opening_hours"}, {"title": "No, thanks", "payload": "/deny"}]
CONFIRM = [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]
BLUE = ("product_question", {"product": "Ceramic table lamp, blue"})


@pytest.mark.parametrize(
    ("said", "buttons", "meant"),
    [
        (parsed("yes please the blue one", "affirm"), LAMPS, BLUE),
        (parsed("blue", "inform"), LAMPS, BLUE),
        (parsed("yes", "affirm"), GO_ON, ("opening_hours", {})),
        # Not in the light of what was offered:
        (parsed("the lamp", "inform"), LAMPS, ("inform", {})),
        (parsed("the brass or the blue", "inform"), LAMPS, ("inform", {})),
        (parsed("is the blue one returnable", "check_refund_policy"), LAMPS, ("check_refund_policy", {})),
        (parsed("blue is my favourite colour by far", "inform"), LAMPS, ("inform", {})),
        (parsed("yes", "affirm"), CONFIRM, ("affirm", {})),
        (parsed("yes?", "affirm"), GO_ON, ("affirm", {})),
        (parsed("no", "deny"), GO_ON, ("deny", {})),
        (parsed("yes", "affirm"), [], ("affirm", {})),
    ],
)
def test_answers_to_what_was_offered(
    said: dict[str, Any], buttons: list[dict[str, str]], meant: tuple[str, dict[str, str]]
) -> None:
    assert meaning(answering(said, buttons, asked=False)) == meant
    assert meaning(answering(said, buttons, asked=True)) == meaning(said)


def test_a_question_about_the_question_is_no_answer() -> None:
    said = parsed("what number?", "inform")
    said["entities"] = [{"entity": "asked_back", "value": "what number?"}]
    assert answering(said, [], asked=True)["intent"]["name"] == "repeat"
    assert answering(said, [], asked=False)["intent"]["name"] == "inform"


def test_a_hesitating_yes_takes_up_nothing() -> None:
    said = parsed("yes but later", "affirm")
    said["entities"] = [{"entity": "hesitation", "value": "but"}]
    assert answering(said, GO_ON, asked=False) == said
