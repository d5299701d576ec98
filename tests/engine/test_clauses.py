"""Dividing a message into its matters, with a classifier of a few words."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import clauses
from bot.engine.borders import pieces_of

WORDS = {
    "shoes": "product_question",
    "where": "track_order",
    "track": "track_order",
    "address": "change_shipping_address",
    "open": "opening_hours",
    "deliver": "delivery_options",
    "cancel": "cancel_order",
    "return": "get_refund",
    "refund": "get_refund",
    "broken": "damaged_item",
    "charged": "payment_issue",
    "invoice": "get_invoice",
    "died": "bereavement",
    "person": "contact_human_agent",
    "robot": "bot_challenge",
    "hello": "greet",
    "thanks": "thank",
    "@": "inform",
    "kettle": "wrong_item",
}


def parse(text: str) -> dict[str, Any]:
    """Return the intent of the only word that is known; of two, neither is sure. Politeness gives way."""
    low = text.casefold()
    names = list(dict.fromkeys(name for word, name in WORDS.items() if word in low))
    names = [name for name in names if name not in ("greet", "thank")] or names
    score = 0.95 if len(names) == 1 else 0.5
    entities = [
        {"entity": "order_number", "value": w, "start": text.index(w), "end": text.index(w) + 4}
        for w in low.replace("?", " ").replace(",", " ").split()
        if w.isdecimal() and len(w) == 4
    ]
    entities += [{"entity": "email", "value": w, "start": 0, "end": 1} for w in low.split() if "@" in w]
    ranking = [{"name": name, "confidence": score} for name in names or ["nlu_fallback"]]
    return {"text": text, "intent": ranking[0], "intent_ranking": ranking, "entities": entities}


def together(one: str, other: str) -> bool:
    return {one, other} in ({"damaged_item", "get_refund"}, {"cancel_order", "get_refund"})


def divided(text: str) -> list[str]:
    return [part.text for part in clauses.divide(text, parse, together)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("where is it and can I change the address", ["where is it", "can I change the address"]),
        ("do you deliver here also when are you open", ["do you deliver here", "when are you open"]),
        ("do you deliver here, when are you open", ["do you deliver here", "when are you open"]),
        ("do you deliver here? And when are you open?", ["do you deliver here?", "when are you open?"]),
        ("where is my parcel can I change the address", ["where is my parcel", "can I change the address"]),
        ("do you deliver here or are you open", ["do you deliver here", "are you open"]),
        ("do you deliver here + are you open", ["do you deliver here", "are you open"]),
        ("track 4521, cancel 4522", ["track 4521", "cancel 4522"]),
        ("where is it, I also need an invoice", ["where is it", "I also need an invoice"]),
        ("where is it and if I can change the address", ["where is it", "if I can change the address"]),
        ("the mug is broken and I was charged twice", ["the mug is broken", "I was charged twice"]),
        ("track 4521 and track 4522", ["track 4521", "track 4522"]),
        ("cancel 4521 and refund 4522", ["cancel 4521", "refund 4522"]),
        ("hello, where is it and are you open", ["hello, where is it", "are you open"]),
        (
            "where is it, can I change the address and are you open",
            ["where is it", "can I change the address", "are you open"],
        ),
    ],
)
def test_two_clear_matters_are_divided(text: str, parts: list[str]) -> None:
    assert divided(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "black and white shoes",
        "name and address",
        "cancel and refund order 4521",
        "I ordered a lamp and it is broken",
        "I ordered shoes and they are broken",
        "the mug is broken and I want a refund",
        "where is it and where is my parcel",
        "how many days do you deliver",
        "what shoes do you deliver",
        "my mum died and I want to cancel",
        "are you a robot and where is my order",
        "the shop is open, where is my parcel",
        "I bought a kettle, can I return it",
        "where is my parcel, I cancel",
        "are you open and how long is it then",
        "yes, and thanks",
        "hello and thanks",
        "thanks, where is my parcel",
        "and, or, but",
        "where",
        "",
        "   ",
        "?!",
    ],
)
def test_everything_else_stays_one_message(text: str) -> None:
    assert divided(text) == []


def test_who_wants_a_person_first_wants_nothing_else() -> None:
    text = "give me a person and where is order 4521"
    (only,) = clauses.divide(text, parse, together)
    assert (only.intent, only.text, values(only, "order_number")) == ("contact_human_agent", text, ["4521"])
    both = clauses.divide("where is order 4521 and give me a person", parse, together)
    assert [part.intent for part in both] == ["track_order", "contact_human_agent"]


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("a@b.c and when are you open", ["inform", "opening_hours"]),
        ("it's a@b.c, can I return it too?", ["inform", "get_refund"]),
        ("a@b.c and I live here", []),
        ("a@b.c and thanks", []),
        ("hello and when are you open", []),
        ("a@b.c", []),
    ],
)
def test_an_answer_and_a_request_behind_it(text: str, intents: list[str]) -> None:
    assert [part.intent for part in clauses.answer_and_more(text, parse)] == intents


def values(part: clauses.Part, name: str) -> list[str]:
    return [e["value"] for e in part.parsed["entities"] if e["entity"] == name]


def test_each_part_has_its_own_entities() -> None:
    first, second = clauses.divide("track 4521 and cancel 4522", parse, together)
    assert (values(first, "order_number"), values(second, "order_number")) == (["4521"], ["4522"])


def test_what_it_points_to_is_carried() -> None:
    _, second = clauses.divide("where is order 4521 and can I return it", parse, together)
    assert values(second, "order_number") == ["4521"]
    assert [e["start"] for e in second.parsed["entities"]] == [-1]
    _, plain = clauses.divide("where is order 4521 and are you open", parse, together)
    assert values(plain, "order_number") == []


def test_a_proof_holds_for_the_whole_message() -> None:
    parts = clauses.divide("track 4521 and cancel 4522, my address is a@b.c", _mail_is_talk, together)
    assert [part.intent for part in parts] == ["track_order", "cancel_order"]
    assert [values(part, "email") for part in parts] == [["a@b.c"], ["a@b.c"]]


def _mail_is_talk(text: str) -> dict[str, Any]:
    return parse(text.replace("address", ""))


JOINS = ["and", "or", "also", ",", "?", ".", "\n", "  ", "+", "then"]
REST = [
    "can I",
    "do you",
    "how",
    "4521",
    "4522",
    "it",
    "my",
    "I",
    "if I",
    "the",
    "please",
    "é",
    "😀",
    "\u200b",
]
TEXTS = st.lists(st.sampled_from([*WORDS, *JOINS, *REST]), max_size=14).map(" ".join)


@given(TEXTS | st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_parts_share_no_characters_and_lose_none(text: str) -> None:
    pieces = pieces_of(text)
    assert "".join(text[p.start : p.end] for p in pieces) == text
    assert all(p.start <= p.said <= p.end for p in pieces)
    parts = clauses.divide(text, parse, together)
    if [p.intent for p in parts] == ["contact_human_agent"]:
        assert parts[0].text == text
    elif parts:
        assert len(parts) > 1
        assert "".join(text[p.start : p.end] for p in parts) == text
        assert all(text[p.said : p.end].strip() == p.text for p in parts)
        assert len({(p.intent, *values(p, "order_number")) for p in parts}) == len(parts)


@pytest.mark.parametrize(
    "piece", [" ", ", ", "and ", "what ", "  and    and", "?, and but ", "how do i ", "\n"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 4000)[:4000]
    started = time.perf_counter()
    pieces_of(text)
    assert time.perf_counter() - started < 0.25
