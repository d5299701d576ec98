"""A person at the fake's keyboard can do what a customer does, and sees what the business sends."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.fake_whatsapp import NUMBER, FakeWhatsApp
from tests.fake_whatsapp.console import Console, ShiftedClock, describe
from tests.fake_whatsapp.listener import Listener

LINES = {
    "hello": "text",
    "/photo": "image",
    "/document": "document",
    "/voice": "audio",
    "/sticker": "sticker",
    "/location 1.5 2.5": "location",
    "/contact Ben +491500000": "contacts",
    "/edit hello!": "edit",
    "/revoke": "revoke",
    "/unsupported": "unsupported",
    "/number +491511111111": "system",
}


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    business = Listener(NUMBER)
    await business.start()
    yield business
    await business.stop()


@pytest.fixture
async def console(listener: Listener) -> AsyncIterator[Console]:
    clock = ShiftedClock()
    async with FakeWhatsApp(clock=clock) as fake:
        assert await fake.register(listener.url)
        yield Console(fake, fake.customer(), clock)


@pytest.mark.parametrize(("line", "kind"), LINES.items())
async def test_lines_become_messages(console: Console, listener: Listener, line: str, kind: str) -> None:
    await console.take("first")
    assert await console.take(line) == ""
    assert [item["type"] for item in listener.items()] == ["text", kind]


async def test_choices_are_numbered_and_pressed(console: Console, listener: Listener) -> None:
    await console.take("hello")
    replies = [{"type": "reply", "reply": {"id": f"b{n}", "title": t}} for n, t in enumerate(("Yes", "No"))]
    body = {
        "messaging_product": "whatsapp",
        "to": console.customer.phone,
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": "Sure?"}, "action": {"buttons": replies}},
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"authorization": f"Bearer {NUMBER.token}"}
        sent = await client.post(f"{console.fake.url}/{NUMBER.id}/messages", json=body, headers=headers)
    assert sent.status_code == 200
    assert describe(console.customer.seen[0]) == "shop> Sure?\n      1) Yes\n      2) No"
    assert await console.take("/press 2") == ""
    assert listener.items()[-1]["interactive"]["button_reply"]["title"] == "No"
    assert (await console.take("/press 3")).startswith("Not possible")
    assert (await console.take("/edit don't")).startswith("Not possible")
    assert await console.take("/react 👍") == ""
    assert await console.take("/unreact") == ""


async def test_time_passes_and_people_change(console: Console, listener: Listener) -> None:
    await console.take("hello")
    assert (await console.take("/later 23")).endswith("window is open.")
    assert (await console.take("/later 1")).endswith("window is closed.")
    await console.take("/block")
    assert console.customer.blocked
    await console.take("/unblock")
    await console.take("/hide ada.l")
    await console.take("still here")
    assert "wa_id" not in listener.values[-1]["contacts"][0]
    await console.take("/echo I am on it")
    assert "message_echoes" in listener.values[-1]
    assert describe(console.customer.seen[-1]) == "shop's phone> I am on it"
    assert "ada.l" in await console.take("/who")
    assert "/press N" in await console.take("/nonsense")
    listener.answers = [503]
    assert "answered 503" in await console.take("are you there?")


async def test_it_runs_from_a_shell(listener: Listener) -> None:
    command = [sys.executable, "-m", "tests.fake_whatsapp", "--port", "0", "--webhook", listener.url]
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
    assert b"BATON_WHATSAPP_TOKEN=" in output
    assert b"Not possible" in output
    [item] = listener.items()
    assert item["text"]["body"] == "hello"
    number = base64.b64decode(item["id"].removeprefix("wamid."))[-19:-1]
    assert int(number, 16) > 10**9  # no id of the run before comes again
