"""A person at the fake's keyboard can do what a customer does, and sees what the bot sends."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.fake_telegram import Customer, FakeTelegram
from tests.fake_telegram.console import Console, describe
from tests.fake_telegram.listener import Listener
from tests.telegram.fakes import Api

LINES = {
    "hello": ["text"],
    "/start link-1": ["text"],
    "/photo": ["photo"],
    "/document": ["document"],
    "/album 3": ["photo"] * 3,
    "/voice": ["voice"],
    "/sticker": ["sticker"],
    "/poll": ["poll"],
    "/location 1.5 2.5": ["location"],
    "/contact own": ["contact"],
    "/contact Ben 4915112": ["contact"],
    "/raw /help": ["text"],
}


@pytest.fixture
def console(fake: FakeTelegram, ada: Customer) -> Console:
    return Console(fake, ada)


@pytest.mark.parametrize(("line", "kinds"), LINES.items())
async def test_lines_become_messages(
    console: Console, listener: Listener, line: str, kinds: list[str]
) -> None:
    assert await console.take(line) == ""
    messages = [body["message"] for body in listener.bodies]
    assert [kind for message, kind in zip(messages, kinds, strict=True) if kind in message] == kinds


async def test_buttons_are_numbered_and_pressed(console: Console, listener: Listener, api: Api) -> None:
    row = [{"text": title, "callback_data": title.lower()} for title in ("Yes", "No")]
    markup = {"inline_keyboard": [row]}
    chat = console.customer.chat.id
    await api("sendMessage", chat_id=chat, text="Sure?", reply_markup=markup)
    assert describe(console.customer.seen[0]) == "bot> Sure?\n      1) Yes\n      2) No"
    assert await console.take("/press 2") == ""
    assert listener.bodies[-1]["callback_query"]["data"] == "no"
    assert (await console.take("/press 3")).startswith("Not possible")
    await api("sendMessage", chat_id=chat, text="Phone?", reply_markup={"keyboard": [["Share"]]})
    assert describe(console.customer.seen[1]) == "bot> Phone?\n      [Share]"
    await console.take("/quote which one?")
    assert listener.bodies[-1]["message"]["reply_to_message"]["text"] == "Phone?"


async def test_what_happens_is_said(console: Console, listener: Listener) -> None:
    listener.answers = [503]
    assert "answered 503" in await console.take("are you there?")
    assert "did not ask" in await console.take("/react 👍") or "Not possible" in await console.take(
        "/react 👍"
    )
    await console.take("/edit are you here?")
    await console.take("/block")
    assert console.customer.chat.blocked
    await console.take("/unblock")
    await console.fake.settle()
    assert listener.kinds[-3:] == ["edited_message", "my_chat_member", "my_chat_member"]
    assert "Ada" in await console.take("/who")
    assert "/press N" in await console.take("/nonsense")
    assert await console.take("") == ""


async def test_it_runs_from_a_shell(listener: Listener) -> None:
    listener.secret = "webhook-secret-of-the-tests-0123456789"
    command = [sys.executable, "-m", "tests.fake_telegram", "--port", "0", "--webhook", listener.url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONUTF8": "1"},
        stdin=pipe,
        stdout=pipe,
    )
    output, _ = await process.communicate(b"hello\n/press 1\n/quit\n")
    assert process.returncode == 0
    assert b"BATON_TELEGRAM_TOKEN=" in output
    assert b"Not possible" in output
    assert listener.texts == ["hello"]
    assert all(each["update_id"] > 10**9 for each in listener.bodies)  # none of the run before comes again
