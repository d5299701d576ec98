"""One poisonous message: only its own conversation goes to a person."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.client import Client
from tests.bench.product import Baton
from tests.long.audit import audit
from tests.long.poison import POISON
from tests.long.reaper import read_only
from tests.long.storm import SMALL_TALK, Customer, Diary, crowd
from tests.long.world import SETTINGS, read_all

NEIGHBOURS = 20


@dataclass(kw_only=True)
class PoisonedBaton(Baton):
    """The product with an engine that one text kills."""

    def command(self) -> list[str]:
        """Return how to start it."""
        command = [sys.executable, "-m", "tests.long.poison_server", "--port", str(self.port)]
        return [*command, "--data-dir", str(self.folder / "data")]


def only_talk(customer: Customer) -> Customer:
    """Leave a customer without a wish for a person."""
    customer.lines = tuple(SMALL_TALK[:1])
    return customer


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_poison_harms_nobody_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three customers send the poison while twenty talk on; each poison may kill more than once."""
    diary = Diary()
    server = PoisonedBaton(folder=tmp_path, env=SETTINGS)
    try:
        server.start()
        await server.wait_answer()
        done = asyncio.Event()
        neighbours = [only_talk(c) for c in crowd(server.url, NEIGHBOURS, diary, think=(0.1, 0.6))]
        poisoned = [
            Customer(url=server.url, sender=f"poisoned-{n}", lines=("hi", POISON), order=c.order,
                     diary=diary, chance=c.chance)
            for n, c in enumerate(neighbours[:3])
        ]  # fmt: skip
        client = Client(server.url)
        async with asyncio.TaskGroup() as group:
            for customer in neighbours:
                group.create_task(customer.live(done))
            for customer in poisoned:
                await asyncio.sleep(3)
                await customer.say(client, "m0", "hi")
                await customer.say(client, "m1", POISON)
            await asyncio.sleep(5)
            done.set()
        told = [await read_all(client, customer.sender) for customer in poisoned]
        client.close()
    finally:
        server.stop()
    problems = audit(tmp_path / "data", diary)
    owners, outcomes = _files(tmp_path / "data")
    with capsys.disabled():
        print(
            f"\n  messages: {len(diary.sent)}, outcomes: {outcomes}, owners: {dict(Counter(owners.values()))}"
        )
    assert not problems
    assert {sender for sender, owner in owners.items() if owner == "queue"} == {c.sender for c in poisoned}
    assert outcomes.get("failed") == len(poisoned)
    assert all(conversation[-1]["author"] == "system" for conversation in told), "a plain sentence"
    assert diary.server_errors == 0


def _files(data: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Return the owner by sender, and how often each outcome occurred."""
    with closing(read_only(data / "baton.db")) as db:
        db.row_factory = sqlite3.Row
        owners = {row["address"]: row["owner"] for row in db.execute("SELECT * FROM conversations")}
        counts = db.execute("SELECT outcome, count(*) AS n FROM inbox GROUP BY outcome")
        return owners, {row["outcome"]: row["n"] for row in counts}
