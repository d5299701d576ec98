"""The main job on the demo page with the real engine and the shipped model."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chat import Chat
from tests.browser.chromium import SIZES
from tests.browser.desk import Desk
from tests.browser.server import PROJECT, Server, serving
from tests.servers import ServerUnavailable

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(300)]
PATIENT = 60_000
"""Milliseconds for the first answer: the engines are still starting."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(browser: Browser) -> AsyncIterator[Server]:
    """The demo with its assistant, trained first if the data changed."""
    command = [str(Path(sys.executable).parent / "baton"), "train"]
    done = await asyncio.to_thread(subprocess.run, command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode != 0:
        raise ServerUnavailable(done.stderr[-1000:])
    async with serving(real=True, BATON_DEMO="yes") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def chat(browser: Browser, shop: Server, size: str) -> AsyncIterator[Chat]:
    """The chat on the demo page, for a visitor whom nobody knows."""
    context = await browser.new_context(**{"locale": "en-GB", **SIZES[size]})
    page = await context.new_page()
    await page.goto(shop.url)
    yield Chat(page)
    await context.close()


async def answered(chat: Chat, text: str | re.Pattern[str]) -> None:
    await expect(chat.message(text).last).to_be_visible(timeout=PATIENT)


async def test_a_stranger_tracks_an_order_and_reaches_a_person(chat: Chat, shop: Server, size: str) -> None:
    await chat.open()
    await chat.write("hi, where is my order 4521?")
    await answered(chat, re.compile("e-?mail|postcode", re.IGNORECASE))
    await chat.write("jane.miller@example.com")
    await answered(chat, re.compile("order 4521.*(van|way|deliver|sent|arriv)", re.IGNORECASE | re.DOTALL))

    await chat.write(f"I want to talk to a human being please ({size})")
    desk = await Desk.open(shop)
    case = await (await desk.find(f"human being please ({size})")).claim()
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    packet = (await case.view())["packet"]
    assert packet["slots"].get("order_number") == "4521" or "4521" in packet["summary"]
    await chat.write("it should have been here yesterday")
    await case.say("I will ask the carrier.")
    await chat.sees("I will ask the carrier.")
    await case.do("resolve")
    await expect(chat.log).to_contain_text("How was your conversation?")
    await desk.close()


async def test_who_is_signed_in_is_asked_for_nothing_that_is_known(chat: Chat) -> None:
    page = chat.page
    await page.locator("#who").click()
    await page.locator("#choices button", has_text="Jane Miller").click()
    await expect(page.locator("#who")).to_contain_text("Jane")
    await chat.open()
    before = len(await chat.texts())
    await chat.write("where is order 4521?")
    await answered(chat, re.compile("order 4521.*(van|way|deliver|sent|arriv)", re.IGNORECASE | re.DOTALL))
    new = (await chat.texts())[before:]
    assert not any(re.search("e-?mail|postcode", text, re.IGNORECASE) for text in new)
