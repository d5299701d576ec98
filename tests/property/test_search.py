"""Whatever is typed into the search field: no failure, and nothing that does not have the words."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.words import MAX_WORDS, asked, fold, folded, holds, snippet, words_in
from bot.ports import Store
from bot.store.sqlite import SqliteStore
from tests.contract.store_contract_search import index
from tests.contract.store_kit import StillClock, a_conversation, a_message, put_all, write

TEXTS = st.text(max_size=80) | st.lists(
    st.sampled_from(["order", "Orders", "ORDER-7", "café", "\"", "AND", "NOT", "*", "(", "é", "ß", "ﬁn", "½", "İ"]),
    max_size=8,
).map(" ".join)  # fmt: skip


async def _store(texts: list[str]) -> Store:
    store = SqliteStore(":memory:", StillClock(), inline=True)
    await store.start()
    await put_all(store, a_conversation(id="c1", seq=len(texts)))
    said = [a_message("c1", seq, text=text) for seq, text in enumerate(texts, 1)]
    await write(store, *(lambda tx, one=one: tx.add_message(one) for one in said))
    await index(store)
    return store


async def _check(texts: list[str], queries: list[str]) -> None:
    store = await _store(texts)
    kept = {message.seq: message.text for message in await store.read(lambda tx: tx.messages("c1"))}
    for query in [*queries, *texts]:
        words = asked(query)
        found = await store.read(lambda tx, words=words: tx.search_messages(words, limit=100))
        wanted = {seq for seq, text in kept.items() if words and holds(text, words)}
        assert {message.seq for message in found} == wanted
    await store.write(lambda tx: tx.erase_customer("cu1"))
    assert not any([await store.read(lambda tx, q=q: tx.search_messages(asked(q), limit=9)) for q in texts])
    await store.stop()


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.lists(TEXTS, max_size=6))
def test_exactly_what_has_the_words_is_found(texts: list[str], queries: list[str]) -> None:
    asyncio.run(_check(texts, queries))


@given(st.text(max_size=700))
def test_queries_are_bounded_and_of_letters_and_digits(query: str) -> None:
    words = asked(query)
    assert len(words) <= MAX_WORDS
    assert all(word.isalnum() and fold(word) == word for word in words)


@given(TEXTS | st.text(st.characters(max_codepoint=127), max_size=200))
def test_the_short_way_of_plain_texts_gives_the_same(text: str) -> None:
    assert folded(text) == " ".join(dict.fromkeys(word for word, _, _ in words_in(text)))


@given(TEXTS)
def test_a_text_has_its_own_words(text: str) -> None:
    assert holds(text, tuple(folded(text).split()))
    assert all(text[start:end] for _, start, end in words_in(text))


@given(TEXTS, TEXTS)
def test_a_snippet_is_a_piece_of_the_text(text: str, query: str) -> None:
    words = asked(query)
    parts = snippet(text, words)
    shown = "".join(part.text for part in parts)
    assert shown.removeprefix("…").removesuffix("…") in text or shown in text
    if words and holds(text, words):
        assert any(part.hit for part in parts)
    assert all(holds(part.text, ()) and part.text for part in parts)
