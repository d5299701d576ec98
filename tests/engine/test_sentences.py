from __future__ import annotations

from typing import Any

import pytest

from bot.engine import sentences

KNOWN = {
    "Hello dear.": ("greet", 0.99),
    "Thank you, that is lovely.": ("thank", 0.95),
    "My parcel has not come yet.": ("late_delivery", 0.9),
    "Please send me the invoice too.": ("get_invoice", 0.95),
    "It is the blue one.": ("track_order", 0.3),
    "Goodbye!": ("goodbye", 0.99),
    "Are you a robot?": ("bot_challenge", 0.99),
    "yes": ("affirm", 0.99),
}


def parse(text: str) -> dict[str, Any]:
    name, score = KNOWN.get(text, ("nlu_fallback", 0.2))
    ranking = [{"name": name, "confidence": score}]
    return {"text": text, "intent": dict(ranking[0]), "entities": [], "intent_ranking": ranking}


def read(text: str, whole: str, *, asked: bool = False) -> str:
    before = {"text": text, "intent": {"name": whole, "confidence": 0.7}, "entities": []}
    found = sentences.read(text, before, parse, asked=asked)
    assert found["text"] == text
    assert found["entities"] == []
    return str(found["intent"]["name"])


@pytest.mark.parametrize(
    ("text", "whole", "meant"),
    [
        ("Hello dear. My parcel has not come yet.", "greet", "late_delivery"),
        ("Thank you, that is lovely. Please send me the invoice too.", "thank", "get_invoice"),
        ("Thank you, that is lovely. Goodbye!", "thank", "goodbye"),
        ("It is the blue one. Goodbye!", "inform", "goodbye"),
        # What is clear as a whole, or by no sentence, stays:
        ("My parcel has not come yet. Please send me the invoice too.", "late_delivery", "late_delivery"),
        ("My parcel has not come yet. It is the blue one.", "late_delivery", "late_delivery"),
        ("It is the blue one. Nobody knows.", "inform", "inform"),
        ("Hello dear. Are you a robot?", "greet", "greet"),
        ("My parcel has not come yet.", "greet", "greet"),
    ],
)
def test_a_message_is_about_its_clearest_sentence(text: str, whole: str, meant: str) -> None:
    assert read(text, whole) == meant


def test_an_answer_to_a_question_stays_one() -> None:
    assert read("It is the blue one. My parcel has not come yet.", "inform", asked=True) == "inform"
    assert read("Hello dear. My parcel has not come yet.", "greet", asked=True) == "late_delivery"


def test_sentences_are_bounded() -> None:
    assert len(sentences.split("One more thing here. " * 50)) == sentences.MAX_SENTENCES
    assert sentences.split("... !!! ???") == []
    assert sentences.split("send it back but keep the lid") == ["send it back", "keep the lid"]
