"""WhatsApp: who is who, which number is written to, what kinds there are, and the signs of life between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.conversation import Owner
from bot.domain.message import Author, Delivery, Kind
from tests.fake_whatsapp import NUMBER, Broken, Customer, FakeWhatsApp, Lose, Refuse
from tests.support.small_files import PDF, PIXEL, VOICE, WEBP
from tests.support.world import until
from tests.whatsapp.line import Line, a_line


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as line:
        yield line
        assert line.fake.violations == []


@pytest.fixture
def ada(line: Line) -> Customer:
    return line.fake.customer("Ada")


async def test_a_stranger_with_a_given_up_number_reads_nothing_of_it(line: Line, ada: Customer) -> None:
    await ada.write("my secret")
    await line.settle()
    line.fake.customers.remove(ada)
    bob = line.fake.customer("Bob", phone=ada.phone)  # the number has gone to somebody else
    await bob.write("hello")
    await line.settle()
    assert (await line.conversation(bob)).id != (await line.conversation(ada)).id
    assert bob.texts == ["echo 1: hello"]


async def test_a_number_that_the_customer_shows_is_vouched_for(line: Line, ada: Customer) -> None:
    asked = []

    async def find(*, email: str = "", phone: str = "") -> object:
        asked.append(phone)
        return replace(await line.world.shop.profile("C1"))

    line.world.shop.find = find  # type: ignore[method-assign]
    await ada.write("hello")
    await line.settle()
    assert asked == [f"+{ada.phone}"]
    customer_id = (await line.conversation(ada)).customer_id
    customer = await line.world.store.read(lambda tx: tx.customer(customer_id))
    assert customer
    assert customer.directory_ref == "C1"
    cleo = line.fake.customer("Cleo", known="bsuid")
    await cleo.write("hello")
    await line.settle()
    assert len(asked) == 1  # nobody vouches for a name


async def test_everything_that_can_be_sent_is_understood_or_answered_once(
    line: Line, ada: Customer
) -> None:
    await ada.location(52.5, 13.4, "Shop", "Street 1")
    await ada.contacts(("Ben", "+491500000"))
    await ada.order(("BOOK", 2, 9.5), note="gift wrap")
    await ada.sticker(WEBP)
    await line.settle()
    stored = await line.messages(Author.CUSTOMER)
    assert (stored[0].kind, stored[0].custom) == (
        Kind.LOCATION,
        {"latitude": 52.5, "longitude": 13.4, "name": "Shop", "address": "Street 1"},
    )
    assert stored[1].text == "👤 Ben · +491500000"
    assert stored[2].text.splitlines() == ["gift wrap", "🛒 2x BOOK (9.5 EUR)"]
    assert stored[3].attachments[0].kind == "image"
    assert not any("{" in message.text for message in stored)
    before = len(ada.seen)
    await ada.unsupported("poll")
    await ada.unsupported("poll")
    await line.settle()
    assert ada.texts[before:] == ["utter_system_cannot_read"]


async def test_what_a_customer_quotes_and_an_agent_says_keeps_together(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    await ada.write("about that", quote=ada.seen[0].id)
    await line.settle()
    quoting = (await line.messages(Author.CUSTOMER))[-1]
    (quoted,) = [m for m in await line.messages(Author.BOT) if m.external_id == ada.seen[0].id]
    assert quoting.custom == {"quotes": quoted.seq}


async def test_receipts_and_echoes_of_the_old_form_count_too(line: Line) -> None:
    ada = line.fake.customer("Ada", known="phone")
    await ada.write("hello")
    await line.settle()
    await ada.read()
    await line.settle()
    assert [m.delivery for m in await line.messages(Author.BOT)] == [Delivery.READ]
    await line.fake.echo(ada, "Ben here")
    await line.settle()
    assert (await line.conversation(ada)).owner is Owner.AGENT


async def test_reading_and_typing_at_the_desk_are_shown(line: Line, ada: Customer) -> None:
    await ada.write("person please")
    await line.settle()
    ana, conversation = await line.world.agent(), await line.conversation(ada)
    await line.world.desk.claim(ana, conversation.id)
    await line.world.feedback.agent_read(ana, conversation.id, conversation.seq)
    await line.world.desk.typing(ana, conversation.id)
    await line.settle()
    assert set(ada.read_marks) == {ada.said[0].id}
    assert [message_id for _, message_id in ada.typing] == [ada.said[0].id]


async def test_short_texts_of_one_answer_are_joined_when_that_is_set() -> None:
    async with a_line(join_bubbles="yes") as line:
        ada = line.fake.customer("Ada")
        await ada.write("twice please")
        await line.settle()
        assert ada.texts == ["First.\n\nSecond."]


async def test_a_template_with_a_place_carries_the_words(line: Line, ada: Customer) -> None:
    line.fake.template("reply_waiting", "We have an answer for you: {{1}}")
    await ada.write("person please")
    await line.settle()
    ana, conversation = await line.world.agent(), await line.conversation(ada)
    await line.clock.advance(25 * 3600)
    await line.world.desk.claim(ana, conversation.id, take=True)
    say = {"text": "Your parcel\n\nis found", "kind": "reply", "client_id": "1"}
    await line.world.desk.say(ana, conversation.id, **say)
    await line.settle()
    assert ada.texts[-1] == "We have an answer for you: Your parcel is found"
    assert (await line.messages(Author.AGENT))[-1].delivery is Delivery.DELIVERED
    assert len(line.fake.violations) == 1  # that there is a place is found out by trying
    line.fake.violations.clear()


@pytest.mark.parametrize("fault", [Refuse(190), Broken(status=401)], ids=["190", "401"])
async def test_a_token_that_is_not_accepted_is_one_alarm_and_loses_nothing_that_comes_in(
    line: Line, ada: Customer, fault: Refuse | Broken
) -> None:
    line.fake.faults.plan(*[fault] * 3)
    for number in range(3):
        assert (await ada.write(f"n{number}")).statuses == [200]
        await line.settle()
    assert len(await line.messages(Author.CUSTOMER)) == 3
    failed = [m for m in await line.messages(Author.BOT) if m.delivery is Delivery.FAILED]
    assert failed
    assert all("token" in m.delivery_note for m in failed) or isinstance(fault, Broken)


async def test_a_file_that_cannot_be_fetched_is_fetched_later(line: Line, ada: Customer) -> None:
    line.fake.faults.plan(Broken(status=503), on="media")
    line.fake.faults.plan(Lose(), Broken(status=404), on="file")
    await ada.document(PDF, "invoice.pdf", "my invoice")
    await ada.voice(VOICE)
    await line.settle()
    await line.pass_time(12)
    files = [m.attachments[0] for m in await line.messages(Author.CUSTOMER) if m.attachments]
    assert [await line.content(one) for one in files] == [PDF, VOICE]
    assert files[0].name == "invoice.pdf"
    assert line.fake.faults.planned == []


async def test_a_burst_of_pictures_is_kept_whole(line: Line, ada: Customer) -> None:
    with line.fake.courier.held():
        for _ in range(8):
            await ada.image(PIXEL, mime="image/png")
    await line.settle()
    await line.pass_time(1)
    files = [a for m in await line.messages(Author.CUSTOMER) for a in m.attachments]
    assert [await line.content(one) for one in files] == [PIXEL] * 8


async def test_the_customer_may_come_back_after_all_is_over(line: Line, ada: Customer) -> None:
    await ada.write("person please")
    await line.settle()
    ana, conversation = await line.world.agent(), await line.conversation(ada)
    await line.world.desk.claim(ana, conversation.id)
    await line.world.desk.resolve(ana, conversation.id, note="done")
    await line.settle()
    await line.clock.advance(48 * 3600)
    await ada.write("it is me again")
    await line.settle()
    assert ada.texts[-1].endswith(": it is me again")
    assert (await line.conversation(ada)).owner is Owner.BOT


async def test_webhooks_are_acknowledged_while_the_engine_is_slow(line: Line, ada: Customer) -> None:
    line.world.engine.hold = True
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(5):
        assert (await ada.write(f"n{number}")).statuses == [200]
    assert loop.time() - began < 1.0
    await until(lambda: bool(line.world.engine.gates))
    line.world.engine.hold = False
    for gate in line.world.engine.gates:
        gate.set_result(None)
    await line.settle()
    words = " ".join(ada.texts)
    assert [words.count(f"n{n}") for n in range(5)] == [1] * 5


async def test_two_numbers_behind_one_webhook_are_two_places() -> None:
    second = replace(
        NUMBER, id="206540352242933", display="15550783999", token="EAAJB-second", app_secret="second-" * 5
    )
    async with a_line(numbers=(NUMBER, second)) as line:
        ada, there = (
            line.fake.customer("Ada"),
            line.fake.customer("Ada", number=second, phone="4915177777777"),
        )
        await ada.write("to the first")
        await there.write("to the second")
        await line.settle()
        assert (ada.texts, there.texts) == (["echo 1: to the first"], ["echo 1: to the second"])
        tokens = [call.request.headers["authorization"] for call in line.fake.sent()]
        assert tokens == [f"Bearer {NUMBER.token}", f"Bearer {second.token}"]
        assert (await line.conversation(there)).account == "number2"
        # What one app has signed says nothing of the other's number.
        webhook = line.fake.courier.sent[-1]
        forged = replace(second, app_secret=NUMBER.app_secret)
        there.number = forged
        said = await there.write("forged")
        assert said.statuses == [200]  # it is signed; but not for that number
        await line.settle()
        assert "forged" not in [m.text for m in await line.messages()]
        assert webhook.taken


def test_the_fake_and_the_line_have_the_same_number() -> None:
    assert FakeWhatsApp().number is NUMBER
