"""What every store finds by words, whatever keeps its index."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import Customer
from bot.domain.message import Author, Kind, Message
from bot.domain.words import asked
from bot.ports import Store
from tests.contract.store_kit import NOW, a_conversation, a_message, later, put_all, write

SAID = {
    1: "Where is my order 4521-7?",
    2: "The señor's CAFÉ order, über-late",
    3: "Write to ana.maria@example.com, please",
    4: "Привет, заказ не пришёл",
    5: "مرحبا، أين طلبي",
    6: "He said: \"it's 100% 'broken'\" AND (NOT) fixed*",
    7: "注文はどこですか",
    8: "👋🎉",
}


async def say_all(store: Store, conversation_id: str, said: dict[int, str], **changes: Any) -> Conversation:
    """Store messages by number, each a second after the other, and take them into the index."""
    conversation = a_conversation(id=conversation_id, seq=max(said), updated_at=NOW, customer_id="cu1")
    await put_all(store, conversation)
    messages = [
        replace(a_message(conversation_id, seq, text=text, created_at=later(seq)), **changes)
        for seq, text in said.items()
    ]
    await write(store, *(lambda tx, one=one: tx.add_message(one) for one in messages))
    await index(store)
    return conversation


async def index(store: Store) -> None:
    """Take in all that is new, in small pieces."""
    behind, after = await store.read(lambda tx: tx.conversations_behind("", limit=1_000))
    assert after == ""
    for conversation_id in behind:
        while await store.write(lambda tx, one=conversation_id: tx.index_conversation(one, limit=3)) == 3:
            pass


async def found(store: Store, query: str, limit: int = 50) -> list[Message]:
    return await store.read(lambda tx: tx.search_messages(asked(query), limit=limit))


async def seqs(store: Store, query: str) -> set[int]:
    return {message.seq for message in await found(store, query)}


class SearchContract:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("order", {1, 2}),
            ("ORDER where", {1}),
            ("ord", {1, 2}),
            ("rder", set()),
            ("4521", {1}),
            ("4521-7", {1}),
            ("cafe", {2}),
            ("Café SENOR", {2}),
            ("uber", {2}),
            ("late", {2}),
            ("ana", {3}),
            ("ana.maria@example.com", {3}),
            ("example", {3}),
            ("заказ", {4}),
            ("ЗАКАЗ ПРИ", {4}),
            ("طلبي", {5}),
            ("注文", {7}),
            ("👋", set()),
            ("", set()),
            ("!?*\"'", set()),
            ('"broken"', {6}),
            ("100%", {6}),
            ("broken AND NOT fixed*", {6}),
            ("order OR broken", set()),
            ("order* -4521", {1}),
            ("NEAR(order, where)", set()),
            ("text:order", set()),
            ("is", {1}),
            ("wh", set()),
            ("e", set()),
            ("s", {2, 6}),
            ("x" * 500, set()),
            ("' OR 1=1 --", set()),
            ("\0order\ud800", {1, 2}),
        ],
    )
    async def test_words_are_found_as_people_mean_them(
        self, store: Store, query: str, expected: set[int]
    ) -> None:
        await say_all(store, "c1", SAID)
        assert await seqs(store, query) == expected

    async def test_what_agents_may_see_is_found_and_events_are_not(self, store: Store) -> None:
        await put_all(store, a_conversation(id="c1", seq=5))
        kinds = [
            (Author.CUSTOMER, Kind.TEXT),
            (Author.BOT, Kind.CHOICES),
            (Author.AGENT, Kind.MEDIA),
            (Author.AGENT, Kind.NOTE),
            (Author.SYSTEM, Kind.EVENT),
        ]
        said = [
            a_message("c1", seq, author=author, kind=kind, text="resolved")
            for seq, (author, kind) in enumerate(kinds, 1)
        ]
        await write(store, *(lambda tx, one=one: tx.add_message(one) for one in said))
        await index(store)
        assert await seqs(store, "resolved") == {1, 2, 3, 4}

    async def test_the_newest_are_first_and_no_more_than_asked_for(self, store: Store) -> None:
        await say_all(store, "c1", {seq: f"hello number {seq}" for seq in range(1, 31)})
        assert [message.seq for message in await found(store, "hello", limit=4)] == [30, 29, 28, 27]
        assert [message.seq for message in await found(store, "hel num", limit=2)] == [30, 29]

    async def test_what_is_said_later_is_found_later(self, store: Store) -> None:
        conversation = await say_all(store, "c1", {1: "first"})
        await write(
            store,
            lambda tx: tx.add_message(a_message("c1", 2, text="first again")),
            lambda tx: tx.put_conversation(replace(conversation, seq=2)),
        )
        await index(store)
        assert await seqs(store, "first") == {1, 2}
        assert await store.read(lambda tx: tx.conversations_behind("", limit=10)) == ([], "")
        assert await store.write(lambda tx: tx.index_conversation("c1", limit=10)) == 0

    async def test_many_at_the_same_moment_are_all_found(self, store: Store) -> None:
        said = dict.fromkeys(range(1, 40), "same moment")
        await say_all(store, "c1", said, created_at=NOW)
        await say_all(store, "c2", said, created_at=NOW)
        assert len(await found(store, "moment", limit=100)) == 78

    async def test_erased_and_pruned_conversations_are_not_found(self, store: Store) -> None:
        first = await say_all(store, "c1", {1: "zebra crossing", 2: "zebras"})
        await write(store, lambda tx: tx.put_customer(Customer(id="cu1", created_at=NOW, name="Zed")))
        second = replace(first, id="c2", customer_id="cu2", address="a2")
        await put_all(store, second)
        await write(store, lambda tx: tx.add_message(a_message("c2", 1, text="another zebra")))
        await index(store)
        assert len(await found(store, "zebra")) == 3
        before = await store.read(lambda tx: tx.export_customer("cu2"))
        await store.write(lambda tx: tx.erase_customer("cu1"))
        assert [message.conversation_id for message in await found(store, "zebra")] == ["c2"]
        assert await store.read(lambda tx: tx.search_customers(("zed",), limit=5)) == []
        assert await store.read(lambda tx: tx.export_customer("cu2")) == before
        over = replace(second, owner=Owner.NOBODY, updated_at=later(-100))
        await put_all(store, over)
        assert await store.write(lambda tx: tx.prune(conversations_before=NOW, dedupe_before=NOW)) == 1
        assert await found(store, "zebra") == []
        await say_all(store, "c1", {1: "a new zebra"})
        assert len(await found(store, "zebra")) == 1

    async def test_customers_are_found_by_what_is_known_of_them(self, store: Store) -> None:
        ana = Customer(
            id="cu1", created_at=NOW, name="Ana María", email="am@example.com", directory_ref="C-1001"
        )
        bob = Customer(id="cu2", created_at=NOW)
        await write(
            store,
            lambda tx: tx.put_customer(ana),
            lambda tx: tx.put_customer(bob),
            lambda tx: tx.put_profile("cu2", {"name": "Bob Önal", "email": "b@x.org", "tier": "ana"}, "s", NOW),
            *(lambda tx, c=c: tx.put_conversation(c) for c in (
                a_conversation(id="c1", seq=1), a_conversation(id="c2", customer_id="cu2", seq=1)
            )),
            lambda tx: tx.add_message(a_message("c1", 1)),
            lambda tx: tx.add_message(a_message("c2", 1)),
        )  # fmt: skip
        await index(store)

        async def names(query: str) -> list[str]:
            customers = await store.read(lambda tx: tx.search_customers(asked(query), limit=5))
            return [customer.id for customer in customers]

        assert await names("ana") == ["cu1"]
        assert await names("mar ANA") == ["cu1"]
        assert await names("m an") == ["cu1"]
        assert await names("am@example.com") == ["cu1"]
        assert await names("c-1001") == ["cu1"]
        assert await names("onal") == ["cu2"]
        assert await names("b@x.org") == ["cu2"]
        assert await names("ana önal") == []
        assert await names("") == []

    async def test_a_customer_with_a_new_name_is_found_by_it(self, store: Store) -> None:
        conversation = await say_all(store, "c1", {1: "hi"})
        for seq, name in enumerate(("Kim", "Alex"), 2):
            customer = Customer(id="cu1", created_at=NOW, name=name)
            await write(
                store,
                lambda tx, customer=customer: tx.put_customer(customer),
                lambda tx, seq=seq: tx.add_message(a_message("c1", seq)),
                lambda tx, seq=seq: tx.put_conversation(replace(conversation, seq=seq)),
            )
            await index(store)
            found = await store.read(lambda tx, name=name: tx.search_customers(asked(name), limit=5))
            assert [one.name for one in found] == [name]
        assert await store.read(lambda tx: tx.search_customers(("kim",), limit=5)) == []

    async def test_an_index_of_other_rules_is_made_anew(self, store: Store) -> None:
        await say_all(store, "c1", {1: "hello"})
        await store.write(lambda tx: tx.renew_index())
        assert await store.write(lambda tx: tx.renew_index()) is False
        await index(store)
        await store.write(lambda tx: tx.tidy_index(10))
        assert await seqs(store, "hello") == {1}
