"""Fills a SQLite database with conversations as a busy desk has them, and lets the product index them."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from bot.bus.memory import MemoryBus
from bot.clock import SystemClock
from bot.domain.agents import Agent, Role
from bot.domain.ids import new_id
from bot.services.passwords import hash_password
from bot.services.search_index import SearchIndex
from bot.store import migrate, open_store, tables
from bot.store.statements import names_of
from bot.store.values import to_micros

EMAIL, PASSWORD = "desk@example.com", "a long password for the desk"
DAYS = 60
"""How far back the conversations go."""
QUEUED, WITH_AGENTS, MINE, WITH_BOT = 150, 300, 25, 600
"""Conversations by owner, of 10,000; the rest is over."""
FREQUENT, SECOND, RARE = "order", "please", "xylophone"
"""Words that most, many and a handful of messages have."""
FIRST_NAMES = ("Ana", "Bogdan", "Chloé", "Dmitri", "Élise", "Farah", "Günter", "Hana", "Ivo", "Jürgen")
_SYLLABLES = (
    "ba",
    "cor",
    "den",
    "el",
    "fi",
    "gra",
    "hol",
    "in",
    "ja",
    "ket",
    "lu",
    "mo",
    "nar",
    "op",
    "pri",
)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What was made."""

    conversations: int
    messages: int
    seconds: float
    indexed_in: float
    size_mb: float


class Maker:
    """Makes rows, the same ones each time."""

    def __init__(self, conversations: int, each: int, agent_id: str) -> None:
        self.count, self.each, self.agent_id = conversations, each, agent_id
        self.dice = random.Random(5)
        self.now = datetime.now(UTC)
        self.texts = list(self._texts(20_000))
        self.nlu = json.dumps(
            {
                "intents": [
                    {"name": name, "confidence": 0.4} for name in ("track_order", "greet", "thank")
                ],
                "entities": [],
                "fallback": False,
            }
        )

    def _texts(self, number: int) -> Iterator[str]:
        words = ["".join(self.dice.choices(_SYLLABLES, k=1 + n % 4)) + str(n % 7) * (n % 3 == 0)
                 for n in range(15_000)]  # fmt: skip
        weights = [1 / (rank + 5) ** 0.9 for rank in range(len(words))]
        for index in range(number):
            said = self.dice.choices(words, weights, k=self.dice.randrange(3, 18))
            said += [FREQUENT] * (index % 10 < 7) + [SECOND] * (index % 3 == 0)
            said += [RARE] * (index == 77) + [str(100_000 + index)] * (index % 5 == 0)
            self.dice.shuffle(said)
            yield " ".join(said).capitalize() + "."

    def owner(self, number: int) -> tuple[str, str]:
        """Return who has a conversation; the youngest are the open ones."""
        share = (self.count - 1 - number) / self.count * 10_000
        if share < QUEUED:
            return "queue", ""
        if share < QUEUED + MINE:
            return "agent", self.agent_id
        if share < QUEUED + WITH_AGENTS:
            return "agent", f"agent-{number % 20}"
        return ("bot" if share < QUEUED + WITH_AGENTS + WITH_BOT else "nobody"), ""

    def begun(self, number: int) -> datetime:
        """Return when a conversation began."""
        return self.now - timedelta(days=DAYS) * (1 - number / self.count) - timedelta(hours=3)

    def conversations(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `conversations`."""
        for number in range(self.count):
            owner, assignee = self.owner(number)
            begun = to_micros(self.begun(number))
            last = begun + self.each * 60_000_000
            yield {
                "id": f"c{number:025d}", "customer_id": f"cu{number:024d}", "channel": "rest",
                "address": f"visitor-{number}", "account": "default", "created_at": begun,
                "updated_at": last, "last_customer_at": last, "owner": owner, "owner_version": 3,
                "assignee": assignee, "desk": "builtin" if owner in ("queue", "agent") else "",
                "language": "en", "seq": self.each, "priority": (10, 20, 30)[number % 3],
                "handoff_id": f"h{number:025d}" if owner in ("queue", "agent") else "",
                "waiting_since": last if owner == "queue" else None,
            }  # fmt: skip

    def customers(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `customers`."""
        for number in range(self.count):
            first = FIRST_NAMES[number % len(FIRST_NAMES)]
            name = f"{first} {_SYLLABLES[number % 13].title()}{_SYLLABLES[number % 11]}{number}"
            yield {
                "id": f"cu{number:024d}", "created_at": to_micros(self.begun(number)), "name": name,
                "email": f"customer{number}@example.com", "directory_ref": f"C-{number}", "trust": "verified",
            }  # fmt: skip

    def profiles(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `profiles`."""
        data = json.dumps({"name": "", "email": "", "tier": "gold", "language": "en", "notes": ["n" * 200]})
        for number in range(self.count):
            at = to_micros(self.begun(number))
            yield {"customer_id": f"cu{number:024d}", "data": data, "source": "shop", "at": at}

    def identities(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `identities`."""
        for number in range(self.count):
            yield {
                "channel": "rest", "account": "default", "address": f"visitor-{number}",
                "customer_id": f"cu{number:024d}", "conversation_id": f"c{number:025d}",
                "created_at": to_micros(self.begun(number)),
            }  # fmt: skip

    def handoffs(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `handoffs`; every second conversation had one."""
        for number in range(self.count):
            owner, assignee = self.owner(number)
            open_now = owner in ("queue", "agent")
            if not open_now and number % 2:
                continue
            at = to_micros(self.begun(number)) + (self.each - 10) * 60_000_000
            yield {
                "id": f"h{number:025d}", "conversation_id": f"c{number:025d}", "reason": "asked_for_human",
                "requested_at": at, "evidence": "{}", "priority": 10, "skills": "[]", "language": "en",
                "agent_id": assignee, "closed_at": None if open_now else at,
                "outcome": None if open_now else "resolved", "slots": "{}",
            }  # fmt: skip

    def read_marks(self) -> Iterator[dict[str, Any]]:
        """Yield rows of `read_marks`; of every third conversation something is unread."""
        for number in range(self.count):
            seq, at = self.each - 4 * (number % 3 == 0), to_micros(self.now)
            yield {"conversation_id": f"c{number:025d}", "who": "agent", "seq": seq, "at": at}

    def messages(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield rows of `messages` of one conversation, a minute apart."""
        begun = to_micros(self.begun(number))
        for seq in range(1, self.each + 1):
            author = ("customer", "bot", "customer", "bot", "agent")[seq % 5]
            kind = "event" if seq % 25 == 0 else "note" if seq % 40 == 0 else "text"
            index = (number * self.each + seq) * 7919 % len(self.texts)
            yield {
                "conversation_id": f"c{number:025d}", "seq": seq, "id": f"m{number:013d}{seq:012d}",
                "author": "system" if kind == "event" else author, "kind": kind,
                "created_at": begun + seq * 60_000_000,
                "text": "claimed" if kind == "event" else self.texts[index], "delivery": "stored",
                "nlu": self.nlu if author == "customer" and kind == "text" else None,
            }  # fmt: skip


async def fill(path: Path, *, conversations: int, each: int) -> Filled:
    """Make a database of `conversations` with `each` messages, with its index and one agent."""
    url, begun = f"sqlite:///{path}", time.perf_counter()
    migrate(url)
    store = open_store(url, SystemClock())
    await store.start()
    agent = Agent(
        id=new_id(datetime.now(UTC)),
        email=EMAIL,
        name="Desk",
        role=Role.SUPERVISOR,
        created_at=datetime.now(UTC),
        password_hash=hash_password(PASSWORD),
    )
    await store.write(lambda tx: tx.put_agent(agent))
    _insert_all(path, Maker(conversations, each, agent.id))
    made = time.perf_counter()
    index = SearchIndex(store=store, bus=MemoryBus(SystemClock()), clock=SystemClock())
    await index.catch_up()
    indexed = time.perf_counter()
    await store.stop()
    return Filled(
        conversations=conversations,
        messages=conversations * each,
        seconds=made - begun,
        indexed_in=indexed - made,
        size_mb=path.stat().st_size / 1e6,
    )


def _insert_all(path: Path, maker: Maker) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table, rows in (
            (tables.customers, maker.customers()),
            (tables.profiles, maker.profiles()),
            (tables.identities, maker.identities()),
            (tables.conversations, maker.conversations()),
            (tables.handoffs, maker.handoffs()),
            (tables.read_marks, maker.read_marks()),
        ):
            _insert(connection, table, rows)
        for number in range(maker.count):
            _insert(connection, tables.messages, maker.messages(number))
            if number % 500 == 499:
                connection.commit()
        connection.commit()


def _insert(connection: sqlite3.Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows; a column that a row does not name is empty."""
    names = names_of(table)
    empty = [None if column.nullable else 0 if column.type.python_type is int else "" for column in table.c]
    defaults = dict(zip(names, empty, strict=True))
    marks = ", ".join("?" * len(names))
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
    connection.executemany(statement, (tuple((defaults | row).values()) for row in rows))
