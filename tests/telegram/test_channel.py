"""Sending and fetching against the strict platform: what is tried again, what never, in which words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot import logs
from bot.domain.errors import DeliveryFailed, FetchFailed, StoreError, TooLarge, UnknownFile
from bot.domain.message import Attachment
from bot.ports import Sending
from connectors.channels.telegram.errors import BAD_REQUEST, FORBIDDEN, Action, rule_of
from tests.fake_telegram import Broken, Customer, Drop, FakeTelegram, Flood, Held, Lose, Refuse
from tests.fake_telegram.limits import Limits
from tests.support.clock import FakeClock
from tests.support.small_files import PDF, PIXEL, VOICE
from tests.telegram.kit import message
from tests.telegram.shop import Shop, a_shop

REMOTE = Attachment(kind="file", url="remote:x", name="a.pdf", mime="application/pdf")


@pytest.fixture
async def shop(fake: FakeTelegram, fake_clock: FakeClock) -> AsyncIterator[Shop]:
    async with a_shop(fake, fake_clock) as shop:
        yield shop


def here(customer: Customer) -> str:
    return str(customer.chat.id)


async def failure(shop: Shop, customer: Customer, text: str = "Hello") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as told:
        await shop.send(message(text), here(customer))
    assert shop.account.token.reveal() not in f"{told.value} {told.value.fields}"
    assert text not in str(told.value)
    return told.value


async def test_a_text_arrives_as_it_is(shop: Shop, ada: Customer) -> None:
    sent = await shop.send(message("1 < 2 & *3*\n<b>no</b>", ("Yes", "No")), here(ada))
    (shown,) = ada.seen
    assert (shown.text, shown.buttons) == ("1 < 2 & *3*\n<b>no</b>", ["Yes", "No"])
    assert (sent.external_id, sent.more) == (f"{ada.chat.id}:{shown.id}", False)
    assert not shop.fake.violations


async def test_parts_follow_each_other(shop: Shop, ada: Customer) -> None:
    long = message("A sentence of some length. " * 400, ("Yes",))
    parts, more = 0, True
    while more:
        shop.clock.move(1)
        more = (await shop.send(long, here(ada), part=parts)).more
        parts += 1
    assert parts == len(ada.texts) == 3
    assert "".join("".join(ada.texts).split()) == "".join(long.text.split())
    assert [bool(shown.buttons) for shown in ada.seen] == [False, False, True]
    with pytest.raises(DeliveryFailed, match="nothing in this message"):
        await shop.send(long, here(ada), part=3)


@pytest.mark.parametrize(
    ("fault", "retryable", "unknown"),
    [
        (Drop(), False, True),
        (Lose(), False, True),
        (Broken(status=500), True, False),
        (Broken(status=502), True, False),
        (Broken(status=504), False, True),
        (Refuse(500), True, False),
        (Refuse(401), True, False),
        (Refuse(404), True, False),
        (Refuse(403, "bot was blocked by the user"), False, False),
        (Refuse(403, "user is deactivated"), False, False),
        (Refuse(403, "bot can't initiate conversation with a user"), False, False),
        (Refuse(403, "something new"), False, False),
        (Refuse(400, "chat not found"), False, False),
        (Refuse(400, "message is too long"), False, False),
        (Refuse(400, "something new"), False, False),
        (Refuse(413), False, False),
    ],
)
async def test_only_what_telegram_certainly_does_not_have_is_sent_again(
    shop: Shop, ada: Customer, fault: object, retryable: bool, unknown: bool
) -> None:
    shop.fake.faults.plan(fault, on="sendmessage")  # type: ignore[arg-type]
    told = await failure(shop, ada)
    assert (told.retryable, told.outcome_unknown) == (retryable, unknown)
    assert told.message.endswith(".")


async def test_a_platform_that_is_not_there_may_be_asked_again(fake_clock: FakeClock) -> None:
    async with FakeTelegram(clock=fake_clock) as fake:
        ada = fake.customer()
        async with a_shop(fake, fake_clock) as shop:
            await fake.stop()
            told = await failure(shop, ada)
    assert (told.retryable, told.outcome_unknown) == (True, False)
    assert told.message == "Telegram could not be reached."


async def test_silence_means_that_nobody_knows(
    shop: Shop, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TimedOut is a kind of NetworkError: who takes it for one sends twice."""
    client = shop.channel.clients["default"]._calls._client
    monkeypatch.setattr(client, "timeout", type(client.timeout)(0.05))
    shop.fake.faults.plan(Held(held := asyncio.Event()), on="sendmessage")
    told = await failure(shop, ada)
    held.set()
    assert (told.retryable, told.outcome_unknown) == (False, True)
    assert len(ada.seen) == 1


async def test_an_unknown_bot_or_address_is_said(shop: Shop) -> None:
    for account, address in (("nobody", "1"), ("default", "Ada")):
        sending = Sending(message=message("x"), account=account, address=address)
        with pytest.raises(DeliveryFailed, match="not connected any more"):
            await shop.channel.send(sending)


async def test_html_that_is_refused_goes_as_plain_text(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Hello you", custom={"html": "Hello <b>you</b>"}), here(ada))
    await shop.send(message("Hello you", custom={"html": "Hello <blink>you"}), here(ada))
    assert [(s.text, bool(s.entities)) for s in ada.seen] == [("Hello you", True), ("Hello you", False)]


async def test_buttons_that_telegram_does_not_take_are_words(shop: Shop, ada: Customer) -> None:
    titles = tuple("漢" * 60 + str(n) for n in range(60))
    await shop.send(message("Which?", titles), here(ada))
    (shown,) = ada.seen
    assert (shown.buttons, shown.text.count("\n• ")) == ([], 60)
    shop.fake.faults.plan(Refuse(400, "BUTTON_DATA_INVALID"), on="sendmessage")
    await shop.send(message("Sure?", ("Yes",)), here(ada))
    assert ada.texts[-1] == "Sure?\n\n• Yes"


async def test_a_key_for_the_contact_card(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Who are you?", custom={"ask_contact": "Share my number"}), here(ada))
    (shown,) = ada.seen
    assert shown.keys == ["Share my number"]
    assert shown.markup
    assert shown.markup["keyboard"][0][0]["request_contact"] is True
    assert shown.markup["one_time_keyboard"] is True
    assert not shop.fake.violations


# --- the pace


async def test_retry_after_holds_one_chat_only(shop: Shop, ada: Customer, fake_clock: FakeClock) -> None:
    bea = shop.fake.customer(name="Bea")
    bea.chat.started = True
    shop.fake.faults.plan(Flood(30), on="sendmessage")
    told = await failure(shop, ada)
    assert (told.retryable, told.retry_after) == (True, 30.0)
    waiting = asyncio.create_task(shop.send(message("again"), here(ada)))
    await asyncio.wait_for(shop.send(message("to Bea"), here(bea)), 5)
    await fake_clock.advance(29.0)
    assert not waiting.done()
    await fake_clock.advance(1.5)
    await asyncio.wait_for(waiting, 5)
    assert (ada.texts, bea.texts) == (["again"], ["to Bea"])


async def test_a_chat_gets_one_a_second_after_a_burst(fake_clock: FakeClock) -> None:
    async with (
        FakeTelegram(clock=fake_clock, limits=Limits(chat_burst=4)) as fake,
        a_shop(fake, fake_clock) as shop,
    ):
        ada = fake.customer()
        ada.chat.started = True
        sends = [asyncio.create_task(shop.send(message(f"{n}"), here(ada))) for n in range(12)]
        for _ in range(200):
            await fake_clock.advance(0.1)
            await asyncio.sleep(0.002)
        await asyncio.gather(*sends)
        assert ada.texts == [str(n) for n in range(12)]
        assert not shop.outcomes("text").get("RetryAfter")
        assert (ada.seen[-1].at - ada.seen[0].at).total_seconds() >= 8


async def test_the_bot_as_a_whole_stays_below_thirty_a_second(fake_clock: FakeClock) -> None:
    async with FakeTelegram(clock=fake_clock) as fake, a_shop(fake, fake_clock) as shop:
        people = [fake.customer(name=f"P{n}") for n in range(80)]
        for person in people:
            person.chat.started = True
        sends = [asyncio.create_task(shop.send(message("x"), here(person))) for person in people]
        for _ in range(80):
            await fake_clock.advance(0.05)
            await asyncio.sleep(0.01)
        await asyncio.wait_for(asyncio.gather(*sends, return_exceptions=True), 10)
        assert shop.outcomes("text") == {"ok": 80}


# --- files that go out


@pytest.mark.parametrize(
    ("data", "mime", "kind"),
    [
        (PIXEL, "image/png", "photo"),
        (VOICE, "audio/ogg", "voice"),
        (PDF, "application/pdf", "document"),
        (b"ID3" + bytes(50), "audio/mpeg", "audio"),
        (bytes(50), "video/mp4", "video"),
        (b"GIF89a" + bytes(50), "image/gif", "document"),
    ],
)
async def test_files_go_as_what_they_are(
    shop: Shop, ada: Customer, data: bytes, mime: str, kind: str
) -> None:
    file = shop.files.put(data, mime=mime, name="Rechnung für Ada.bin")
    await shop.send(message("Here", attachments=(file,)), here(ada))
    (shown,) = ada.seen
    assert shown.file
    assert (shown.kind, shown.text, shown.file.data) == (kind, "Here", data)
    assert shown.file.name == "Rechnung für Ada.bin"
    assert not shop.fake.violations


async def test_a_photo_that_telegram_does_not_take_goes_as_a_document(shop: Shop, ada: Customer) -> None:
    file = shop.files.put(b"no picture at all", mime="image/png", kind="image")
    await shop.send(message("Here", attachments=(file,)), here(ada))
    assert [(s.kind, s.text) for s in ada.seen] == [("document", "Here")]


async def test_a_picture_elsewhere_that_telegram_cannot_fetch_is_named(shop: Shop, ada: Customer) -> None:
    file = Attachment(kind="image", url="https://shop.example.com/a.jpg")
    await shop.send(message("Look", attachments=(file,)), here(ada))
    assert ada.texts == ["Look\nhttps://shop.example.com/a.jpg"]


async def test_files_that_cannot_be_sent_are_said(shop: Shop, ada: Customer) -> None:
    huge = shop.files.put(b"x", mime="application/pdf", size=50_000_001)
    gone = Attachment(kind="file", url="media:99", name="a", mime="application/pdf", size=1)
    for file, words in ((huge, "too large for Telegram"), (gone, "not there any more")):
        with pytest.raises(DeliveryFailed, match=words) as told:
            await shop.send(message("", attachments=(file,)), here(ada))
        assert not told.value.retryable
    shop.files.fail.append(StoreError())
    with pytest.raises(DeliveryFailed, match="could not be read") as told:
        await shop.send(message("", attachments=(huge,)), here(ada))
    assert told.value.retryable
    assert ada.seen == []


# --- files that come in


async def given(ada: Customer, data: bytes = PDF, **more: int) -> Attachment:
    ada.bot.updates.choose([])
    said = await ada.document(data, **more)  # type: ignore[arg-type]
    assert said.update
    document = said.update.content["document"]
    size = document["file_size"] if more.get("size") else None
    return Attachment(kind="file", url=f"remote:{document['file_id']}", name="a.pdf", size=size)


async def test_a_file_is_fetched(shop: Shop, ada: Customer) -> None:
    assert await shop.fetch(await given(ada)) == PDF


async def test_what_is_too_big_is_not_read(
    fake: FakeTelegram, ada: Customer, fake_clock: FakeClock
) -> None:
    async with a_shop(fake, fake_clock, max_file=100_000_000) as shop:
        for size in (20_000_001, 25_000_000):
            with pytest.raises(TooLarge, match="at most 20 MB"):
                await shop.fetch(await given(ada, size=size))
        assert not fake.sent("getFile")
        big = await given(ada)
        fake.faults.plan(Refuse(400, "file is too big"), on="getfile")
        with pytest.raises(TooLarge, match="at most 20 MB"):
            await shop.fetch(big)
    async with a_shop(fake, fake_clock, max_file=10) as small:
        # The message does not say how big it is, getFile does.
        with pytest.raises(TooLarge):
            await small.fetch(await given(ada))
        assert small.outcomes("file") == {}


@pytest.mark.parametrize(
    ("fault", "on", "error"),
    [
        (Refuse(400, "wrong file_id or the file is temporarily unavailable"), "getfile", FetchFailed),
        (Refuse(400, "invalid file_id"), "getfile", UnknownFile),
        (Refuse(400, "wrong remote file identifier specified"), "getfile", UnknownFile),
        (Refuse(401), "getfile", FetchFailed),
        (Flood(3), "getfile", FetchFailed),
        (Broken(status=502), "getfile", FetchFailed),
        (Lose(), "getfile", FetchFailed),
        (Drop(), "file", FetchFailed),
        (Broken(status=500), "file", FetchFailed),
    ],
)
async def test_what_cannot_be_fetched(
    shop: Shop, ada: Customer, fault: object, on: str, error: type[Exception]
) -> None:
    file = await given(ada)
    shop.fake.faults.plan(fault, on=on)  # type: ignore[arg-type]
    with pytest.raises(error):
        await shop.fetch(file)
    assert await shop.fetch(file) == PDF


async def test_files_of_nobody(shop: Shop) -> None:
    with pytest.raises(UnknownFile):
        await shop.fetch(REMOTE)
    with pytest.raises(UnknownFile):
        await shop.fetch(Attachment(kind="file", url="media:1"))
    with pytest.raises(UnknownFile):
        _ = [part async for part in shop.channel.fetch(REMOTE, account="nobody")]


# --- typing, alarms, logs


async def test_typing_never_fails(shop: Shop, ada: Customer) -> None:
    await shop.channel.typing(account="default", address=here(ada), message_id="1:2")
    assert ada.sees_typing
    for fault in (Refuse(403, "bot was blocked by the user"), Lose(), Flood(9)):
        shop.fake.faults.plan(fault, on="sendchataction")
        await shop.channel.typing(account="default", address=here(ada))
    await shop.channel.typing(account="nobody", address="1")
    await shop.channel.typing(account="default", address="Ada")
    await shop.channel.seen(account="default", address=here(ada), message_id="1:2")


async def test_a_wrong_token_is_one_alarm_until_it_works(shop: Shop, ada: Customer) -> None:
    shop.fake.faults.plan(Refuse(401), Refuse(401), on="sendmessage")
    await failure(shop, ada)
    await failure(shop, ada)
    assert shop.alarms == 1
    await shop.send(message("works"), here(ada))
    assert shop.alarms == 0


async def test_no_log_has_the_token_or_the_words(
    shop: Shop, ada: Customer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logs.configure("debug", "console")
    try:
        await shop.send(message("secret words"), here(ada))
        for fault in (Refuse(401), Refuse(400, "chat not found"), Broken(status=502), Lose(), Flood(2)):
            shop.fake.faults.plan(fault, on="sendmessage")
            await failure(shop, ada, "secret words")
            shop.clock.move(60)
        await shop.fetch(await given(ada))
    finally:
        shown = capsys.readouterr().err
        with capsys.disabled():
            logs.configure("error", "console")
    assert "telegram_needs_attention" in shown
    assert shop.account.token.reveal() not in shown
    assert "secret words" not in shown


def test_every_rule_has_words_for_agents() -> None:
    for rules in (FORBIDDEN, BAD_REQUEST):
        for part, rule in rules:
            assert part == part.lower()
            assert rule.words.endswith(".")
            assert bool(rule.advice) == (rule.action is Action.ALARM)
            assert rule_of(f"Bad Request: {part.upper()} 5", rules) is rule
    assert (
        rule_of('Bad Request: can\'t parse entities: tag "chat not found"', BAD_REQUEST).action
        is Action.BUG
    )
