"""The fake Telegram refuses what the platform refuses, in its words, and takes what it takes."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import httpx
import pytest

from tests.fake_telegram import TOKEN, Broken, Customer, Drop, FakeTelegram, Flood, Limits, Lose, Refuse
from tests.support.clock import FakeClock
from tests.telegram.fakes import Api, answer

MB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 40, 30) + bytes(9)


def button(data: str = "x", text: str = "Yes") -> dict[str, str]:
    return {"text": text, "callback_data": data}


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


# --- who calls, and how --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"/bot{TOKEN}x/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 404, "Not Found"),
        ("/getMe", 404, "Not Found"),
        (f"/bot{TOKEN}/sendStuff", 404, "Not Found: method not found"),
        (f"/file/bot{TOKEN}/photos/file_1.jpg", 404, "Not Found"),
        (f"/file/bot{TOKEN}x/photos/file_1.jpg", 401, "Unauthorized"),
    ],
)
async def test_bad_tokens_and_paths(api: Api, path: str, status: int, words: str) -> None:
    said = answer(await api.client.get(path))
    assert (said.status, said.error) == (status, words)


async def test_arguments_come_in_every_way(api: Api, ada: Customer) -> None:
    url, values = f"/bot{TOKEN}/sendMessage", {"chat_id": str(ada.chat.id), "text": "Grüße & 😀"}
    assert answer(await api.client.get(url, params=values)).result["text"] == "Grüße & 😀"
    assert answer(await api.client.post(url, data=values)).result["text"] == "Grüße & 😀"
    assert answer(await api.client.post(url, json=values)).result["text"] == "Grüße & 😀"
    form = {name: (None, value) for name, value in values.items()}
    assert answer(await api.client.post(url, files=form)).result["text"] == "Grüße & 😀"
    assert answer(await api.client.post(url.lower().replace(TOKEN.lower(), TOKEN), json=values)).result
    assert ada.texts == ["Grüße & 😀"] * 5
    broken = await api.client.post(url, content=b"{", headers={"content-type": "application/json"})
    assert answer(broken).error.startswith("Bad Request: can't parse JSON")


async def test_a_bot_knows_itself(api: Api) -> None:
    me = (await api("getMe")).result
    assert (me["id"], me["is_bot"]) == (int(TOKEN.partition(":")[0]), True)
    assert me["can_read_all_group_messages"] is False


# --- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 4096, True),
        ("x" * 4097, False),
        ("😀" * 2048, True),  # two UTF-16 units each
        ("😀" * 2048 + "x", False),
        ("  " + "x" * 4096 + "\n", True),  # white space at the ends is cut off first
    ],
)
async def test_a_text_has_4096_units(api: Api, ada: Customer, text: str, fits: bool) -> None:
    said = await api("sendMessage", chat_id=ada.chat.id, text=text)
    if fits:
        assert said.result["text"] == text.strip()
    else:
        assert said.error == "Bad Request: message is too long"
        assert ada.seen == []
        assert ada.bot.fake.violations == ["sendmessage: Bad Request: message is too long"]


async def test_marks_do_not_count(api: Api, ada: Customer) -> None:
    text = "<b>" + "&lt;" * 4096 + "</b>"
    sent = (await api("sendMessage", chat_id=ada.chat.id, text=text, parse_mode="HTML")).result
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 4096}]
    text = "<b>" + "x" * 4097 + "</b>"
    assert (await api("sendMessage", chat_id=ada.chat.id, text=text, parse_mode="HTML")).status == 400


@pytest.mark.parametrize("text", ["", " \n\t ", None])
async def test_an_empty_text_is_refused(api: Api, ada: Customer, text: str | None) -> None:
    said = await api("sendMessage", chat_id=ada.chat.id, text=text)
    assert said.error == "Bad Request: message text is empty"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a <br> b", 'Unsupported start tag "br" at byte offset 2'),
        ("é <p>b</p>", 'Unsupported start tag "p" at byte offset 3'),
        ("<b>bold", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<span class="red">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("1 < 2 > 1", 'Unsupported start tag "" at byte offset 2'),
    ],
)
async def test_bad_html_is_refused_with_the_platforms_words(
    api: Api, ada: Customer, source: str, words: str
) -> None:
    said = await api("sendMessage", chat_id=ada.chat.id, text=source, parse_mode="HTML")
    assert said.error == f"Bad Request: can't parse entities: {words}"
    # The same is a text like any other without parse_mode.
    assert (await api("sendMessage", chat_id=ada.chat.id, text=source)).result["text"] == source


async def test_good_html_becomes_entities(api: Api, ada: Customer) -> None:
    source = ' 😀 <b>bold <i>both</i></b> <a href="https://example.com/?a=1&amp;b=2">link</a> &lt;&#65;&amp;&nbsp;'
    sent = (await api("sendMessage", chat_id=ada.chat.id, text=source, parse_mode="html")).result
    assert sent["text"] == "😀 bold both link <A&&nbsp;"
    assert sent["entities"] == [
        {"type": "italic", "offset": 8, "length": 4},
        {"type": "bold", "offset": 3, "length": 9},
        {"type": "text_link", "offset": 13, "length": 4, "url": "https://example.com/?a=1&b=2"},
    ]


async def test_what_is_answered_must_be_there(api: Api, ada: Customer) -> None:
    first = (await api("sendMessage", chat_id=ada.chat.id, text="one")).result["message_id"]
    reply: dict[str, Any] = {"message_id": first}
    await api("sendMessage", chat_id=ada.chat.id, text="two", reply_parameters=reply)
    assert ada.seen[-1].quotes == first
    reply = {"message_id": 4_000_000}
    said = await api("sendMessage", chat_id=ada.chat.id, text="three", reply_parameters=reply)
    assert said.error == "Bad Request: message to be replied not found"
    reply["allow_sending_without_reply"] = True
    await api("sendMessage", chat_id=ada.chat.id, text="three", reply_parameters=reply)
    assert (ada.seen[-1].text, ada.seen[-1].quotes) == ("three", 0)


# --- buttons -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (keyboard([button("é" * 32)]), ""),
        (keyboard([button("é" * 32 + "x")]), "BUTTON_DATA_INVALID"),
        (keyboard([button("")]), "BUTTON_DATA_INVALID"),
        (keyboard(*[[button()] * 5] * 20), ""),
        (keyboard(*[[button()] * 5] * 20, [button()]), "reply markup is too long"),
        (keyboard([button()] * 9), "reply markup is too long"),
        (keyboard(*[[button(text="x" * 200)]] * 60), "reply markup is too long"),
        (
            keyboard([{"text": "Yes"}]),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            keyboard([{"callback_data": "x"}]),
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (keyboard([button(text=" ")]), "inline keyboard button text can't be empty"),
        ("{", "can't parse reply markup JSON object"),
        ([], "object expected as reply markup"),
        ([1], "object expected as reply markup"),
        ({"nothing": 1}, "object expected as reply markup"),
        ({"remove_keyboard": True}, ""),
        ({"keyboard": [[{"text": "Share", "request_contact": True}, "No"]]}, ""),
        (
            {"keyboard": [["No"]], "input_field_placeholder": "x" * 65},
            "input field placeholder must have 1 to 64 characters",
        ),
    ],
)
async def test_buttons(api: Api, ada: Customer, markup: Any, words: str) -> None:
    said = await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=markup)
    if words:
        assert said.error == f"Bad Request: {words}"
    else:
        assert said.result["text"] == "Well?"


async def test_a_phone_is_asked_for_in_private_only(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    group = ada.into(fake.group())
    await group.invite_bot()
    keys = {"keyboard": [[{"text": "Share", "request_contact": True}]]}
    said = await api("sendMessage", chat_id=group.chat.id, text="Who?", reply_markup=keys)
    assert said.error == "Bad Request: phone number can be requested in private chats only"


async def test_a_press_is_answered_once_and_in_time(fake_clock: FakeClock, api: Api, ada: Customer) -> None:
    await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=keyboard([button("p:1")]))
    pressed = await ada.press("Yes")
    assert [query.id for query in ada.spinning] == [pressed.query]
    assert (await api("answerCallbackQuery", callback_query_id=pressed.query, text="x" * 201)).status == 400
    assert (await api("answerCallbackQuery", callback_query_id=pressed.query)).result is True
    assert ada.spinning == []
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert (await api("answerCallbackQuery", callback_query_id=pressed.query)).error == too_old
    assert (await api("answerCallbackQuery", callback_query_id="1")).error == too_old
    pressed = await ada.press(1)
    await fake_clock.advance(151)
    assert (await api("answerCallbackQuery", callback_query_id=pressed.query)).error == too_old


# --- changing ------------------------------------------------------------------------------------


async def test_edits(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    markup = keyboard([button()])
    sent = (await api("sendMessage", chat_id=ada.chat.id, text="Well?", reply_markup=markup)).result
    about = {"chat_id": ada.chat.id, "message_id": sent["message_id"]}
    same = "Bad Request: message is not modified"
    assert (await api("editMessageReplyMarkup", **about, reply_markup=markup)).error.startswith(same)
    assert "reply_markup" not in (await api("editMessageReplyMarkup", **about)).result
    assert (await api("editMessageReplyMarkup", **about)).error.startswith(same)
    assert (await api("editMessageText", **about, text="Well?")).error.startswith(same)
    assert (await api("editMessageText", **about, text="Well!")).result["text"] == "Well!"
    assert (ada.seen[0].text, ada.seen[0].edits, ada.seen[0].buttons) == ("Well!", ["Well?"], [])
    mine = await ada.write("mine")
    for wrong, words in ((mine.id, "message can't be edited"), (1, "message to edit not found")):
        said = await api("editMessageText", chat_id=ada.chat.id, message_id=wrong, text="x")
        assert said.error == f"Bad Request: {words}"
    assert (await api("deleteMessage", **about)).result is True
    assert (await api("deleteMessage", **about)).error == "Bad Request: message to delete not found"
    assert (
        await api("editMessageText", **about, text="x")
    ).error == "Bad Request: message to edit not found"


# --- chats ---------------------------------------------------------------------------------------


async def test_who_can_be_written_to(fake: FakeTelegram, api: Api) -> None:
    stranger = fake.customer(name="Ben")

    async def said() -> tuple[int, str]:
        got = await api("sendMessage", chat_id=stranger.chat.id, text="Hello")
        assert (await api("sendChatAction", chat_id=stranger.chat.id, action="typing")).status == got.status
        return got.status, got.error if got.status != 200 else ""

    assert await said() == (403, "Forbidden: bot can't initiate conversation with a user")
    await stranger.start()
    assert await said() == (200, "")
    await stranger.block()
    assert await said() == (403, "Forbidden: bot was blocked by the user")
    await stranger.unblock()
    assert await said() == (200, "")
    stranger.deactivate()
    assert await said() == (403, "Forbidden: user is deactivated")
    assert (await api("sendMessage", chat_id=17, text="x")).error == "Bad Request: chat not found"
    assert (await api("sendMessage", text="x")).error == "Bad Request: chat_id is empty"
    assert stranger.texts == ["Hello", "Hello"]
    assert len(fake.violations) == 1  # the call without a chat


async def test_groups(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    group = ada.into(fake.group(supergroup=False))
    gone = "Forbidden: bot is not a member of the group chat"
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).error == gone
    await group.invite_bot()
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).status == 200
    new = await group.upgrade_group()
    moved = await api("sendMessage", chat_id=group.chat.id, text="x")
    assert moved.error == "Bad Request: group chat was upgraded to a supergroup chat"
    assert moved.body["parameters"] == {"migrate_to_chat_id": new.id}
    assert (await api("leaveChat", chat_id=new.id)).result is True
    gone = "Forbidden: bot is not a member of the supergroup chat"
    assert (await api("sendMessage", chat_id=new.id, text="x")).error == gone
    group = ada.into(new)
    await group.invite_bot()
    await group.kick_bot()
    kicked = "Forbidden: bot was kicked from the supergroup chat"
    assert (await api("sendMessage", chat_id=new.id, text="x")).error == kicked
    assert (await api("leaveChat", chat_id=ada.chat.id)).status == 400


async def test_typing_ends(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    assert (await api("sendChatAction", chat_id=ada.chat.id, action="thinking")).status == 400
    assert (await api("sendChatAction", chat_id=ada.chat.id, action="typing")).result is True
    await fake_clock.advance(4.9)
    assert ada.sees_typing
    await fake_clock.advance(0.1)
    assert not ada.sees_typing
    await api("sendChatAction", chat_id=ada.chat.id, action="typing")
    await fake_clock.advance(1)
    await api("sendMessage", chat_id=ada.chat.id, text="There")
    assert not ada.sees_typing


# --- pace ----------------------------------------------------------------------------------------


async def test_one_message_a_second_after_a_burst(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    async def send() -> int:
        said = await api("sendMessage", chat_id=ada.chat.id, text="x")
        return 0 if said.status == 200 else said.retry_after

    assert [await send() for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    await fake_clock.advance(1)
    assert [await send() for _ in range(2)] == [0, 1]
    edit = await api("editMessageText", chat_id=ada.chat.id, message_id=ada.seen[0].id, text="y")
    assert edit.retry_after == 1  # edits count too
    await fake_clock.advance(60)
    assert [await send() for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert len(ada.seen) == 11


async def test_thirty_a_second_in_all(fake: FakeTelegram, api: Api, fake_clock: FakeClock) -> None:
    people = [fake.customer() for _ in range(31)]
    for person in people:
        person.chat.started = True
    said = [await api("sendMessage", chat_id=person.chat.id, text="x") for person in people]
    assert [one.status for one in said] == [200] * 30 + [429]
    assert said[-1].retry_after == 1
    await fake_clock.advance(1)
    assert (await api("sendMessage", chat_id=people[-1].chat.id, text="x")).status == 200


async def test_twenty_a_minute_to_a_group(fake: FakeTelegram, api: Api, fake_clock: FakeClock) -> None:
    group = fake.customer().into(fake.group())
    await group.invite_bot()
    for _ in range(20):
        assert (await api("sendMessage", chat_id=group.chat.id, text="x")).status == 200
        await fake_clock.advance(1)
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).retry_after == 40


async def test_limits_can_be_raised(fake_clock: FakeClock) -> None:
    async with FakeTelegram(clock=fake_clock, limits=Limits.none()) as fake, httpx.AsyncClient(
        base_url=fake.url, trust_env=False
    ) as client:  # fmt: skip
        ada = fake.customer()
        ada.chat.started = True
        send = Api(client, TOKEN)
        for _ in range(50):
            assert (await send("sendMessage", chat_id=ada.chat.id, text="x")).status == 200


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["photo", "document", "voice", "video", "audio"])
async def test_files_are_shown(api: Api, ada: Customer, kind: str) -> None:
    part = {kind: ("résumé.png", PNG, "image/png")}
    sent = (await api(f"send{kind}", files=part, chat_id=ada.chat.id, caption="Look")).result
    assert sent["caption"] == "Look"
    shown = ada.seen[0]
    assert shown.file is not None
    assert (shown.kind, shown.text, shown.file.data, shown.file.name) == (kind, "Look", PNG, "résumé.png")
    part = {"thing": ("a.png", PNG, "image/png")}
    by_name = {kind: "attach://thing"}
    await api(f"send{kind}", files=part, chat_id=ada.chat.id, **by_name)
    again = {kind: shown.file.id}
    await api(f"send{kind}", chat_id=ada.chat.id, **again)
    assert [one.file.data for one in ada.seen if one.file] == [PNG] * 3


async def test_files_that_are_refused(api: Api, ada: Customer) -> None:
    async def refused(method: str, data: bytes, **more: Any) -> str:
        part = {method.removeprefix("send").lower(): ("x.bin", data, "application/octet-stream")}
        return (await api(method, files=part, chat_id=ada.chat.id, **more)).error

    assert await refused("sendDocument", b"") == "Bad Request: file must be non-empty"
    assert await refused("sendPhoto", b"%PDF-1.4") == "Bad Request: IMAGE_PROCESS_FAILED"
    wide = PNG[:16] + struct.pack(">II", 9000, 1001) + PNG[24:]
    assert await refused("sendPhoto", wide) == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert "is too big for a photo" in await refused("sendPhoto", PNG + bytes(10 * MB))
    too_much = "Request Entity Too Large"
    assert await refused("sendDocument", bytes(50 * MB + 1)) == too_much
    words = "Bad Request: message caption is too long"
    assert await refused("sendDocument", b"x", caption="x" * 1025) == words
    assert (await api("sendPhoto", chat_id=ada.chat.id)).error.endswith("there is no photo in the request")
    assert (await api("sendPhoto", chat_id=ada.chat.id, photo="AgAC")).error.endswith("invalid file_id")
    assert ada.seen == []


async def test_customers_files_are_fetched(
    fake: FakeTelegram, api: Api, ada: Customer, fake_clock: FakeClock
) -> None:
    await ada.document(b"0123", "a.txt", mime="text/plain")
    told = fake.bot.updates.all[-1].content["document"]
    assert (told["file_name"], told["mime_type"], told["file_size"]) == ("a.txt", "text/plain", 4)
    found = (await api("getFile", file_id=told["file_id"])).result
    assert found["file_size"] == 4
    url = f"/file/bot{TOKEN}/{found['file_path']}"
    assert (await api.client.get(url)).content == b"0123"
    fake.new_bot("700000002:another", "other_bot")
    assert (await api.client.get(url.replace(TOKEN, "700000002:another"))).status_code == 404
    other = Api(api.client, "700000002:another")
    assert (await other("getFile", file_id=told["file_id"])).error == "Bad Request: invalid file_id"
    await fake_clock.advance(3601)
    assert (await api.client.get(url)).status_code == 404
    await ada.document(b"0123", "big.bin", size=20 * MB + 1)
    told = fake.bot.updates.all[-1].content["document"]
    assert (await api("getFile", file_id=told["file_id"])).error == "Bad Request: file is too big"


async def test_places(api: Api, ada: Customer) -> None:
    sent = (await api("sendLocation", chat_id=ada.chat.id, latitude=1.5, longitude=-2.5)).result
    assert sent["location"] == {"latitude": 1.5, "longitude": -2.5}
    assert (await api("sendLocation", chat_id=ada.chat.id, latitude=91, longitude=0)).status == 400
    assert (await api("sendLocation", chat_id=ada.chat.id, latitude=1)).error.endswith("longitude is empty")


# --- faults --------------------------------------------------------------------------------------


async def test_planned_faults(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    fake.faults.plan(Drop(), Lose(), on="send")
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            await api("sendMessage", chat_id=ada.chat.id, text="lost?")
    assert ada.texts == ["lost?"]  # dropped before it was taken, then lost after it
    assert [(call.status, call.done) for call in fake.sent()] == [(0, False), (0, True)]
    fake.faults.plan(Flood(3), Refuse(400, "chat not found"), on="sendmessage")
    assert (await api("sendMessage", chat_id=ada.chat.id, text="x")).retry_after == 3
    assert (await api("sendMessage", chat_id=ada.chat.id, text="x")).error == "Bad Request: chat not found"
    fake.faults.plan(Broken(status=502), on="getme")
    assert (await api.client.get(f"/bot{TOKEN}/getMe")).status_code == 502
    assert ada.texts == ["lost?"]
    assert fake.violations == []


async def test_faults_by_chance_can_be_had_again(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    fake.bot.pace.limits = Limits.none()

    async def run() -> list[int]:
        got = []
        with fake.faults.weather((0.2, Broken(status=500)), (0.2, Flood(1)), seed=5, on=("send",)):
            for _ in range(40):
                url, content = f"/bot{TOKEN}/sendMessage", {"chat_id": ada.chat.id, "text": "x"}
                got.append((await api.client.post(url, json=content)).status_code)
        return got

    first = await run()
    assert {200, 429, 500} == set(first)
    assert await run() == first
    assert fake.repeated() == [(ada.chat.id, "x")]


async def test_nobody_waits_for_ever(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    """A client that gives up does not stop the fake, and the record says what was carried out."""
    from tests.fake_telegram import Slow

    fake.faults.plan(Slow(seconds=0.2), on="send")
    with pytest.raises(httpx.ReadTimeout):
        await api.client.post(
            f"/bot{TOKEN}/sendMessage", json={"chat_id": ada.chat.id, "text": "slow"}, timeout=0.05
        )
    assert ada.texts == ["slow"]
    await asyncio.sleep(0.2)
    assert fake.sent()[-1].done
    assert json.dumps(fake.violations) == "[]"
