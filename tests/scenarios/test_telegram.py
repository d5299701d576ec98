"""Telegram from webhook to call: whole conversations with a person in them, in good weather and in bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.media import media_id
from bot.domain.message import Attachment, Author, Delivery, IdentityClaim
from bot.services.links import Links
from connectors.channels.telegram.render import calls
from tests.contract.platform_cases import Wordy
from tests.fake_telegram import Customer, Drop, Flood, Held, Lose, Slow
from tests.support.small_files import PDF, PIXEL, VOICE
from tests.support.world import ADAS_PHONE, until
from tests.telegram.line import Line, a_line
from tests.telegram.weather import WEATHER, complete, impatient, storm


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as line:
        yield line
        assert line.fake.violations == []


@pytest.fixture
def ada(line: Line) -> Customer:
    return line.fake.customer(name="Ada")


async def upload(line: Line, conversation_id: str, data: bytes, name: str) -> str:
    """Let an agent upload a file."""

    async def stream() -> AsyncIterator[bytes]:
        yield data

    kept = await line.world.media.keep_for_agent(
        stream(), name=name, agent_id="ana", conversation_id=conversation_id
    )
    return media_id(kept)


async def content(line: Line, attachment: Attachment) -> bytes:
    """Return a stored file."""
    media = await line.world.media.find(media_id(attachment))
    assert media
    return b"".join([part async for part in line.world.media.read(media)])


async def claimed(line: Line, customer: Customer) -> tuple[Any, Any]:
    """Let the customer ask for a person, and Ana come."""
    await customer.write("person please")
    await line.settle()
    ana = await line.world.agent()
    conversation = await line.conversation(customer)
    await line.world.desk.claim(ana, conversation.id)
    return ana, conversation


async def test_a_whole_conversation(line: Line, ada: Customer) -> None:
    await ada.start()
    await line.settle()
    assert ada.texts == ["echo 1: /greet"]  # Start means a greeting, and nobody's words can

    # Buttons: pressed once, answered at once, and then gone.
    await ada.write("ask me")
    await line.settle()
    asked = ada.seen[-1]
    assert asked.buttons == ["Yes"]
    await ada.press("Yes")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/affirm"
    assert (ada.spinning, asked.buttons) == ([], [])

    # A picture, and a person.
    await ada.photo(PIXEL, "it came broken")
    await line.settle()
    (picture,) = [m for m in await line.messages(Author.CUSTOMER) if m.attachments]
    assert picture.text == "it came broken"
    assert await content(line, picture.attachments[0]) == PIXEL
    ana, conversation = await claimed(line, ada)
    await line.settle()
    before = len(ada.seen)
    await line.world.desk.say(ana, conversation.id, text="for us", kind="note", client_id="1")
    files = [
        await upload(line, conversation.id, data, name)
        for data, name in ((PDF, "label.pdf"), (PIXEL, "a.png"))
    ]
    await line.world.desk.say(
        ana, conversation.id, text="I send you a label", kind="reply", client_id="2", files=files
    )
    await line.settle()
    label, photo = ada.seen[before:]
    assert label.file
    assert photo.file
    assert (label.kind, label.text, label.file.data) == ("document", "I send you a label", PDF)
    assert label.file.name == "label.pdf"
    assert (photo.kind, photo.text, photo.file.data) == ("photo", "", PIXEL)

    # A voice note is heard at the desk; the bot keeps out.
    await ada.voice(VOICE)
    await line.settle()
    heard = (await line.messages(Author.CUSTOMER))[-1].attachments[0]
    assert (heard.kind, await content(line, heard)) == ("audio", VOICE)
    assert ada.seen[-1] is photo
    assert (await line.messages(Author.AGENT))[-1].delivery is Delivery.SENT

    # Back to the bot.
    await line.world.desk.release(ana, conversation.id)
    await line.settle()
    await ada.write("thanks")
    await line.settle()
    assert ada.texts[-1].endswith(": thanks")
    assert (await line.conversation(ada)).owner is Owner.BOT


async def test_an_album_is_one_message(line: Line, ada: Customer) -> None:
    await claimed(line, ada)
    await ada.album([PIXEL] * 10, "all ten are broken")
    await line.settle()
    album = (await line.messages(Author.CUSTOMER))[-1]
    assert album.text == "all ten are broken"
    assert [await content(line, file) for file in album.attachments] == [PIXEL] * 10
    papers = [PDF + str(number).encode() for number in range(3)]
    await ada.album(papers, kind="document")
    await line.settle()
    album = (await line.messages(Author.CUSTOMER))[-1]
    assert [await content(line, file) for file in album.attachments] == papers


async def test_a_blocked_bot_is_seen_at_the_desk(line: Line, ada: Customer) -> None:
    ana, conversation = await claimed(line, ada)
    await ada.block()
    await line.world.desk.say(ana, conversation.id, text="Are you there?", kind="reply", client_id="1")
    await line.settle()
    reply = (await line.messages(Author.AGENT))[-1]
    assert reply.delivery is Delivery.FAILED
    assert "blocked" in reply.delivery_note
    await ada.unblock()
    await line.world.desk.say(ana, conversation.id, text="Welcome back", kind="reply", client_id="2")
    await line.settle()
    assert ada.texts[-1] == "Welcome back"
    events = [m.text for m in await line.messages(Author.SYSTEM)]
    assert {"customer_blocked", "customer_unblocked"} <= set(events)


async def test_edits_and_reactions_are_noted(line: Line, ada: Customer) -> None:
    first = await ada.write("hello")
    await line.settle()
    await ada.react("❤️")
    await ada.react("")
    second = await ada.write("where is it")
    await line.settle()
    await ada.edit(first, "hello!")
    await line.settle()
    events = [m.text for m in await line.messages(Author.SYSTEM)]
    assert events == ["customer_reacted", "customer_reacted", "customer_edited"]
    assert len(ada.seen) == 2  # what is long past is not answered again
    await ada.edit(second, "where is my order")
    await line.settle()
    assert ada.texts[-1] == "echo 3: where is my order"


async def test_only_ones_own_card_tells_who_one_is(line: Line, ada: Customer) -> None:
    await ada.contact(ADAS_PHONE, own=False)
    await line.settle()
    assert line.world.shop.asked["find"] == 0
    await ada.contact(ADAS_PHONE.removeprefix("+"))
    await line.settle()
    await ada.write("prove 1")
    await line.settle()
    assert line.world.shop.asked["find"] == 1
    identity = await line.world.store.read(lambda tx: tx.identity("telegram", "default", str(ada.chat.id)))
    assert identity


async def test_a_link_from_the_companys_site_tells_who_one_is(line: Line, ada: Customer) -> None:
    links = Links(store=line.world.store, clock=line.clock)
    token = await links.make(IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test"))
    await ada.start(token)
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/greet"
    assert line.world.engine.requests[-1].context.directory_ref == "C1"
    stored = await line.messages(Author.CUSTOMER)
    assert token not in str(stored)
    ben = line.fake.customer(name="Ben")
    await ben.start(token)  # passed on: good for the first only
    await line.settle()
    assert line.world.engine.requests[-1].context.directory_ref == ""
    assert ben.texts == ["echo 1: /greet"]


async def test_groups_are_declined(line: Line, ada: Customer) -> None:
    group = ada.into(line.fake.group())
    await group.invite_bot()
    await group.write("/start@baton_test_bot")
    await line.settle()
    assert [shown.text for shown in group.seen] == ["utter_system_no_groups"]
    assert group.chat.standing == "left"
    assert line.world.engine.requests == []


async def test_what_we_cannot_take_is_said_once(line: Line, ada: Customer) -> None:
    await ada.write("hello")
    await line.settle()
    await ada.poll()
    await ada.poll()
    await line.settle()
    assert sum("cannot_read" in text for text in ada.texts) == 1


async def test_an_updates_order_is_kept_while_the_store_is_away(
    line: Line, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.domain.errors import StoreError

    real, failures = line.world.arrivals.take, iter([True, True, False, True])

    async def flaky(arrival: Any) -> None:
        if next(failures, False):
            raise StoreError("away")
        await real(arrival)

    monkeypatch.setattr(line.world.arrivals, "take", flaky)
    for number in range(3):
        await ada.write(f"n{number}")
    await line.settle()
    assert [m.text for m in await line.messages(Author.CUSTOMER)] == ["n0", "n1", "n2"]
    assert 503 in ada.said[0].statuses
    await complete(line, ada)


async def test_a_flood_is_waited_out_and_nothing_is_lost(line: Line, ada: Customer) -> None:
    line.fake.faults.plan(Flood(7), on="send")
    began = line.clock.now()
    await ada.write("hello")
    await line.settle()
    assert ada.texts == ["echo 1: hello"]
    assert (line.clock.now() - began).total_seconds() >= 7


async def test_much_is_said_at_the_platforms_pace(line: Line, ada: Customer) -> None:
    ana, conversation = await claimed(line, ada)
    began = line.clock.now()
    for number in range(12):
        await line.world.desk.say(
            ana, conversation.id, text=f"n{number}", kind="reply", client_id=f"{number}"
        )
    people = [line.fake.customer(name=f"P{number}") for number in range(40)]
    await asyncio.gather(*(person.write("hello") for person in people))
    await line.settle()
    assert ada.texts[-12:] == [f"n{number}" for number in range(12)]
    assert all(person.texts == ["echo 1: hello"] for person in people)
    assert not [call for call in line.fake.calls if call.status == 429]
    assert 7 <= (line.clock.now() - began).total_seconds() <= 30


async def test_a_call_that_takes_too_long_is_unknown_and_not_repeated(line: Line, ada: Customer) -> None:
    impatient(line)
    line.fake.faults.plan(Slow(seconds=0.5), on="send")
    await ada.write("hello")
    await line.settle()
    line.fake.faults.plan(Lose(), on="send")
    await ada.write("again")
    await line.settle()
    assert ada.texts == ["echo 1: hello", "echo 2: again"]
    assert [m.delivery for m in await line.messages(Author.BOT)] == [Delivery.UNKNOWN] * 2


async def test_a_slow_platform_holds_up_one_chat_only(line: Line, ada: Customer) -> None:
    gate = asyncio.Event()
    line.fake.faults.plan(Held(gate), on="send")
    await ada.write("hello")
    await until(lambda: bool(ada.seen))
    ben = line.fake.customer(name="Ben")
    await ben.write("hello")
    await until(lambda: bool(ben.seen))
    gate.set()
    await line.settle()
    assert (ada.texts, ben.texts) == (["echo 1: hello"], ["echo 1: hello"])


async def test_polling_hears_the_same() -> None:
    async with a_line(mode="polling", secret="") as line:
        ada = line.fake.customer(name="Ada")
        await ada.write("hello")
        await line.settle()
        await ada.photo(PIXEL, "look")
        await line.settle()
        await ada.write("ask me")
        await line.settle()
        await ada.press("Yes")
        await line.settle()
        await until(lambda: not ada.spinning)
        assert ada.texts[0] == "echo 1: hello"
        stored = await line.messages(Author.CUSTOMER)
        assert [m.text for m in stored] == ["hello", "look", "ask me", "Yes"]
        assert line.fake.violations == []


@pytest.mark.parametrize("seed", range(2))
async def test_ten_percent_of_the_calls_fail(line: Line, seed: int) -> None:
    assert sum((await storm(line, seed)).values()) >= 3


async def test_ten_percent_of_the_calls_fail_while_we_poll() -> None:
    async with a_line(mode="polling", secret="") as line:
        assert sum((await storm(line, 7)).values()) >= 3
        assert line.fake.violations == []


@pytest.mark.parametrize("seed", range(4))
async def test_long_words_in_bad_weather_come_in_order_and_once(
    line: Line, ada: Customer, seed: int
) -> None:
    line.world.engine = line.world.turns._engine = Wordy()
    impatient(line)
    with line.fake.faults.weather(
        *[(3 * chance, fault) for chance, fault in WEATHER], seed=seed, on=("send",)
    ):
        await ada.write("long 20000")
        await line.settle()
    (answer,) = await line.messages(Author.BOT)
    parts = [call.text for call in calls(answer)]
    assert len(parts) >= 5
    assert [part for part in parts if part in ada.texts] == ada.texts, "in order, and none twice"
    doubtful = [fault for fault in line.fake.faults.met if isinstance(fault, Drop | Lose | Slow)]
    assert len(parts) - len(ada.texts) <= len(doubtful), "only what is in doubt may be missing"
    if answer.delivery is Delivery.SENT:
        assert not doubtful
    else:
        assert "may not have arrived" in answer.delivery_note
