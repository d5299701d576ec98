"""What people do on the fake Telegram looks like the platform's own updates."""

from __future__ import annotations

import re
from typing import Any

from tests.fake_telegram import Customer, FakeTelegram
from tests.fake_telegram.listener import Listener
from tests.telegram.fakes import PNG, Api


async def polled(api: Api, **values: Any) -> list[int]:
    return [update["update_id"] for update in (await api("getUpdates", **values)).result]


async def test_messages_look_like_the_platforms_own(listener: Listener, fake: FakeTelegram) -> None:
    ada = fake.customer(77, "Ada", last_name="Test", username="ada")
    await ada.start("abc-123")
    (body,) = listener.bodies
    assert re.fullmatch(r"\d+", str(body["update_id"]))
    assert body["message"] == {
        "message_id": 100,
        "from": {
            "id": 77,
            "is_bot": False,
            "first_name": "Ada",
            "last_name": "Test",
            "username": "ada",
            "language_code": "en",
        },
        "chat": {"id": 77, "first_name": "Ada", "last_name": "Test", "username": "ada", "type": "private"},
        "date": int(fake.clock.now().timestamp()),
        "text": "/start abc-123",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }


async def test_every_kind_of_message(listener: Listener, ada: Customer) -> None:
    await ada.photo(PNG, "look")
    await ada.document(PNG, size=5)
    await ada.voice(b"OggS")
    await ada.video(b"film")
    await ada.audio(b"song")
    await ada.sticker()
    await ada.location(1.5, 2.5)
    await ada.location(1.5, 2.5, title="Home", address="Street 1")
    await ada.contact()
    await ada.contact("+4930", own=False, name="Ben")
    await ada.poll()
    messages = [body["message"] for body in listener.bodies]
    photo = messages[0]["photo"]
    assert (photo[-1]["width"], photo[-1]["height"], photo[-1]["file_size"]) == (40, 30, len(PNG))
    assert messages[0]["caption"] == "look"
    kinds = ["photo", "document", "voice", "video", "audio", "sticker", "location", "venue", "contact"]
    assert [
        next(k for k in (*kinds, "poll") if k in m and (k != "location" or "venue" not in m))
        for m in messages
    ] == [
        *kinds,
        "contact",
        "poll",
    ]
    assert messages[8]["contact"]["user_id"] == ada.user.id
    assert "user_id" not in messages[9]["contact"]


async def test_albums_edits_quotes_and_presses(listener: Listener, ada: Customer, api: Api) -> None:
    album = await ada.album([PNG, PNG, PNG], "three")
    messages = [body["message"] for body in listener.bodies]
    assert len({m["media_group_id"] for m in messages}) == 1
    assert [m.get("caption") for m in messages] == ["three", None, None]
    assert [m["message_id"] for m in messages] == [said.id for said in album]
    said = await ada.write("helo")
    await ada.edit(said, "hello")
    edited = listener.bodies[-1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (said.id, "hello")
    assert edited["edit_date"] >= edited["date"]
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "p:1"}]]}
    sent = (await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=buttons)).result
    await ada.write("this", quote=sent["message_id"])
    assert listener.bodies[-1]["message"]["reply_to_message"]["text"] == "Well?"
    await ada.press()
    pressed = listener.bodies[-1]["callback_query"]
    assert (pressed["data"], pressed["from"]["id"]) == ("p:1", ada.user.id)
    assert pressed["message"]["reply_markup"] == buttons
    assert pressed["message"]["from"]["is_bot"] is True
    await ada.press(old=True)
    inaccessible = listener.bodies[-1]["callback_query"]["message"]
    assert (inaccessible["date"], set(inaccessible)) == (0, {"date", "message_id", "chat"})


async def test_blocking_is_told(listener: Listener, ada: Customer) -> None:
    await ada.block()
    await ada.unblock()
    told = [body["my_chat_member"] for body in listener.bodies]
    assert [(t["old_chat_member"]["status"], t["new_chat_member"]["status"]) for t in told] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]
    assert told[0]["new_chat_member"]["user"]["is_bot"] is True


async def test_in_groups_a_bot_hears_commands_and_answers_only(
    listener: Listener, fake: FakeTelegram, ada: Customer, api: Api
) -> None:
    group = ada.into(fake.group())
    await group.invite_bot()
    await group.write("just talking")
    await group.write("/start@baton_test_bot")
    sent = (await api("sendMessage", chat_id=group.chat.id, text="Write to me alone.")).result
    await group.write("why?", quote=sent["message_id"])
    assert listener.kinds == ["my_chat_member", "message", "message", "message"]
    assert listener.texts == ["", "/start@baton_test_bot", "why?"]
    assert listener.bodies[-1]["message"]["chat"]["type"] == "supergroup"
    await api("leaveChat", chat_id=group.chat.id)
    await fake.settle()
    assert listener.bodies[-1]["my_chat_member"]["new_chat_member"]["status"] == "left"
    assert (await group.write("/start@baton_test_bot")).update is None


async def test_two_bots_know_nothing_of_each_other(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    second = fake.new_bot("700000002:another-token", "second_bot")
    same = fake.customer(ada.user.id, "Ada", bot=second)
    await same.write("to the second")
    assert await polled(api) == []
    other = Api(api.client, second.token)
    assert len(await polled(other)) == 1
    assert (await other("sendMessage", chat_id=same.chat.id, text="hello")).status == 200
    assert (same.texts, ada.texts) == (["hello"], [])
