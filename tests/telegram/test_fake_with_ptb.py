"""python-telegram-bot, which knows the real platform, gets on with the fake: calls, answers, errors, updates."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

from tests.fake_telegram import TOKEN, Broken, Customer, FakeTelegram, Lose
from tests.fake_telegram.listener import Listener
from tests.support.clock import FakeClock
from tests.telegram.fakes import PNG


def new_bot(fake: FakeTelegram, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{fake.url}/bot", base_file_url=f"{fake.url}/file/bot")


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    async with new_bot(fake) as running:
        yield running


@pytest.fixture
def no_pace(fake: FakeTelegram) -> None:
    fake.bot.pace.limits = fake.limits.none()


async def test_everything_that_is_sent(bot: Bot, fake: FakeTelegram, ada: Customer, no_pace: None) -> None:
    chat = ada.chat.id
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="p:1")]])
    sent = await bot.send_message(chat, "<b>Sure?</b>", parse_mode="HTML", reply_markup=markup)
    assert sent.text == "Sure?"
    assert sent.text_html == "<b>Sure?</b>"
    assert sent.date == fake.clock.now()
    edited = await bot.edit_message_reply_markup(chat, sent.message_id)
    assert not isinstance(edited, bool)
    assert edited.reply_markup is None
    changed = await bot.edit_message_text("Surely?", chat, sent.message_id)
    assert not isinstance(changed, bool)
    assert changed.text == "Surely?"
    assert (await bot.send_photo(chat, PNG, caption="Look")).photo[-1].width == 40
    document = (await bot.send_document(chat, b"%PDF", filename="a.pdf")).document
    assert document is not None
    assert (document.file_name, document.mime_type, document.file_size) == ("a.pdf", "application/pdf", 4)
    assert (await bot.send_voice(chat, b"OggS")).voice is not None
    assert (await bot.send_video(chat, b"film")).video is not None
    assert (await bot.send_audio(chat, b"song")).audio is not None
    place = (await bot.send_location(chat, 1.5, 2.5)).location
    assert place is not None
    assert place.latitude == 1.5
    assert await bot.send_chat_action(chat, "typing") is True
    assert await bot.delete_message(chat, sent.message_id) is True
    assert fake.violations == []
    assert [shown.kind for shown in ada.seen] == [
        *("text", "photo", "document", "voice", "video", "audio", "location"),
    ]


async def test_errors_are_of_the_right_kind(bot: Bot, fake: FakeTelegram, ada: Customer) -> None:
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(ada.chat.id, "x" * 4097)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(1, "x")
    with pytest.raises(Forbidden, match="can't initiate"):
        await bot.send_message(fake.customer().chat.id, "x")
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("17")
    for _ in range(5):
        await bot.send_message(ada.chat.id, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RetryAfter) as flooded:
            await bot.send_message(ada.chat.id, "x")
        assert int(flooded.value.retry_after) == 1  # type: ignore[arg-type]
    fake.faults.plan(Broken(status=502), Lose(), on="send")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(ada.chat.id, "x")
    with pytest.raises(NetworkError):
        await bot.send_message(ada.chat.id, "x")
    wrong = new_bot(fake, TOKEN + "x")
    with pytest.raises(InvalidToken):
        await wrong.initialize()
    await wrong.shutdown()


async def test_groups_move(bot: Bot, fake: FakeTelegram, ada: Customer) -> None:
    group = ada.into(fake.group(supergroup=False))
    await group.invite_bot()
    new = await group.upgrade_group()
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.chat.id, "x")
    assert moved.value.new_chat_id == new.id
    assert await bot.leave_chat(new.id) is True


async def test_files_come_back_as_they_were(bot: Bot, ada: Customer) -> None:
    await ada.document(b"0123456789", "ten.txt", mime="text/plain")
    (update,) = await bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"0123456789"


async def test_all_updates_are_understood(
    bot: Bot, fake: FakeTelegram, ada: Customer, no_pace: None
) -> None:
    ada.bot.updates.choose(
        ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
    )
    said = await ada.write("hello")
    await ada.start("x")
    await ada.edit(said, "hello!")
    await ada.photo(PNG, "look")
    await ada.album([PNG, PNG])
    for data in (ada.voice, ada.video, ada.audio, ada.document):
        await data(b"data")
    await ada.sticker()
    await ada.location(1.5, 2.5, title="Home", address="Street 1")
    await ada.contact()
    await ada.poll()
    await bot.send_message(
        ada.chat.id,
        "Well?",
        reply_markup=InlineKeyboardMarkup.from_button(InlineKeyboardButton("Y", callback_data="x")),
    )
    await ada.press()
    await ada.press(old=True)
    await ada.write("this", quote=ada.seen[0].id)
    await ada.react("👍", to=said)
    await ada.block()
    await ada.unblock()
    group = ada.into(fake.group())
    await group.invite_bot()
    updates = await bot.get_updates(timeout=0)
    for raw, update in zip(ada.bot.updates.all, updates, strict=True):
        assert update.update_id == raw.id
        kind = raw.kind
        assert getattr(update, kind) is not None, kind
        # Empty lists are left out there; everything else that is told is known.
        told = {name for name, value in raw.content.items() if value != []}
        unknown = told - set(update.to_dict()[kind])
        assert not unknown, (kind, unknown)
    assert len(updates) == 22


async def test_updates_by_webhook(bot: Bot, fake: FakeTelegram, ada: Customer) -> None:
    listener = Listener("s3cret")
    await listener.start()
    assert await bot.set_webhook(listener.url, secret_token="s3cret", allowed_updates=["message"])
    assert (await bot.get_webhook_info()).allowed_updates == ("message",)
    with pytest.raises(Conflict):
        await bot.get_updates(timeout=0)
    await ada.contact()
    update = Update.de_json(listener.bodies[0], bot)
    assert update.message is not None
    assert update.message.contact is not None
    assert update.message.contact.user_id == ada.user.id
    assert await bot.delete_webhook()
    await listener.stop()


async def test_two_pollers(bot: Bot, fake: FakeTelegram) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.05)
    async with new_bot(fake) as another:
        assert await another.get_updates(timeout=0) == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates"):
        await waiting


async def test_asking_for_a_phone(bot: Bot, ada: Customer, fake_clock: FakeClock) -> None:
    keys = ReplyKeyboardMarkup(
        [[KeyboardButton("Share my number", request_contact=True)]], one_time_keyboard=True
    )
    await bot.send_message(ada.chat.id, "Your number?", reply_markup=keys)
    assert ada.seen[0].keys == ["Share my number"]
    await ada.contact()
    assert ada.said[-1].kind == "contact"
