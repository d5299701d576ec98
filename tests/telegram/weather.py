"""A conversation in bad weather: calls fail, updates come twice and late, and all is accounted for."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import httpx

from bot.domain.message import Author, Delivery
from tests.fake_telegram import Broken, Customer, Drop, Flood, Lose, Refuse, Shown, Slow
from tests.support.small_files import PIXEL
from tests.telegram.line import Line

WEATHER: tuple[tuple[float, Any], ...] = (
    (0.02, Drop()),
    (0.02, Lose()),
    (0.01, Slow(seconds=0.8)),
    (0.02, Broken(status=502)),
    (0.01, Refuse(500)),
    (0.02, Flood(2)),
)
"""What happens to 10 % of the calls."""
ARRIVED = {Delivery.SENT, Delivery.DELIVERED, Delivery.READ}
TOUCHED = (
    "send",
    "getupdates",
    "getfile",
    "file",
    "answercallbackquery",
    "editmessagereplymarkup",
    "sendchataction",
)


def impatient(line: Line) -> None:
    """Give up on a call after part of a second, not 20."""
    client = line.channel.clients["default"]._calls._client
    client.timeout = httpx.Timeout(0.4)


async def storm(line: Line, seed: int, *, people: int = 5, rounds: int = 12) -> Counter[str]:
    """Let people talk in bad weather and check everything; return which faults there were."""
    impatient(line)
    crowd = [line.fake.customer(name=f"P{n}") for n in range(people)]
    courier, chance = line.fake.bot.courier, random.Random(seed)
    courier.shuffle, courier.lost, courier.chance = 0.02, 0.1, random.Random(seed)
    with line.fake.faults.weather(*WEATHER, seed=seed, on=TOUCHED):
        for number in range(rounds):
            for person in crowd:
                await person.write(f"n{number}.")
            await line.settle(seconds=60)
            presser = chance.choice(crowd)
            await presser.write(f"ask {number}.")
            await line.settle(seconds=60)
            if any(shown.buttons for shown in presser.seen):
                await presser.press()
            await line.settle(seconds=60)
        await chance.choice(crowd).photo(PIXEL)
        await line.settle(seconds=60)
    assert not [update for update in line.fake.bot.updates.all if update.dropped or not update.taken]
    too_fast = [call.method for call in line.fake.calls if call.status == 429 and call.fault is None]
    assert too_fast == [], "we keep to the platform's pace by ourselves"
    for person in crowd:
        await complete(line, person)
    return Counter(type(fault).__name__ for fault in line.fake.faults.met)


async def complete(line: Line, person: Customer) -> None:
    """Check a customer's side against ours: nothing lost, nothing said twice, all in order."""
    conversation = await line.conversation(person)
    stored = await line.world.store.read(lambda tx: tx.messages(conversation.id, limit=1_000))
    wrote = [
        m.text for m in stored if m.author is Author.CUSTOMER and m.external_id[:3] != "cb:" and m.text
    ]
    assert wrote == [s.text for s in person.said if s.kind == "text"], "nothing lost, in order"
    heard = {shown.text: shown for shown in person.seen}
    assert len(heard) == len(person.seen), f"something was said twice: {Counter(person.texts)}"
    places = []
    for message in stored:
        if message.author is Author.CUSTOMER or message.delivery is Delivery.STORED:
            continue
        shown = heard.pop(message.text, None)
        places += [shown.place] if shown else []
        if message.delivery is Delivery.UNKNOWN:
            continue  # it may have arrived, and was not sent again
        assert message.delivery in ARRIVED, message
        assert isinstance(shown, Shown), f"lost: {message.text}"
        assert message.external_id == f"{person.chat.id}:{shown.id}"
    assert heard == {}
    assert places == sorted(places), "in order"
