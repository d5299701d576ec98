"""The fake Telegram refuses what the platform refuses, in its words, and takes what it takes."""

from __future__ import annotations

import html
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_telegram import TOKEN, Customer, FakeTelegram, entities
from tests.support.clock import FakeClock
from tests.telegram.fakes import Api, answer, button, keyboard

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


@given(st.text(max_size=60))
def test_what_is_escaped_is_read_as_it_was(text: str) -> None:
    text = text.replace("\0", "")
    assert entities.parse_html(html.escape(text)).text == text.strip()
    marked = entities.parse_html(f"<b>{html.escape(text)}</b>")
    assert marked.text == text.strip()
    assert [e["length"] for e in marked.entities] == [entities.length(text.strip())] * bool(text.strip())


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
