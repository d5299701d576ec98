"""The audit of the crash runs itself: it accepts sound files and finds each kind of damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import migrate
from tests.long.audit import audit
from tests.long.storm import Diary, Said, Sent

SHOP = "CREATE TABLE changes (id INTEGER PRIMARY KEY, order_number TEXT, what TEXT, key TEXT, at TEXT)"


def put(db: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row; columns that are not given get something empty of their type."""
    empty = {"TEXT": "", "BIGINT": 0, "SMALLINT": 0, "BLOB": b""}
    row = {}
    for _, name, kind, required, _, _ in db.execute(f"PRAGMA table_info({table})").fetchall():
        row[name] = values.get(name, empty.get(kind, "") if required else None)
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def say(db: sqlite3.Connection, seq: int, author: str, text: str, **values: object) -> None:
    put(db, "messages", conversation_id="c", seq=seq, id=f"x{seq}", author=author, text=text,
        **{"kind": "text", "created_at": seq} | values)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two answered messages, an order cancelled, a person asked for, an agent's word, and the return."""
    migrate(f"sqlite:///{tmp_path / 'baton.db'}")
    with closing(sqlite3.connect(tmp_path / "baton.db")) as db, db:
        put(db, "conversations", id="c", address="a", owner="bot", seq=9)
        say(db, 1, "customer", "hi", external_id="=m0")
        say(db, 2, "bot", "hello", reply_to="i1")
        say(db, 3, "customer", "yes", external_id="=m1")
        say(db, 4, "bot", "cancelled", reply_to="i3")
        say(db, 5, "customer", "person", external_id="=m2")
        say(db, 6, "system", "handoff_requested", kind="event")
        say(db, 7, "system", "wait", reply_to="i5")
        say(db, 8, "agent", "word", client_id="k:r1")
        say(db, 9, "system", "returned_to_bot", kind="event")
        for seq, number in ((1, 0), (3, 1), (5, 2)):
            put(db, "inbox", id=f"i{seq}", conversation_id="c", message_seq=seq, status="done",
                outcome="answered")  # fmt: skip
            put(db, "remembered", channel="rest", address="a", key=f"=m{number}", inbox_id=f"i{seq}")
        put(db, "effects", key="i3:cancel:1", inbox_id="i3", conversation_id="c", status="ok", result="{}")
    with closing(sqlite3.connect(tmp_path / "demo.sqlite")) as shop, shop:
        shop.execute(SHOP)
        shop.execute("INSERT INTO changes VALUES (1, '4504', 'cancelled', 'i3:cancel:1', '')")
    return tmp_path


@pytest.fixture
def diary() -> Diary:
    """What the customer and the agent of those files remember."""
    told = (("m0", "hi", "hello"), ("m1", "yes", "cancelled"), ("m2", "person", "wait"))
    sent = [
        Sent(sender="a", message_id=key, text=text, acknowledged=True, told=[{"text": reply}])
        for key, text, reply in told
    ]
    return Diary(sent=sent, said=[Said(conversation="c", client_id="r1", text="word")])


def test_sound_files_pass(data: Path, diary: Diary) -> None:
    assert audit(data, diary) == []


@pytest.mark.parametrize(
    ("finds", "damage"),
    [
        ("every_message_once", "DELETE FROM remembered WHERE key = '=m0'"),
        ("every_message_once", "UPDATE inbox SET status = 'pending' WHERE id = 'i1'"),
        ("every_message_once", "DELETE FROM messages WHERE seq = 2"),
        ("every_message_once", "UPDATE inbox SET outcome = 'with_person' WHERE id = 'i1'"),
        ("every_message_once", "UPDATE inbox SET outcome = 'failed' WHERE id = 'i5'"),
        ("told_what_is_stored", "UPDATE messages SET text = 'other' WHERE seq = 2"),
        ("numbers_without_gaps", "UPDATE messages SET seq = 19 WHERE seq = 9"),
        ("numbers_without_gaps", "UPDATE conversations SET seq = 8"),
        ("no_reply_twice", "UPDATE messages SET reply_to = 'i1', author = 'bot', text = 'hello' WHERE seq = 4"),
        ("replies_in_order", "UPDATE messages SET reply_to = 'i3' WHERE seq = 2"),
        ("silent_beside_people", "UPDATE messages SET author = 'bot' WHERE seq = 8"),
        ("silent_beside_people", "UPDATE conversations SET owner = 'agent'"),
        ("each_order_once", "UPDATE effects SET status = NULL"),
        ("each_order_once", "DELETE FROM effects"),
        ("each_order_once", "INSERT INTO shop.changes VALUES (2, '4504', 'cancelled', 'i3:cancel:1', '')"),
        ("each_order_once", "DELETE FROM shop.changes"),
        ("agents_words_once", "UPDATE messages SET text = 'another' WHERE seq = 8"),
    ],
)  # fmt: skip
def test_damage_is_found(data: Path, diary: Diary, finds: str, damage: str) -> None:
    with closing(sqlite3.connect(data / "baton.db")) as db:
        db.execute("ATTACH DATABASE ? AS shop", (str(data / "demo.sqlite"),))
        with db:
            db.execute(damage)
    assert any(problem.startswith(finds) for problem in audit(data, diary))
