"""The fake Telegram against telemelya, an emulator that knows the platform independently of us.

What agrees, call by call: getMe, setWebhook, deleteWebhook, getWebhookInfo, sendMessage (with buttons
too), sendPhoto, editMessageText, editMessageReplyMarkup, deleteMessage, sendChatAction,
answerCallbackQuery, getFile and the download answer `ok` with results of the same shape; an edit of a
message that is not there is 400 "message to edit not found" for both; updates with a text, a command, a
picture and a press have the same shape.

What telemelya lacks, and the fake has: every limit (4096 characters, 64 bytes of callback data, HTML
errors), HTTP statuses beside 200 (a refusal is 200 with `ok: false`), tokens, GET, getUpdates, the secret
header and the second attempt of webhooks, floods, blocks, chats that are not found, presses that are too
old, and the methods sendDocument, sendVoice, sendVideo, sendAudio, sendLocation and leaveChat. Its
getFile refuses with other words than the platform, and its webhook's state has no counts.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_telegram import TOKEN, Customer, FakeTelegram, Limits
from tests.fake_telegram.listener import Listener
from tests.long.peers import python_with
from tests.support.small_files import PIXEL

PEER = Path(__file__).with_name("telemelya_peer.py")
VERSION = "0.2.2"
CHAT = 4242
KEYBOARD = {"inline_keyboard": [[{"text": "Yes", "callback_data": "p:1"}]]}
AHEAD = {
    # What the platform says and telemelya does not: our answers may have more than its answers.
    "getMe": {"can_connect_to_business", "has_main_web_app"},
    "getWebhookInfo": {"max_connections", "ip_address"},
    "sendPhoto": set[str](),
}
BEHIND = {
    # What telemelya says and the platform leaves out: fields that have no value.
    "getWebhookInfo": {"last_error_date", "last_error_message"},
    "getMe": set[str](),
}

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """telemelya's server, with a Redis and an S3 in memory."""
    python = python_with("telemelya", VERSION, "fakeredis", "moto[server]")
    with subprocess.Popen(
        [python, PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield next(line.strip() for line in process.stdout if line.startswith("http://"))
        process.stdin.close()


class Side:
    """One of the two platforms."""

    def __init__(self, name: str, client: httpx.AsyncClient, listener: Listener) -> None:
        self.name, self.client, self.listener = name, client, listener

    async def call(self, method: str, files: Any = None, **values: Any) -> dict[str, Any]:
        """Make a call; return the whole answer."""
        how: dict[str, Any] = {"data": values, "files": files} if files else {"json": values}
        response = await self.client.post(f"/bot{TOKEN}/{method}", **how)
        answer: dict[str, Any] = response.json()
        if self.name == "fake" and not answer["ok"]:
            assert response.status_code == answer["error_code"]
        return answer


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=Limits.none()) as running:
        yield running


@pytest.fixture
async def ada(fake: FakeTelegram) -> Customer:
    ada = fake.customer(CHAT, "Ada")
    ada.chat.started = True
    return ada


@pytest.fixture
async def sides(address: str, fake: FakeTelegram, ada: Customer) -> AsyncIterator[list[Side]]:
    found = []
    for name, url in (("fake", fake.url), ("telemelya", address)):
        listener = Listener("")
        await listener.start()
        found.append(Side(name, httpx.AsyncClient(base_url=url, trust_env=False, timeout=20), listener))
    yield found
    for side in found:
        await side.client.aclose()
        await side.listener.stop()


def shape(value: Any) -> Any:
    """Return what kind of JSON a value is, with the names in it; fields without a value are left out."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [shape(value[-1])] if value else []
    return "number" if isinstance(value, float) else type(value).__name__


def same(mine: Any, theirs: Any, method: str = "", at: str = "") -> list[str]:
    """Return where two shapes differ; what is known to differ is left out."""
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        if isinstance(mine, list) and isinstance(theirs, list) and mine and theirs:
            return same(mine[0], theirs[0], method, f"{at}[]")
        return [] if mine == theirs else [f"{at}: {mine} is not {theirs}"]
    more = set(mine) - set(theirs) - AHEAD.get(method, set()) - PEOPLE
    less = set(theirs) - set(mine) - BEHIND.get(method, set()) - PEOPLE
    found = [f"{at}.{name} is not with both" for name in sorted(more | less)]
    for name in sorted(set(mine) & set(theirs)):
        found += same(mine[name], theirs[name], method, f"{at}.{name}")
    return found


PEOPLE = frozenset({"first_name", "last_name", "username", "language_code", "file_size"}) | {
    # telemelya writes its whole getMe as the sender of each message.
    *("can_join_groups", "can_read_all_group_messages", "supports_inline_queries"),
}


async def both(sides: list[Side], method: str, files: Any = None, **values: Any) -> list[dict[str, Any]]:
    """Make a call to both and check that the answers are alike; return them."""
    answers = [await side.call(method, files, **values) for side in sides]
    assert [answer["ok"] for answer in answers] == [True, True], answers
    mine, theirs = (shape(answer["result"]) for answer in answers)
    assert same(mine, theirs, method) == [], (method, answers)
    return answers


async def test_answers_are_alike(sides: list[Side], ada: Customer) -> None:
    await both(sides, "getMe")
    for side in sides:
        answer = await side.call("setWebhook", url=side.listener.url)
        assert (answer["ok"], answer["result"]) == (True, True)
    await both(sides, "getWebhookInfo")
    sent = await both(sides, "sendMessage", chat_id=CHAT, text="Hello 😀")
    await both(sides, "sendMessage", chat_id=CHAT, text="Sure?", reply_markup=KEYBOARD)
    await both(sides, "sendChatAction", chat_id=CHAT, action="typing")
    photo = {"photo": ("a.png", PIXEL, "image/png")}
    await both(sides, "sendPhoto", photo, chat_id=str(CHAT), caption="Look")
    for method, values in (
        ("editMessageText", {"text": "Changed"}),
        ("editMessageReplyMarkup", {"reply_markup": KEYBOARD}),
        ("deleteMessage", {}),
    ):
        answers = [
            await side.call(method, chat_id=CHAT, message_id=one["result"]["message_id"], **values)
            for side, one in zip(sides, sent, strict=True)
        ]
        mine, theirs = (shape(answer["result"]) for answer in answers)
        assert same(mine, theirs, method) == [], (method, answers)
    await both(sides, "deleteWebhook")


async def test_a_missing_message_is_refused_alike(sides: list[Side]) -> None:
    for method, values in (("editMessageText", {"text": "x"}), ("editMessageReplyMarkup", {})):
        answers = [await side.call(method, chat_id=CHAT, message_id=99_999, **values) for side in sides]
        for answer in answers:
            assert (answer["ok"], answer["error_code"]) == (False, 400)
            assert answer["description"] == "Bad Request: message to edit not found"


async def test_files_are_fetched_alike(sides: list[Side], ada: Customer) -> None:
    photo = {"photo": ("a.png", PIXEL, "image/png")}
    for side in sides:
        sent = (await side.call("sendPhoto", photo, chat_id=str(CHAT)))["result"]["photo"][-1]
        found = (await side.call("getFile", file_id=sent["file_id"]))["result"]
        assert found["file_id"] == sent["file_id"]
        response = await side.client.get(f"/file/bot{TOKEN}/{found['file_path']}")
        assert (response.status_code, response.content) == (200, PIXEL)
    refused = [await side.call("getFile", file_id="nothing") for side in sides]
    assert [answer["error_code"] for answer in refused] == [400, 400]


async def test_updates_are_alike(sides: list[Side], fake: FakeTelegram, ada: Customer) -> None:
    mine, theirs = sides
    for side in sides:
        await side.call("setWebhook", url=side.listener.url)
    sent = await both(sides, "sendMessage", chat_id=CHAT, text="Sure?", reply_markup=KEYBOARD)

    async def tell(**what: Any) -> None:
        body = {"chat_id": CHAT, "from_user": {"id": CHAT, "first_name": "Ada", "is_bot": False}, **what}
        url = f"/api/v1/test/send_update?bot_token={TOKEN}"
        headers = {"authorization": "Bearer testkey"}
        assert (await theirs.client.post(url, json=body, headers=headers)).status_code == 200

    await ada.write("hello")
    await tell(text="hello")
    await ada.start()
    await tell(command="/start")
    await ada.photo(PIXEL, "look")
    await tell(photo_file_id="AgACAgIAAxkBAAIx", photo_caption="look")
    await ada.press("Yes")
    await tell(callback_data="p:1", callback_message_id=sent[1]["result"]["message_id"])
    pairs = zip(mine.listener.bodies, theirs.listener.bodies, strict=True)
    for number, (one, other) in enumerate(pairs):
        differ = same(shape(one), shape(other))
        # Its pictures have an empty text, and its presses do not show the buttons that were pressed.
        known = [
            [],
            [],
            [".message.text is not with both"],
            [".callback_query.message.reply_markup is not with both"],
        ]
        assert differ == known[number], json.dumps([one, other])
    assert number == 3
    for side in sides:
        query = side.listener.bodies[-1]["callback_query"]["id"]
        assert (await side.call("answerCallbackQuery", callback_query_id=query))["result"] is True


LACKING = ("sendDocument", "sendVoice", "sendVideo", "sendAudio", "sendLocation", "leaveChat", "getUpdates")


@pytest.mark.parametrize("method", LACKING)
async def test_what_telemelya_lacks(sides: list[Side], method: str) -> None:
    """When one of these begins to be there, it is to be compared too."""
    _, theirs = sides
    response = await theirs.client.post(f"/bot{TOKEN}/{method}", json={"chat_id": CHAT})
    assert response.status_code == 404


async def test_what_telemelya_takes_and_the_platform_refuses(sides: list[Side], ada: Customer) -> None:
    for method, values in (
        ("sendMessage", {"text": "x" * 4097}),
        ("sendMessage", {"text": "<b>x", "parse_mode": "HTML"}),
        ("sendMessage", {"text": ""}),
        ("answerCallbackQuery", {"callback_query_id": "17"}),
    ):
        answers = [await side.call(method, chat_id=CHAT, **values) for side in sides]
        assert [answer["ok"] for answer in answers] == [False, True]
