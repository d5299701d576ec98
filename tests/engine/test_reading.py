from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import MAX_TEXT
from bot.engine import reading


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        "  /restart",
        "\u200b/restart",
        "/\u200brestart",
        "\ufeff \t/restart  ",
        "//restart",
        "/ restart",
        "\uff0frestart",
        "\u202e/restart",
        '/cancel_order{"order_number": "4521"}',
        '/cancel_order {"order_number": "4521"}',
        "/cancel_order@1.0{}",
        "/cancel_order{broken",
        "/",
        "///",
        "/ \u200b",
    ],
)
def test_a_typed_command_is_nothing_to_understand(text: str) -> None:
    assert reading.read_typed(text).command


@pytest.mark.parametrize("text", ["hello", "where is 4521/B?", "and/or", "", "yes / no", "{x}", "24/7"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert reading.read_typed(text) == reading.Typed(text=text)


def test_a_sentence_after_a_slash_is_read_without_it() -> None:
    typed = reading.read_typed(" / where is my order")
    assert typed == reading.Typed(text="where is my order", offset=3)


def test_positions_are_those_of_the_text_as_typed() -> None:
    shown = "/ order 4521 please"
    typed = reading.read_typed(shown)
    found = {"entity": "order_number", "value": "4521", "start": 6, "end": 10}
    parsed = reading.tidy({"intent": {"name": "a", "confidence": 1}, "entities": [found]}, typed, shown)
    entity = parsed["entities"][0]
    assert shown[entity["start"] : entity["end"]] == "4521"


@given(st.text(alphabet=st.sampled_from('/\uff0f \t\n\u200b\u200d\u202ear{}"@1é\u0301💬'), max_size=30))
def test_nothing_reads_as_a_command(text: str) -> None:
    typed = reading.read_typed(text)
    assert typed.command or not typed.text.strip().startswith("/")
    assert text.endswith(typed.text)
    assert len(text) - len(typed.text) == typed.offset


def test_a_text_is_bounded() -> None:
    assert len(reading.read_typed("x" * 100_000).text) == MAX_TEXT


def test_a_payload_becomes_intent_and_entities() -> None:
    parsed = reading.read_payload('/inform{"city": "Köln", "people": 4, "tags": ["a", "b"]}')
    assert parsed is not None
    assert parsed["intent"] == {"name": "inform", "confidence": 1.0}
    assert [(e["entity"], e["value"]) for e in parsed["entities"]] == [
        ("city", "Köln"),
        ("people", 4),
        ("tags", "a"),
        ("tags", "b"),
    ]


@pytest.mark.parametrize(
    "payload", ["inform", "/inform{", "/inform{1}", "/", "", "/a b", '/a{"x": 1} more']
)
def test_a_malformed_payload_is_none(payload: str) -> None:
    assert reading.read_payload(payload) is None


def test_a_fallback_keeps_the_real_intents_in_order() -> None:
    ranking = [
        {"name": "nlu_fallback", "confidence": 0.3},
        *({"name": name, "confidence": 0.2 - i / 100} for i, name in enumerate("abcdefg")),
    ]
    parsed = reading.tidy(
        {"intent": ranking[0], "intent_ranking": ranking, "entities": []}, reading.Typed(text="x"), "x"
    )
    nlu = reading.to_nlu(parsed)
    assert nlu.fallback
    assert [i.name for i in nlu.intents] == list("abcde")


def test_entity_values_become_text() -> None:
    parsed = reading.read_payload('/inform{"people": 4, "who": {"a": 1}}')
    assert parsed is not None
    assert [e.value for e in reading.to_nlu(parsed).entities] == ["4", '{"a": 1}']
