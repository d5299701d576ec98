"""What the store's tests share: a clock that stands still, and makers of domain values."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg2

from bot.domain.conversation import Conversation, Owner
from bot.domain.media import Media
from bot.domain.message import Author, Kind, Message
from bot.domain.work import InboxRow, OutboxRow
from bot.ports import Store, Tx
from bot.store.tables import metadata

R = TypeVar("R")
NOW = datetime(2026, 3, 1, 12, 0, 0, 123_457, tzinfo=UTC)
_numbers = itertools.count(1)


class StillClock:
    """A clock that shows `at` until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def some_id(prefix: str = "id") -> str:
    return f"{prefix}{next(_numbers):06d}"


def a_conversation(**changes: Any) -> Conversation:
    fresh = Conversation(
        id=some_id("c"), customer_id="cu1", channel="rest", address="a1", created_at=NOW, updated_at=NOW
    )
    return replace(fresh, **changes)


def waiting(**changes: Any) -> Conversation:
    return a_conversation(**{"owner": Owner.QUEUE, "waiting_since": NOW, **changes})


def a_message(conversation_id: str, seq: int, **changes: Any) -> Message:
    plain = Message(
        id=some_id("m"),
        conversation_id=conversation_id,
        seq=seq,
        author=Author.CUSTOMER,
        kind=Kind.TEXT,
        created_at=NOW,
        text=f"message {seq}",
    )
    return replace(plain, **changes)


def an_inbox_row(conversation_id: str, seq: int, **changes: Any) -> InboxRow:
    row = InboxRow(
        id=some_id("i"), conversation_id=conversation_id, message_seq=seq, received_at=NOW, due_at=NOW
    )
    return replace(row, **changes)


def an_outbox_row(conversation_id: str, seq: int, **changes: Any) -> OutboxRow:
    row = OutboxRow(
        id=some_id("o"),
        conversation_id=conversation_id,
        message_seq=seq,
        channel="telegram",
        account="default",
        address="42",
        due_at=NOW,
    )
    return replace(row, **changes)


def a_file(
    media_id: str, content: bytes = b"secret", **changes: Any
) -> list[Callable[[Tx], Awaitable[Any]]]:
    """Return the steps that store a whole file."""
    plain = Media(
        id=media_id,
        created_at=NOW,
        kind="file",
        mime="text/plain",
        name="a.txt",
        size=len(content),
        channel="rest",
        account="default",
        address="a1",
    )
    media = replace(plain, **changes)
    return [
        lambda tx: tx.add_media(media),
        lambda tx: tx.add_media_part(media_id, 0, content),
        lambda tx: tx.finish_media(media_id),
    ]


async def write(store: Store, *steps: Callable[[Tx], Awaitable[Any]]) -> list[Any]:
    """Do the steps in one transaction and return their results."""

    async def work(tx: Tx) -> list[Any]:
        return [await step(tx) for step in steps]

    return await store.write(work)


async def put_all(store: Store, *conversations: Conversation) -> None:
    await write(store, *(lambda tx, one=one: tx.put_conversation(one) for one in conversations))


def empty_postgres(url: str) -> None:
    """Remove every row, so that one migrated database serves many tests."""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {names}")
