"""A real server that is killed while people write to it by Telegram: nothing is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench.product import Baton
from tests.fake_telegram import TOKEN, Broken, Customer, Drop, FakeTelegram, Flood, Lose
from tests.long.killing import SAID, kill, quiet
from tests.long.reaper import read_only
from tests.long.world import SETTINGS
from tests.telegram.line import SECRET

PEOPLE, WORDS = 12, 12
WEATHER = ((0.03, Drop()), (0.03, Lose()), (0.02, Broken(status=502)), (0.02, Flood(2)))
ARRIVED = {"sent", "delivered", "read"}


def environment(fake: FakeTelegram, server: Baton, mode: str) -> dict[str, str]:
    """Return what the server has to know of the platform."""
    secret = {"BATON_TELEGRAM_SECRET": SECRET, "BATON_PUBLIC_URL": server.url} if mode == "webhook" else {}
    about = {"API_URL": fake.url, "TOKEN": TOKEN, "MODE": mode}
    return SETTINGS | secret | {f"BATON_TELEGRAM_{name}": value for name, value in about.items()}


async def talk(person: Customer, chance: random.Random) -> None:
    """Write now and then, and press what there is to press."""
    for _ in range(WORDS):
        await asyncio.sleep(chance.uniform(0.5, 4.0))
        buttons = [shown for shown in person.seen if shown.buttons]
        if buttons and chance.random() < 0.3:
            await person.press(of=buttons[-1])
        else:
            await person.write(chance.choice(SAID))


async def told(fake: FakeTelegram) -> None:
    """Wait until the bot has heard everything."""
    await fake.settle()
    async with asyncio.timeout(60):
        while fake.bot.updates.pending:
            await asyncio.sleep(0.2)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_a_server_is_killed_while_people_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    chance = random.Random(11)
    async with FakeTelegram(scale=0.1) as fake:
        server = Baton(folder=tmp_path)
        server.env |= environment(fake, server, mode)
        server.start()
        try:
            await server.wait_answer()
            people = [fake.customer(name=f"P{n}") for n in range(PEOPLE)]
            with fake.faults.weather(*WEATHER, seed=11, on=("send",)):
                talks = [talk(person, random.Random(n)) for n, person in enumerate(people)]
                await asyncio.gather(kill(server, chance), *talks)
                await told(fake)
                await quiet(server)
        finally:
            server.stop()
        assert fake.violations == []
        assert not [update for update in fake.bot.updates.all if not update.taken]
        rows = read(tmp_path / "data" / "baton.db")
        fates = Counter[str]()
        for person in people:
            fates += look(person, rows)
    with capsys.disabled():
        print(f"\n  {mode}: {PEOPLE * WORDS} written; sent: {dict(fates)}; faults: {len(fake.faults.met)}")
    assert fates["unknown"] <= 40


def read(path: Path) -> list[sqlite3.Row]:
    """Return all messages by Telegram, in order."""
    with closing(read_only(path)) as db:
        db.row_factory = sqlite3.Row
        join = "JOIN conversations c ON c.id = m.conversation_id WHERE c.channel = 'telegram'"
        return db.execute(f"SELECT m.*, c.address FROM messages m {join} ORDER BY c.id, m.seq").fetchall()


def look(person: Customer, rows: list[sqlite3.Row]) -> Counter[str]:
    """Compare a phone with what is stored; return how the messages to it ended."""
    chat = str(person.chat.id)
    mine = [row for row in rows if row["address"] == chat]
    wrote = [f"cb:{said.query}" if said.query else f"{chat}:{said.id}" for said in person.said]
    stored = [row["external_id"] for row in mine if row["author"] == "customer"]
    assert stored == wrote, "each message is stored once, in order"
    heard = {f"{chat}:{shown.id}": shown for shown in person.seen}
    sent = [row for row in mine if row["author"] != "customer" and row["kind"] != "event"]
    for row in sent:
        if row["delivery"] in ARRIVED:
            assert heard.pop(row["external_id"]).text == row["text"].strip(), "lost"
        else:
            assert row["delivery"] == "unknown", tuple(row)
    # What nobody knows of may have arrived, once at most.
    unknown = Counter(row["text"].strip() for row in sent if row["delivery"] == "unknown")
    assert Counter(shown.text for shown in heard.values()) <= unknown, "said twice"
    return Counter(row["delivery"] for row in sent)
