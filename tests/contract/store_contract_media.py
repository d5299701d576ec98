"""What every store does with files, read marks and ratings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.customer import ChannelIdentity, Customer
from bot.domain.errors import Conflict
from bot.domain.feedback import Rating, ReadMark
from bot.domain.media import PART_SIZE, Media
from bot.domain.message import Author
from bot.ports import Store
from bot.store.queries.media import DROP_AT_ONCE
from tests.contract.store_kit import NOW, a_file, later, write

HERE = ("rest", "default", "a1")


async def stored(store: Store, media_id: str) -> Media:
    media = await store.read(lambda tx: tx.media(media_id))
    assert media is not None
    return media


class MediaContract:
    async def test_a_file_is_kept_as_it_was(self, store: Store) -> None:
        media = Media(
            id="f1",
            created_at=NOW,
            kind="image",
            mime="image/png",
            name="Füße 日本.png",
            size=PART_SIZE + 3,
            channel="webchat",
            account="default",
            address="a9",
        )
        parts = [bytes(range(256)) * (PART_SIZE // 256), b"\x00\xff\x00"]
        await store.write(lambda tx: tx.add_media(media))
        for number, part in enumerate(parts):
            await store.write(lambda tx, n=number, p=part: tx.add_media_part("f1", n, p))
        assert await stored(store, "f1") == media
        assert await store.write(lambda tx: tx.finish_media("f1"))
        assert await stored(store, "f1") == replace(media, ready=True)
        assert [await store.read(lambda tx, n=n: tx.media_part("f1", n)) for n in range(3)] == [
            *parts,
            None,
        ]
        assert media.parts == 2
        assert await store.read(lambda tx: tx.media("f2")) is None

    async def test_a_part_is_stored_once(self, store: Store) -> None:
        await write(store, *a_file("f1"))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.add_media_part("f1", 0, b"other"))
        with pytest.raises(Conflict):
            await write(store, *a_file("f1"))

    async def test_a_file_is_in_one_message(self, store: Store) -> None:
        await write(store, *a_file("f1"))
        tries = [store.write(lambda tx, c=c: tx.bind_media("f1", c, 7)) for c in ("c1", "c2", "c3")]
        assert sorted(await asyncio.gather(*tries)) == [False, False, True]
        media = await stored(store, "f1")
        assert (media.conversation_id in ("c1", "c2", "c3"), media.message_seq) == (True, 7)

    async def test_half_a_file_is_in_no_message(self, store: Store) -> None:
        begin, part, finish = a_file("f1")
        await write(store, begin, part)
        assert not await store.write(lambda tx: tx.bind_media("f1", "c1", 1))
        await write(store, finish)
        assert await store.write(lambda tx: tx.bind_media("f1", "c1", 1))
        assert not await store.write(lambda tx: tx.bind_media("f2", "c1", 1))
        assert not await store.write(lambda tx: tx.finish_media("f2"))

    async def test_unsent_files_are_counted_by_address(self, store: Store) -> None:
        await write(store, *a_file("f1"), *a_file("f2"), *a_file("f3", address="a2"), *a_file("f4"))
        await store.write(lambda tx: tx.bind_media("f4", "c1", 1))
        assert await store.read(lambda tx: tx.count_unsent_media(*HERE)) == 2
        assert await store.read(lambda tx: tx.count_unsent_media("rest", "other", "a1")) == 0

    async def test_what_was_never_sent_goes(self, store: Store) -> None:
        await write(
            store,
            *a_file("old", created_at=later(-10)),
            *a_file("of-an-agent", created_at=later(-10), conversation_id="c1", agent_id="ag1"),
            *a_file("sent", created_at=later(-10)),
            *a_file("young", created_at=later(10)),
        )
        await store.write(lambda tx: tx.bind_media("sent", "c1", 1))
        assert await store.write(lambda tx: tx.drop_unsent_media(NOW)) == 2
        assert await store.write(lambda tx: tx.drop_unsent_media(NOW)) == 0
        left = {}
        for name in ("old", "of-an-agent", "sent", "young"):
            media = await store.read(lambda tx, n=name: tx.media(n))
            part = await store.read(lambda tx, n=name: tx.media_part(n, 0))
            left[name] = (media is not None, part is not None)
        gone, there = (False, False), (True, True)
        assert left == {"old": gone, "of-an-agent": gone, "sent": there, "young": there}

    async def test_a_bounded_number_goes_at_a_time(self, store: Store) -> None:
        many = [step for n in range(DROP_AT_ONCE + 1) for step in a_file(f"f{n}", created_at=later(-10))]
        await write(store, *many)
        gone = [await store.write(lambda tx: tx.drop_unsent_media(NOW)) for _ in range(3)]
        assert gone == [DROP_AT_ONCE, 1, 0]

    async def test_unsent_files_go_with_the_customer(self, store: Store) -> None:
        identity = ChannelIdentity(
            channel="rest", account="default", address="a1", customer_id="cu1", conversation_id="c1", created_at=NOW
        )  # fmt: skip
        await store.write(lambda tx: tx.put_customer(Customer(id="cu1", created_at=NOW)))
        await store.write(lambda tx: tx.put_identity(identity))
        await write(store, *a_file("mine"), *a_file("theirs", address="a2"))
        export: dict[str, Any] = await store.read(lambda tx: tx.export_customer("cu1"))
        assert [row["id"] for row in export["media"]] == ["mine"]
        assert [row["media_id"] for row in export["media_parts"]] == ["mine"]
        await store.write(lambda tx: tx.erase_customer("cu1"))
        assert await store.read(lambda tx: tx.media("mine")) is None
        assert await store.read(lambda tx: tx.media_part("mine", 0)) is None
        assert await store.read(lambda tx: tx.media_part("theirs", 0)) == b"secret"


class FeedbackContract:
    async def test_a_read_mark_moves_on_and_never_back(self, store: Store) -> None:
        moves = [
            (Author.CUSTOMER, 3, 0),
            (Author.CUSTOMER, 2, 1),
            (Author.CUSTOMER, 3, 2),
            (Author.AGENT, 1, 3),
        ]
        moved = [
            await store.write(lambda tx, who=who, seq=seq, at=at: tx.mark_read("c1", who, seq, later(at)))
            for who, seq, at in moves
        ]
        assert moved == [True, False, False, True]
        assert await store.read(lambda tx: tx.read_marks("c1")) == {
            Author.CUSTOMER: ReadMark(seq=3, at=NOW),
            Author.AGENT: ReadMark(seq=1, at=later(3)),
        }
        assert await store.write(lambda tx: tx.mark_read("c1", Author.CUSTOMER, 9, later(4)))
        assert (await store.read(lambda tx: tx.read_marks("c1")))[Author.CUSTOMER].seq == 9
        assert await store.read(lambda tx: tx.read_marks("c2")) == {}

    async def test_marks_that_come_at_once_leave_the_furthest(self, store: Store) -> None:
        await asyncio.gather(
            *(
                store.write(lambda tx, seq=seq: tx.mark_read("c1", Author.AGENT, seq, NOW))
                for seq in range(1, 21)
            )
        )
        assert (await store.read(lambda tx: tx.read_marks("c1")))[Author.AGENT].seq == 20

    async def test_a_handoff_has_one_rating(self, store: Store) -> None:
        first = Rating(conversation_id="c1", handoff_id="h1", score=2, comment="so so", at=NOW)
        second = replace(first, handoff_id="h2", score=5, comment="", at=later(1))
        await write(store, lambda tx: tx.put_rating(second), lambda tx: tx.put_rating(first))
        assert await store.read(lambda tx: tx.rating("c1", "h1")) == first
        assert await store.read(lambda tx: tx.rating("c2", "h1")) is None
        better = replace(first, score=4)
        await store.write(lambda tx: tx.put_rating(better))
        assert await store.read(lambda tx: tx.ratings("c1")) == [better, second]
        assert await store.read(lambda tx: tx.ratings("c2")) == []
