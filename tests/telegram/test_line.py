"""Telegram from update to call: whole conversations with a person in them, by webhook and by polling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.domain.customer import Trust
from bot.domain.media import media_id
from bot.domain.message import Author, Delivery, IdentityClaim, Kind
from connectors.channels.core import identity
from tests.fake_telegram import USERNAME, Customer
from tests.support.small_files import PDF, PIXEL, VOICE
from tests.support.world import until
from tests.telegram.line import IDENTITY, Line, a_line

ADA_OF_THE_SHOP = IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test")


@pytest.fixture(params=["webhook", "polling"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async with a_line(mode=request.param) as line:
        yield line
        assert line.fake.violations == []


@pytest.fixture
async def webhook() -> AsyncIterator[Line]:
    async with a_line() as line:
        yield line
        assert line.fake.violations == []


async def known(line: Line, of: Customer) -> Any:
    """Return who we think a customer is."""
    conversation = await line.conversation(of)
    return await line.world.store.read(lambda tx: tx.customer(conversation.customer_id))


def new_customer(line: Line, name: str = "Ada", **more: Any) -> Customer:
    return line.fake.customer(name=name, **more)


async def test_a_conversation_with_buttons(line: Line) -> None:
    ada = new_customer(line, last_name="Test", language="de")
    await ada.start()
    await line.settle()
    assert ada.texts == ["echo 1: /greet"]
    await ada.write("/cancel_order")
    await line.settle()
    assert not line.world.engine.requests[-1].payload  # a slash that somebody types is text
    await ada.write("ask me")
    await line.settle()
    assert ada.seen[-1].buttons == ["Yes"]
    question = ada.seen[-1]
    await ada.press("Yes")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/affirm"
    assert not ada.spinning
    assert question.buttons == []  # edited away
    (first, *_) = await line.messages(Author.CUSTOMER)
    assert first.external_id == f"{ada.chat.id}:{ada.said[0].id}"
    assert (await known(line, ada)).name == "Ada Test"
    assert all(m.delivery is Delivery.SENT for m in await line.messages(Author.BOT))
    assert line.fake.repeated() == []


async def test_help_is_a_command(line: Line) -> None:
    ada = new_customer(line)
    await ada.write(f"/help@{USERNAME}")
    await line.settle()
    assert line.world.engine.requests[-1].payload == "/help"
    assert [m.text for m in await line.messages(Author.CUSTOMER)] == ["/help"]


async def test_a_button_of_long_ago_is_answered_and_means_nothing(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.write("ask me")
    await webhook.settle()
    question = ada.seen[-1]
    keyboard = question.markup
    await ada.press("Yes")
    await webhook.settle()
    asked = len(webhook.world.engine.requests)
    webhook.clock.move(3_600 * 24)
    question.markup = keyboard  # an app that has not heard of the edit
    await ada.press("Yes", of=question, old=True)
    await webhook.settle()
    assert not ada.spinning
    assert len(webhook.world.engine.requests) == asked
    assert ada.texts[-1] == "utter_system_choice_expired"


async def test_a_press_that_is_told_twice_counts_once(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.write("ask me")
    await webhook.settle()
    said = await ada.press("Yes")
    await webhook.settle()
    assert said.update
    assert await webhook.fake.bot.courier.repeat(said.update) == 200
    await webhook.settle()
    assert [m.text for m in await webhook.messages(Author.CUSTOMER)] == ["ask me", "Yes"]


async def test_the_spinning_stops_before_the_work_begins(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.write("ask me")
    await webhook.settle()
    webhook.world.engine.hold = True
    await ada.press("Yes")
    await until(lambda: not ada.spinning)
    webhook.world.engine.hold = False
    await until(lambda: bool(webhook.world.engine.gates))
    webhook.world.engine.gates[-1].set_result(None)
    await webhook.settle()


async def test_files_come_in_and_the_token_stays_here(line: Line) -> None:
    ada = new_customer(line)
    await ada.photo(PIXEL, "it came broken")
    await ada.document(PDF, "invoice.pdf")
    await line.settle()
    photo, document = await line.messages(Author.CUSTOMER)
    assert (photo.text, photo.attachments[0].kind) == ("it came broken", "image")
    assert document.attachments[0].name == "invoice.pdf"
    for message, data in ((photo, PIXEL), (document, PDF)):
        (file,) = message.attachments
        media = await line.world.media.find(media_id(file))
        assert media
        assert b"".join([part async for part in line.world.media.read(media)]) == data
        assert line.fake.bot.token not in repr(message)


async def test_a_file_that_is_too_big_is_named(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.document(PDF, "film.pdf", size=30_000_000)
    await webhook.settle()
    (message,) = await webhook.messages(Author.CUSTOMER)
    assert message.attachments[0].note == "Not taken: A file may have at most 2 MB."
    assert not webhook.fake.sent("getFile")


async def test_places_stickers_and_what_cannot_be_shown(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.location(52.5, 13.25, title="Shop", address="1 Way")
    await ada.sticker("😀")
    await ada.poll()
    await webhook.settle()
    messages = await webhook.messages()
    place, sticker = (m for m in messages if m.author is Author.CUSTOMER)
    assert (place.kind, place.text) == (Kind.LOCATION, "📍 Shop, 1 Way (52.50000, 13.25000)")
    assert sticker.text == "😀"
    assert "unsupported" in [m.text for m in messages]
    assert any(text.startswith("utter_system_cannot_read") for text in ada.texts)


async def test_agents_answer_with_files(webhook: Line) -> None:
    ada = new_customer(webhook)
    await ada.write("person please")
    await webhook.settle()
    ana = await webhook.world.agent()
    conversation = await webhook.conversation(ada)
    await webhook.world.desk.claim(ana, conversation.id)
    kept = []
    for data, name in ((PIXEL, "a.png"), (VOICE, "voice.ogg"), (PDF, "invoice.pdf")):

        async def stream(data: bytes = data) -> AsyncIterator[bytes]:
            yield data

        media = await webhook.world.media.keep_for_agent(
            stream(), name=name, agent_id="ana", conversation_id=conversation.id
        )
        kept.append(media_id(media))
    await webhook.world.desk.say(
        ana, conversation.id, text="Here you are", kind="reply", client_id="1", files=kept
    )
    await webhook.settle()
    shown = [(s.kind, s.text, s.file.data if s.file else b"") for s in ada.seen[-3:]]
    assert shown == [("photo", "Here you are", PIXEL), ("voice", "", VOICE), ("document", "", PDF)]


async def test_typing_is_shown_while_the_engine_works(webhook: Line) -> None:
    ada = new_customer(webhook)
    webhook.world.engine.hold = True
    await ada.write("hello")
    await until(lambda: ada.sees_typing)
    webhook.world.engine.gates[0].set_result(None)
    await webhook.settle()
    assert ada.texts == ["echo 1: hello"]


async def test_long_answers_come_in_order_and_in_parts(webhook: Line) -> None:
    ada = new_customer(webhook)
    text = "Where is it? " * 300
    await ada.write(text.strip())
    await webhook.settle()
    assert len(ada.seen) == 1 + (len("echo 1: " + text) > 4_096)
    assert "".join("".join(ada.texts).split()) == "".join(f"echo 1: {text}".split())


# --- links


async def test_a_link_joins_the_chat_to_a_customer(webhook: Line) -> None:
    ada = new_customer(webhook)
    token = await webhook.world.links.make(ADA_OF_THE_SHOP)
    await ada.start(token)
    await webhook.settle()
    customer = await known(webhook, ada)
    assert (customer.directory_ref, customer.trust) == ("C1", Trust.VERIFIED)
    assert token not in repr(await webhook.messages())
    assert ada.texts == ["echo 1: /greet"]
    await ada.start(token)  # apps send it once for each press
    await webhook.settle()
    assert (await known(webhook, ada)).directory_ref == "C1"


async def test_a_link_is_good_for_one_chat(webhook: Line) -> None:
    ada, eve = new_customer(webhook), new_customer(webhook, "Eve")
    token = await webhook.world.links.make(ADA_OF_THE_SHOP)
    await ada.start(token)
    await eve.start(token)
    await eve.start("not-a-token")
    await webhook.settle()
    assert (await known(webhook, eve)).directory_ref == ""
    assert len(eve.texts) == 2  # greeted all the same


async def test_a_link_of_another_customer_changes_nothing_and_holds_nobody_up(line: Line) -> None:
    ada = new_customer(line)
    await ada.start(await line.world.links.make(ADA_OF_THE_SHOP))
    await line.settle()
    other = IdentityClaim(trust="verified", directory_ref="C2", name="Bea")
    said = await ada.start(await line.world.links.make(other))
    await ada.write("still there?")
    await line.settle()
    assert (await known(line, ada)).directory_ref == "C1"
    assert ada.texts[-1].endswith("still there?")
    assert set(said.statuses) <= {200}
    assert line.metrics.counted["ignored", "telegram", "link_of_another"] == 1


async def link(line: Line, token: str, path: str = "/link") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(line.url + path, json={"identity": token})


def signed(line: Line, claim: IdentityClaim = ADA_OF_THE_SHOP, secret: str = IDENTITY) -> str:
    return identity.sign(claim, secret=secret, now=line.clock.now())


async def test_the_companys_site_gets_links(webhook: Line) -> None:
    answer = await link(webhook, signed(webhook))
    assert answer.status_code == 200
    url = answer.json()["url"]
    assert url.startswith(f"https://t.me/{USERNAME}?start=")
    assert answer.json()["expires_in"] == 900
    ada = new_customer(webhook)
    await ada.start(url.partition("=")[2])
    await webhook.settle()
    assert (await known(webhook, ada)).directory_ref == "C1"
    assert (await link(webhook, signed(webhook, secret="x" * 40))).status_code == 401
    assert (await link(webhook, "nonsense")).status_code == 401
    assert (await link(webhook, signed(webhook), "/nobody/link")).status_code == 404
    for _ in range(19):
        await webhook.world.bus.allow("telegram:link:C1", limit=20, window=900)
    assert (await link(webhook, signed(webhook))).status_code == 429


async def test_no_link_while_telegram_is_away(webhook: Line) -> None:
    await webhook.fake.stop()
    answer = await link(webhook, signed(webhook))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "telegram_away")
