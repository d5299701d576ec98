"""Words without case and accents, and pieces of text around them."""

from __future__ import annotations

import pytest

from bot.domain.words import Part, asked, fold, folded, means, snippet


@pytest.mark.parametrize(
    ("word", "plain"),
    [("Café", "cafe"), ("ÜBER", "uber"), ("straße", "strasse"), ("ﬁn", "fin"), ("Ω", "ω"), ("½", "12"),
     ("4521", "4521"), ("注文", "注文"), ("\u0301", "")],
)  # fmt: skip
def test_fold(word: str, plain: str) -> None:
    assert fold(word) == plain


def test_each_word_of_a_text_counts_once() -> None:
    assert folded("Order, order! ORDER 4521-7 a@b.c") == "order 4521 7 a b c"
    assert asked("  ") == asked("👋 !?") == ()


def test_short_words_are_meant_as_they_are() -> None:
    assert means("an", "an")
    assert not means("and", "an")
    assert means("andes", "and")
    assert means("注文は", "注文")
    assert not means("注文", "注")


def test_a_snippet_begins_near_its_first_hit_and_marks_all() -> None:
    text = "word " * 40 + "my Order and orders " + "tail " * 60
    parts = snippet(text, ("order",))
    assert [part.text for part in parts if part.hit] == ["Order", "orders"]
    assert parts[0] == Part("…", False)
    assert parts[-1].text.endswith("…")
    assert sum(len(part.text) for part in parts) < 210
    assert snippet("nothing here", ("order",)) == (Part("nothing here", False),)
