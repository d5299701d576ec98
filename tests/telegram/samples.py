"""One update of everything that the fake knows, and of what it does not do by itself."""

from __future__ import annotations

from typing import Any

from tests.fake_telegram import Customer, FakeTelegram, Limits
from tests.fake_telegram.params import Params
from tests.fake_telegram.writing import send_message
from tests.support.clock import FakeClock
from tests.support.small_files import PDF, PIXEL, VOICE

ALL = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
BUTTONS = {"inline_keyboard": [[{"text": "Yes", "callback_data": "~2.0"}]]}


async def samples() -> list[dict[str, Any]]:
    """Return the bodies, as the platform would send them."""
    async with FakeTelegram(clock=FakeClock(), limits=Limits.none()) as fake:
        fake.bot.updates.choose(ALL)
        await everything(fake, fake.customer(name="Ada", last_name="Test", username="ada"))
        await everything(fake, fake.customer(name="Ben", language="pt-BR"))
        bodies = [update.body for update in fake.bot.updates.all]
    return bodies + [{"update_id": 7_000 + number, **one} for number, one in enumerate(others())]


async def everything(fake: FakeTelegram, ada: Customer) -> None:
    """Do everything that there is to do."""
    said = await ada.write("hello")
    await ada.start()
    await ada.start("AbCdEfGhIjKlMnOpQrStUv")
    await ada.write("to that", quote=said.id)
    await ada.edit(said, "hello!")
    await ada.photo(PIXEL, "look")
    await ada.document(PDF)
    await ada.voice(VOICE)
    await ada.video(b"film", "see")
    await ada.audio(b"song")
    await ada.sticker()
    await ada.album([PIXEL, PIXEL], "both")
    await ada.location(52.5, 13.4)
    await ada.location(52.5, 13.4, title="Shop", address="Street 1")
    await ada.contact()
    await ada.contact("4915112", own=False, name="Cleo")
    await ada.poll()
    await send_message(
        fake.bot, Params(values={"chat_id": ada.chat.id, "text": "Sure?", "reply_markup": BUTTONS})
    )
    await ada.write("about this", quote=ada.seen[0].id)
    await ada.press()
    await ada.press(old=True)
    await ada.react("👍")
    await ada.react("")
    await ada.block()
    await ada.unblock()
    group = ada.into(fake.group())
    await group.invite_bot()
    await group.write("/start@baton_test_bot")
    await group.kick_bot()


def others() -> list[dict[str, Any]]:
    """Return updates of kinds that nobody here makes: the platform has them all the same."""
    person = {"id": 5, "is_bot": False, "first_name": "Dan"}
    chat = {"id": 5, "type": "private", "first_name": "Dan"}
    channel = {"id": -1001, "type": "channel", "title": "News"}
    message = {"message_id": 3, "from": person, "chat": chat, "date": 1_772_452_800}
    file = {"file_id": "F1", "file_unique_id": "U1", "file_size": 10}
    live = {"latitude": 1.5, "longitude": 2.5, "live_period": 600}
    return [
        {"message": message | {"video_note": {**file, "duration": 2, "length": 240}}},
        {
            "message": message
            | {"animation": {**file, "duration": 2, "width": 1, "height": 1}, "document": file}
        },
        {"message": message | {"dice": {"emoji": "🎲", "value": 4}}},
        {"message": message | {"pinned_message": message | {"text": "pinned"}}},
        {"message": message | {"text": "passed on", "forward_origin": {"type": "hidden_user", "date": 1}}},
        {"message": message | {"story": {"id": 1, "chat": chat}}},
        {"message": message | {"location": live}},
        {"edited_message": message | {"location": live, "edit_date": 1_772_452_900}},
        {
            "edited_message": message
            | {"caption": "better words", "photo": [file], "edit_date": 1_772_452_900}
        },
        {"channel_post": {"message_id": 1, "chat": channel, "date": 1_772_452_800, "text": "News"}},
        {"inline_query": {"id": "1", "from": person, "query": "x", "offset": ""}},
        {"poll": {"id": "1", "question": "?", "options": []}},
        {"pre_checkout_query": {"id": "1", "from": person, "currency": "EUR", "total_amount": 1}},
        {"business_message": message | {"business_connection_id": "b1", "text": "for the business"}},
        {"something_of_next_year": {"id": 1}},
        {
            "message_reaction": {
                "chat": chat,
                "message_id": 3,
                "user": person,
                "date": 1_772_452_800,
                "old_reaction": [],
                "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": "1"}],
            }
        },
        {},
    ]
