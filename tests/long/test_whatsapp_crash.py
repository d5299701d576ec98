"""A real server that is killed while people write to it by WhatsApp: nothing is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench.product import Baton
from tests.fake_whatsapp import NUMBER, Broken, Customer, Drop, FakeWhatsApp, Lose, Refuse
from tests.long.killing import SAID, kill, quiet
from tests.long.reaper import read_only
from tests.long.world import SETTINGS

PEOPLE, WORDS = 12, 12
WEATHER = ((0.03, Drop()), (0.03, Lose()), (0.02, Broken()), (0.02, Refuse(131016)))
DONE = {"sent", "delivered", "read", "unknown"}


def environment(fake: FakeWhatsApp) -> Mapping[str, str]:
    """Return what the server has to know of the platform."""
    prefix = "BATON_WHATSAPP_"
    return SETTINGS | {
        f"{prefix}API_URL": fake.url,
        f"{prefix}PHONE_NUMBER_ID": NUMBER.id,
        f"{prefix}TOKEN": NUMBER.token,
        f"{prefix}APP_SECRET": NUMBER.app_secret,
        f"{prefix}VERIFY_TOKEN": NUMBER.verify_token,
    }


async def talk(person: Customer, chance: random.Random) -> None:
    """Write now and then."""
    for _ in range(WORDS):
        await asyncio.sleep(chance.uniform(0.5, 4.0))
        await person.write(chance.choice(SAID))


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_server_is_killed_while_people_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(11)
    async with FakeWhatsApp() as fake:
        server = Baton(folder=tmp_path, env=dict(environment(fake)))
        server.start()
        try:
            await server.wait_answer()
            fake.courier.gaps = (0.3,) * 300  # for a minute and a half
            assert await fake.register(f"{server.url}/webhooks/whatsapp")
            people = [fake.customer(f"P{n}") for n in range(PEOPLE)]
            with fake.faults.weather(*WEATHER, seed=11, on=("messages",)):
                talks = [talk(person, random.Random(n)) for n, person in enumerate(people)]
                await asyncio.gather(kill(server, chance), *talks)
                await fake.settle()
                await quiet(server)
            await fake.settle()
        finally:
            server.stop()
        assert (fake.courier.lost, fake.violations) == ([], [])
        rows = read(tmp_path / "data" / "baton.db")
        fates = Counter[str]()
        for person in people:
            fates += look(person, rows)
    with capsys.disabled():
        print(f"\n  {PEOPLE * WORDS} written; sent: {dict(fates)}; faults: {len(fake.faults.met)}")
    assert fates["unknown"] <= 30


def read(path: Path) -> list[sqlite3.Row]:
    """Return all messages by WhatsApp, in order."""
    with closing(read_only(path)) as db:
        db.row_factory = sqlite3.Row
        join = "JOIN conversations c ON c.id = m.conversation_id WHERE c.channel = 'whatsapp'"
        return db.execute(f"SELECT m.* FROM messages m {join} ORDER BY c.id, m.seq").fetchall()


def look(person: Customer, rows: list[sqlite3.Row]) -> Counter[str]:
    """Compare a phone with what is stored; return how the messages to it ended."""
    ids = [said.id for said in person.said]
    stored = [row["external_id"] for row in rows if row["external_id"] in set(ids)]
    assert sorted(stored) == sorted(ids), "each message is stored once"
    (conversation,) = {row["conversation_id"] for row in rows if row["external_id"] in set(ids)}
    heard = defaultdict(list)
    for shown in person.seen:
        heard[shown.ref].append(shown)
    fates = Counter[str]()
    for row in rows:
        if row["conversation_id"] != conversation or row["author"] == "customer" or row["kind"] == "event":
            continue
        fates[row["delivery"]] += 1
        shown = heard.pop(f"{conversation}:{row['seq']}", [])
        assert row["delivery"] in DONE, tuple(row)
        assert len(shown) <= 1, "said twice"
        assert shown or row["delivery"] == "unknown", "lost"
    assert not heard
    return fates
