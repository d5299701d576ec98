"""WhatsApp from webhook to call: whole conversations with a person in them, in good weather and in bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.message import Author, Choice, Delivery, Draft, Message
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import DirectoryCall
from tests.fake_whatsapp import Customer, Held, Slow
from tests.support.small_files import PDF, PIXEL, VOICE
from tests.support.world import GatedEngine
from tests.whatsapp.line import Line, a_line
from tests.whatsapp.weather import impatient, storm

MENU = ("Where is my order", "Send something back", "Cancel an order", "Invoices", "Opening hours")


class Clerk(GatedEngine):
    """Knows "menu" and "menu N" beside what the gated engine knows."""

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        word, _, rest = (request.payload or request.text).partition(" ")
        if word != "menu":
            return await super().turn(request, directory)
        self.requests.append(request)
        titles = [f"Thing {n}" for n in range(1, int(rest) + 1)] if rest else MENU
        choices = tuple(Choice(title=title, payload=f"/thing_{n}") for n, title in enumerate(titles, 1))
        draft = Draft(text="What is it about?", choices=choices)
        turns = int(request.state or b"0") + 1
        return TurnResult(
            turn_id=request.turn_id, state=str(turns).encode(), messages=(draft,), model="clerk"
        )


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as line:
        line.world.engine_of = Clerk
        line.world.turns._engine = line.world.engine = Clerk()
        yield line
        assert line.fake.violations == []


@pytest.fixture
def ada(line: Line) -> Customer:
    return line.fake.customer("Ada")


async def claimed(line: Line, customer: Customer) -> tuple[Any, Any]:
    """Let the customer ask for a person, and Ana come."""
    await customer.write("person please")
    await line.settle()
    ana = await line.world.agent()
    conversation = await line.conversation(customer)
    await line.world.desk.claim(ana, conversation.id)
    return ana, conversation


def authors(messages: list[Message]) -> list[str]:
    return [m.author.value for m in messages if m.author is not Author.SYSTEM]


async def test_a_whole_conversation(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    assert ada.texts == ["echo 1: hello"]

    # Choices: a button, a list, and numbers where neither is enough.
    await ada.write("ask me")
    await line.settle()
    assert [o.title for o in ada.seen[-1].options] == ["Yes"]
    await ada.press("Yes")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/affirm"
    await ada.write("menu")
    await line.settle()
    assert (ada.seen[-1].content["type"], len(ada.seen[-1].options)) == ("list", 5)
    await ada.choose("Invoices")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/thing_4"
    await ada.write("menu 12")
    await line.settle()
    assert ada.seen[-1].type == "text"
    assert "\n12. Thing 12" in ada.texts[-1]
    await ada.write("11")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/thing_11"

    # A picture, and a person.
    await ada.image(PIXEL, "it came broken", mime="image/png")
    await line.settle()
    (picture,) = [m for m in await line.messages(Author.CUSTOMER) if m.attachments]
    assert picture.text == "it came broken"
    assert await line.content(picture.attachments[0]) == PIXEL
    ana, conversation = await claimed(line, ada)
    await line.settle()
    before = len(ada.seen)
    file = await line.upload(conversation.id, PDF, "label.pdf")
    await line.world.desk.say(ana, conversation.id, text="for us", kind="note", client_id="1")
    await line.world.desk.say(
        ana, conversation.id, text="I send you a label", kind="reply", client_id="2", files=[file]
    )
    await line.settle()
    (label,) = ada.seen[before:]
    assert label.file
    assert (label.type, label.text, label.file.data) == ("document", "I send you a label", PDF)
    assert label.content["filename"] == "label.pdf"

    # A voice note is heard at the desk; the bot keeps out.
    await ada.voice(VOICE)
    await line.settle()
    heard = (await line.messages(Author.CUSTOMER))[-1].attachments[0]
    assert (heard.kind, await line.content(heard)) == ("audio", VOICE)
    assert ada.seen[-1] is label

    # Ticks.
    reply = (await line.messages(Author.AGENT))[-1]
    assert reply.delivery is Delivery.DELIVERED
    await ada.read()
    await line.settle()
    assert (await line.messages(Author.AGENT))[-1].delivery is Delivery.READ

    # Back to the bot.
    await line.world.desk.release(ana, conversation.id)
    await line.settle()
    await ada.write("thanks")
    await line.settle()
    assert ada.texts[-1].endswith(": thanks")
    assert (await line.conversation(ada)).owner is Owner.BOT


async def test_the_window_closes_and_a_template_asks_to_write_again(line: Line, ada: Customer) -> None:
    ana, conversation = await claimed(line, ada)
    await line.clock.advance(25 * 3600)
    await line.world.desk.claim(ana, conversation.id, take=True)
    for number in ("1", "2"):
        text = f"Your parcel is found {number}"
        await line.world.desk.say(ana, conversation.id, text=text, kind="reply", client_id=number)
        await line.settle()
    replies = [m for m in await line.messages(Author.AGENT) if m.text.startswith("Your parcel")]
    assert [m.delivery for m in replies] == [Delivery.FAILED] * 2
    assert all("24 hours" in m.delivery_note for m in replies)
    assert [s.text for s in ada.seen if s.type == "template"] == [
        "We have an answer for you. Write to us to read it."
    ]  # once, however much is written
    assert not any("parcel" in text for text in ada.texts)
    await ada.write("yes?")
    await line.world.desk.say(
        ana, conversation.id, text="Your parcel is found", kind="reply", client_id="3"
    )
    await line.settle()
    assert ada.texts[-1] == "Your parcel is found"


async def test_a_person_on_the_shops_phone_takes_over(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    await line.fake.echo(ada, "Ben from the shop here")
    await line.settle()
    assert (await line.conversation(ada)).owner is Owner.AGENT
    assert [m.text for m in await line.messages(Author.AGENT)] == ["Ben from the shop here"]
    await ada.write("hi Ben")
    await line.settle()
    assert len(ada.seen) == 2  # the bot says nothing
    await line.world.pass_time(11)
    assert (await line.conversation(ada)).owner is Owner.QUEUE  # nobody leaves a customer waiting


async def test_after_a_person_on_the_shops_phone_the_bot_comes_back(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    await line.fake.echo(ada, "All done, Ben")
    await line.settle()
    await line.world.pass_time(61)
    await ada.write("one more thing")
    await line.settle()
    assert ada.texts[-1].endswith(": one more thing")
    assert (await line.conversation(ada)).owner is Owner.BOT


async def test_a_phone_that_disappears_leaves_the_conversation(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    first = await line.conversation(ada)
    await ada.hide_phone("ada.l")
    await ada.write("it is me")
    await line.settle()
    await ada.change_number("491599999999")
    await ada.write("still me")
    await line.settle()
    assert (await line.conversation(ada)).id == first.id
    assert ada.texts == ["echo 1: hello", "echo 2: it is me", "echo 3: still me"]
    assert line.fake.sent()[-1].content["recipient"] == ada.identity.bsuid


async def test_somebody_who_was_known_by_phone_alone_is_known_by_id(line: Line) -> None:
    ada = line.fake.customer("Ada", known="phone")
    await ada.write("hello")
    await line.settle()
    first = await line.conversation(ada)
    both = line.fake.customer("Ada", phone=ada.phone)
    line.fake.customers.remove(ada)
    await both.write("now with an id")
    await line.settle()
    assert (await line.conversation(both)).id == first.id
    assert both.texts == ["echo 2: now with an id"]


async def test_edits_deletions_reactions_and_blocks_are_noted(line: Line, ada: Customer) -> None:
    said = await ada.write("hello")
    await line.settle()
    await ada.react(ada.seen[0], "❤️")
    await ada.unreact(ada.seen[0])
    await ada.write("my order is 1")
    await line.settle()
    await ada.edit(said, "hello!")
    await ada.revoke(said)
    await line.settle()
    events = [m.text for m in await line.messages(Author.SYSTEM)]
    assert events == ["customer_reacted", "customer_reacted", "customer_edited", "customer_deleted"]
    ada.block()
    await line.world.write("x")  # another channel goes on
    ana, conversation = await claimed(line, ada)
    await line.world.desk.say(ana, conversation.id, text="Are you there?", kind="reply", client_id="1")
    await line.settle()
    reply = (await line.messages(Author.AGENT))[-1]
    assert reply.delivery is Delivery.FAILED
    assert "blocked" in reply.delivery_note


async def test_a_batch_of_many_customers_is_taken_in_once(line: Line) -> None:
    people = [line.fake.customer(f"P{n}") for n in range(5)]
    with line.fake.courier.held("mixed"):
        for number in range(4):
            for person in people:
                await person.write(f"n{number}")
    line.fake.courier.repeat(line.fake.courier.sent[-1])
    line.fake.courier.repeat(line.fake.courier.sent[-1])
    await line.settle()
    for person in people:
        words = " ".join(person.texts)
        assert [words.count(f"n{n}") for n in range(4)] == [1] * 4
        assert [words.index(f"n{n}") for n in range(4)] == sorted(words.index(f"n{n}") for n in range(4))


async def test_a_status_that_overtakes_the_answer_counts(line: Line, ada: Customer) -> None:
    line.fake.progress = ("read", "sent", "delivered")
    gate = asyncio.Event()
    line.fake.faults.plan(Held(gate))
    await ada.write("hello")
    await line.fake.courier.settle()
    await asyncio.sleep(0.05)
    gate.set()
    await line.settle()
    (answer,) = await line.messages(Author.BOT)
    assert answer.delivery is Delivery.READ


@pytest.mark.parametrize("seed", range(2))
async def test_ten_percent_of_the_calls_fail(line: Line, seed: int) -> None:
    assert sum((await storm(line, seed)).values()) >= 3


async def test_a_call_that_takes_too_long_is_unknown_and_not_repeated(line: Line, ada: Customer) -> None:
    impatient(line)
    line.fake.faults.plan(Slow(seconds=0.5))
    await ada.write("hello")
    await line.settle()
    assert ada.texts == ["echo 1: hello"]
    (answer,) = await line.messages(Author.BOT)
    assert answer.delivery in {Delivery.UNKNOWN, Delivery.DELIVERED}
