from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import MAX_CHARS, char_grams, normalise, word_grams


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Where is ORDER 4521?", "where is order 0?"),
        ("tel 12-345", "tel 0-0"),
        ("can\u200bcel", "cancel"),
        ("\ufeffhi\u200f", "hi"),
        ("don’t", "don't"),
        ("Ｈｅｌｌｏ", "hello"),
        ("", ""),
    ],
)
def test_normalises(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_two_order_numbers_are_the_same_text() -> None:
    assert normalise("order 17 is late") == normalise("order 99431 is late")


def test_a_very_long_text_is_bounded_also_where_signs_expand() -> None:
    assert len(normalise("x" * 50_000)) == MAX_CHARS
    assert len(normalise("\ufdfa" * 5_000)) <= MAX_CHARS  # one sign, eighteen characters in NFKC


def test_word_grams_are_words_and_pairs() -> None:
    assert word_grams("a big cat") == ["a", "big", "cat", "a big", "big cat"]


def test_a_short_token_counts_once_as_a_whole() -> None:
    assert list(char_grams("a")) == [" a", "a ", " a "]


@given(st.text())
def test_any_text_is_accepted(text: str) -> None:
    normal = normalise(text)
    assert all(gram for token in normal.split() for gram in char_grams(token))
    word_grams(normal)
