"""Reads the files after a storm and says which promises were broken. Looks at rows, not at code."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.long.reaper import read_only
from tests.long.storm import Diary, Sent

TO_PEOPLE = {"handoff_requested", "claimed", "taken_by_supervisor", "transferred_to_agent", "transferred"}
FROM_PEOPLE = {"returned_to_bot", "resolved", "session_expired"}
HIDDEN = ("note", "event")
Row = sqlite3.Row


@dataclass(kw_only=True)
class Files:
    """Everything that the audit needs, read once."""

    messages: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By conversation, in order."""
    last_seq: dict[str, int] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    inbox: dict[str, Row] = field(default_factory=dict)
    remembered: dict[tuple[str, str], str] = field(default_factory=dict)
    """(sender, message id) -> inbox id."""
    effects: dict[str, Row] = field(default_factory=dict)
    changes: list[Row] = field(default_factory=list)

    @classmethod
    def read(cls, data: Path) -> Files:
        """Read the store and the demo shop."""
        files = cls()
        with closing(read_only(data / "baton.db")) as db:
            db.row_factory = sqlite3.Row
            for row in db.execute("SELECT * FROM messages ORDER BY conversation_id, seq"):
                files.messages[row["conversation_id"]].append(row)
            for row in db.execute("SELECT * FROM conversations"):
                files.last_seq[row["id"]], files.owner[row["id"]] = row["seq"], row["owner"]
            files.inbox = {row["id"]: row for row in db.execute("SELECT * FROM inbox")}
            for row in db.execute("SELECT * FROM remembered"):
                files.remembered[row["address"], row["key"]] = row["inbox_id"]
            files.effects = {row["key"]: row for row in db.execute("SELECT * FROM effects")}
        with closing(read_only(data / "demo.sqlite")) as shop:
            shop.row_factory = sqlite3.Row
            files.changes = shop.execute("SELECT * FROM changes ORDER BY id").fetchall()
        return files

    def replies(self, inbox_id: str) -> list[Row]:
        """Return what was said in answer to one message."""
        row = self.inbox[inbox_id]
        return [m for m in self.messages[row["conversation_id"]] if m["reply_to"] == inbox_id]


Check = Callable[[Files, Diary], Iterator[str]]


def audit(data: Path, diary: Diary) -> list[str]:
    """Return every broken promise, in words; an empty list is what we want."""
    files = Files.read(data)
    checks: list[Check] = [
        every_message_once,
        told_what_is_stored,
        numbers_without_gaps,
        no_reply_twice,
        replies_in_order,
        silent_beside_people,
        each_order_once,
        agents_words_once,
    ]
    found = [f"{check.__name__}: {problem}" for check in checks for problem in check(files, diary)]
    return found + [f"refused: {text}" for text in diary.refused]


def every_message_once(files: Files, diary: Diary) -> Iterator[str]:
    """Each acknowledged message is stored once and answered, with a person, or shown as failed."""
    for sent in diary.sent:
        if not sent.acknowledged:
            continue
        name = f"{sent.sender}/{sent.message_id}"
        inbox_id = files.remembered.get((sent.sender, f"={sent.message_id}"), "")
        row = files.inbox.get(inbox_id)
        if row is None:
            yield f"{name} was acknowledged and is lost"
            continue
        messages = files.messages[row["conversation_id"]]
        copies = [m for m in messages if m["external_id"] == f"={sent.message_id}"]
        if len(copies) != 1 or copies[0]["seq"] != row["message_seq"]:
            yield f"{name} is stored {len(copies)} times"
        if row["status"] != "done":
            yield f"{name} is still {row['status']}"
        else:
            yield from _outcome(files, row, name)


def _outcome(files: Files, row: Row, name: str) -> Iterator[str]:
    replies = files.replies(row["id"])
    by_bot = [m for m in replies if m["author"] == "bot"]
    if row["outcome"] == "answered":
        if not replies:
            yield f"{name} counts as answered and nothing was said"
        return
    if by_bot:
        yield f"{name} is {row['outcome']} and the bot answered too"
    after = files.messages[row["conversation_id"]][row["message_seq"] - 1 :]
    reached = _with_people_at(files, row) or any(
        m["text"] in TO_PEOPLE for m in after if m["kind"] == "event"
    )
    if not reached:
        yield f"{name} is {row['outcome']} and no person has it"
    if row["outcome"] == "failed" and not after[0]["failed"]:
        yield f"{name} failed and is not marked"


def _with_people_at(files: Files, row: Row) -> bool:
    held = False
    for message in files.messages[row["conversation_id"]][: row["message_seq"]]:
        held = _held(message, held)
    return held


def _held(message: Row, before: bool) -> bool:
    """Say whether people have the conversation after this entry."""
    if message["kind"] != "event":
        return before
    return (before or message["text"] in TO_PEOPLE) and message["text"] not in FROM_PEOPLE


def told_what_is_stored(files: Files, diary: Diary) -> Iterator[str]:
    """What the HTTP answer said is exactly what the conversation has."""
    for sent in diary.sent:
        inbox_id = files.remembered.get((sent.sender, f"={sent.message_id}"), "")
        if not sent.acknowledged or sent.pending or inbox_id not in files.inbox:
            continue
        told = [reply.get("text") for reply in sent.told or ()]
        stored = [m["text"] for m in files.replies(inbox_id) if m["kind"] not in HIDDEN]
        if told != stored:
            yield f"{sent.sender}/{sent.message_id} was told {told} and {stored} is stored"


def numbers_without_gaps(files: Files, diary: Diary) -> Iterator[str]:
    """Sequences run 1, 2, 3 ..."""
    for conversation, messages in files.messages.items():
        numbers = [m["seq"] for m in messages]
        if numbers != list(range(1, files.last_seq[conversation] + 1)):
            yield f"{conversation} has the numbers {numbers[:5]}...{numbers[-5:]} of {files.last_seq[conversation]}"


def no_reply_twice(files: Files, diary: Diary) -> Iterator[str]:
    """All that answers one message was committed at one time, and says nothing twice."""
    for conversation, messages in files.messages.items():
        turns: dict[str, list[Row]] = defaultdict(list)
        for message in messages:
            if message["reply_to"]:
                turns[message["reply_to"]].append(message)
        for inbox_id, replies in turns.items():
            texts = Counter(m["text"] for m in replies if m["author"] == "bot")
            if len({m["created_at"] for m in replies}) > 1:
                yield f"{inbox_id} in {conversation} was answered at different times"
            if texts and max(texts.values()) > 1:
                yield f"{inbox_id} in {conversation} was told the same twice: {texts.most_common(1)}"


def replies_in_order(files: Files, diary: Diary) -> Iterator[str]:
    """Replies stand in the order of the messages they answer, and after them."""
    for conversation, messages in files.messages.items():
        last = 0
        for message in messages:
            if message["author"] != "bot" or not message["reply_to"]:
                continue
            answered = files.inbox[message["reply_to"]]["message_seq"]
            if answered < last or answered > message["seq"]:
                yield f"{conversation}: {message['seq']} answers {answered} after {last}"
            last = answered


def silent_beside_people(files: Files, diary: Diary) -> Iterator[str]:
    """From the request for a person until the return, the bot says nothing."""
    for conversation, messages in files.messages.items():
        held = False
        for message in messages:
            held = _held(message, held)
            if held and message["author"] == "bot":
                yield f"{conversation}: the bot speaks at {message['seq']} although a person has it"
        if held != (files.owner[conversation] in ("queue", "agent")):
            yield f"{conversation} is owned by {files.owner[conversation]}, its events say otherwise"


def each_order_once(files: Files, diary: Diary) -> Iterator[str]:
    """No order is changed twice in the same way, and every change is known."""
    for (order, what), times in Counter((c["order_number"], c["what"]) for c in files.changes).items():
        if times > 1:
            yield f"order {order}: {what} happened {times} times"
    for change in files.changes:
        effect = files.effects.get(change["key"])
        if effect is None:
            yield f"order {change['order_number']}: nobody knows of {change['what']}"
            continue
        row = files.inbox[effect["inbox_id"]]
        if row["outcome"] == "answered" and effect["status"] != "ok":
            yield f"order {change['order_number']}: the answer was given, the effect is {effect['status']}"
    done = {change["key"] for change in files.changes}
    for key, effect in files.effects.items():
        result: Any = json.loads(effect["result"]) if effect["result"] else {}
        if effect["status"] == "ok" and not result.get("already") and key not in done:
            yield f"effect {key} says ok and the shop has not done it"


def agents_words_once(files: Files, diary: Diary) -> Iterator[str]:
    """Each acknowledged reply of an agent is there exactly once."""
    for said in diary.said:
        texts = [m["text"] for m in files.messages[said.conversation] if m["author"] == "agent"]
        if texts.count(said.text) != 1:
            yield f"{said.conversation}: {said.text!r} is there {texts.count(said.text)} times"


def differs(messages: list[dict[str, Any]], sent: list[Sent]) -> list[str]:
    """Compare what the REST channel shows of a conversation with what its customer wrote."""
    numbers = [m["seq"] for m in messages]
    shown = [m["text"] for m in messages if m["author"] == "customer"]
    wrote = [one.text for one in sent if one.acknowledged]
    found = [] if numbers == sorted(set(numbers)) else [f"numbers out of order: {numbers}"]
    return found if shown == wrote else [*found, f"wrote {wrote}, sees {shown}"]
