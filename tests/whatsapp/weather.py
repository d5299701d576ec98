"""A conversation in bad weather: calls fail, webhooks come twice and in bad order, and all is accounted for."""

from __future__ import annotations

import random
from collections import Counter

import httpx

from bot.domain.message import Author, Delivery
from tests.fake_whatsapp import Broken, Customer, Drop, Fault, Lose, Refuse, Shown, Slow
from tests.support.small_files import PIXEL
from tests.whatsapp.line import Line

WEATHER: tuple[tuple[float, Fault], ...] = (
    (0.02, Drop()),
    (0.02, Lose()),
    (0.01, Slow(seconds=0.8)),
    (0.02, Broken()),
    (0.01, Refuse(131016)),
    (0.01, Refuse(131056)),
    (0.01, Refuse(130429)),
)
"""What happens to 10 % of the calls."""
ARRIVED = {Delivery.SENT, Delivery.DELIVERED, Delivery.READ}


def impatient(line: Line) -> None:
    """Give up on a call after part of a second, not 20."""
    client = line.channel._client._http
    assert client
    client.timeout = httpx.Timeout(0.4)


async def storm(line: Line, seed: int) -> Counter[str]:
    """Let people talk in bad weather and check everything; return which faults there were."""
    impatient(line)
    people = [line.fake.customer(f"P{n}") for n in range(5)]
    courier, chance = line.fake.courier, random.Random(seed)
    courier.shuffle, courier.duplicate, courier.chance = 0.02, 0.2, random.Random(seed)
    with line.fake.faults.weather(*WEATHER, seed=seed, on=("messages", "media", "file", "upload")):
        for number in range(12):
            for person in people:
                await person.write(f"n{number}.")
            await line.settle(seconds=60)
        await chance.choice(people).image(PIXEL, mime="image/png")
        await line.settle(seconds=60)
    assert courier.lost == []
    for person in people:
        await complete(line, person)
    return Counter(type(fault).__name__ for fault in line.fake.faults.met)


async def complete(line: Line, person: Customer) -> None:
    """Check a customer's side against ours: nothing lost, nothing said twice, all in order."""
    conversation = await line.conversation(person)
    stored = await line.world.store.read(lambda tx: tx.messages(conversation.id, limit=1_000))
    wrote = [m.text for m in stored if m.author is Author.CUSTOMER and m.text]
    assert Counter(wrote) == Counter(s.text for s in person.said if s.type == "text")
    heard = {shown.ref: shown for shown in person.seen}
    assert len(heard) == len(person.seen), "something was said twice"
    for message in stored:
        if message.author is Author.CUSTOMER or message.delivery is Delivery.STORED:
            continue
        shown = heard.pop(f"{message.conversation_id}:{message.seq}", None)
        if message.delivery is Delivery.UNKNOWN:
            continue  # it may have arrived, and was not sent again
        assert message.delivery in ARRIVED, message
        assert isinstance(shown, Shown)
        assert (shown.id, shown.text) == (message.external_id, message.text)
    assert heard == {}
    sequence = [int(shown.ref.rpartition(":")[2]) for shown in person.seen]
    assert sequence == sorted(sequence), "in order"
