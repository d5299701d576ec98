"""A conversation in bad weather: calls fail, webhooks come twice and in bad order, and all is accounted for."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import httpx

from bot.domain.message import Author, Choice, Delivery, Draft, Message
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import DirectoryCall
from tests.fake_whatsapp import Broken, Customer, Drop, Fault, Lose, Refuse, Shown, Slow
from tests.support.small_files import PDF, PIXEL
from tests.support.world import GatedEngine
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
LONG = " ".join(
    f"{one}{other}{third}" for one in "abcdefgh" for other in "klmnopqrst" for third in "uvwxyzäöüß" * 3
)
"""About 9,600 characters: with choices under them, four messages of the platform."""
ARRIVED = {Delivery.SENT, Delivery.DELIVERED, Delivery.READ}


class Talker(GatedEngine):
    """Says a lot when "long" is asked for."""

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        result = await super().turn(request, directory)
        if "long" not in request.text:
            return result
        draft = Draft(text=LONG, choices=(Choice(title="Yes", payload="/affirm"),))
        return replace(result, messages=(draft,))


def impatient(line: Line) -> None:
    """Give up on a call after part of a second, not 20."""
    client = line.channel._client._http
    assert client
    client.timeout = httpx.Timeout(0.4)


async def storm(line: Line, seed: int) -> Counter[str]:
    """Let people talk in bad weather and check everything; return which faults there were."""
    impatient(line)
    line.world.turns._engine = line.world.engine = Talker()
    people = [line.fake.customer(f"P{n}") for n in range(5)]
    courier, chance = line.fake.courier, random.Random(seed)
    courier.shuffle, courier.duplicate, courier.chance = 0.02, 0.2, random.Random(seed)
    with line.fake.faults.weather(*WEATHER, seed=seed, on=("messages", "media", "file", "upload")):
        for number in range(8):
            for person in people:
                await person.write(f"n{number}." if chance.random() < 0.8 else f"long n{number}.")
            await line.settle(seconds=60)
        await chance.choice(people).image(PIXEL, mime="image/png")
        await with_a_person(line, chance.choice(people))
    await line.pass_time(70)
    assert courier.lost == []
    for person in people:
        await complete(line, person)
    return Counter(type(fault).__name__ for fault in line.fake.faults.met)


async def with_a_person(line: Line, customer: Customer) -> None:
    """Let an agent answer with words and a file."""
    await customer.write("person please")
    await line.settle(seconds=60)
    ana = await line.world.agent()
    conversation = await line.conversation(customer)
    await line.world.desk.claim(ana, conversation.id)
    for number in range(3):
        file = await line.upload(conversation.id, PDF, f"label{number}.pdf")
        say = {"text": f"Label {number}", "kind": "reply", "client_id": f"{number}", "files": [file]}
        await line.world.desk.say(ana, conversation.id, **say)
    await line.settle(seconds=60)


async def complete(line: Line, person: Customer) -> None:
    """Check a customer's side against ours: nothing lost, nothing said twice, all in order."""
    conversation = await line.conversation(person)
    stored = await line.world.store.read(lambda tx: tx.messages(conversation.id, limit=1_000))
    customers = [m for m in stored if m.author is Author.CUSTOMER]
    assert Counter(m.text for m in customers if m.text) == Counter(s.text for s in person.said if s.text)
    for attachment in (a for m in customers for a in m.attachments):
        assert await line.content(attachment) == PIXEL
    heard = defaultdict(list)
    for shown in person.seen:
        heard[shown.ref].append(shown)
    for message in stored:
        if message.author is Author.CUSTOMER or message.delivery is Delivery.STORED:
            continue
        check(message, heard.pop(f"{message.conversation_id}:{message.seq}", []))
    assert not heard
    sequence = [int(shown.ref.rpartition(":")[2]) for shown in person.seen]
    assert sequence == sorted(sequence), "in order"


def check(message: Message, shown: list[Shown]) -> None:
    """Each part that was sent is there once and in order; one may be missing where agents see a doubt."""
    words, at = message.text.split(), 0
    for one in shown:
        part = one.text.split()
        at = next(n for n in range(at, len(words) + 1) if words[n : n + len(part)] == part) + len(part)
    if message.delivery is Delivery.FAILED:
        assert "a part of it, may not have arrived" in message.delivery_note
    elif message.delivery in ARRIVED:
        assert sum(len(one.text.split()) for one in shown) == len(words)
        assert message.external_id in {"", *(one.id for one in shown)}
        assert [one.file.data for one in shown if one.file] == [PDF] * len(message.attachments)
    else:
        assert message.delivery is Delivery.UNKNOWN
