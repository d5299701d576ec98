"""axe finds nothing to complain of in a conversation at the desk: whoever has it, both themes, both sizes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.desk import Desk
from tests.browser.desk_page import DeskPage
from tests.browser.pictures import PDF, png
from tests.browser.test_axe import RULES


async def clean(desk: DeskPage, when: str) -> None:
    """Fail with axe's report if it finds anything on the page."""
    found = await Axe().run(desk.page, options={"runOnly": {"type": "tag", "values": RULES["runOnly"]}})
    assert found.violations_count == 0, f"{when}: {found.generate_report()}"


async def dialog(desk: DeskPage, key: str, when: str) -> None:
    """Open a dialog by its key, look at it, close it."""
    await desk.press(key)
    await expect(desk.dialog).to_be_visible()
    await clean(desk, when)
    await desk.press("Escape")
    await expect(desk.dialog).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_is_content_with_a_conversation(
    visitor: Any, desk: Desk, agent: Any, size: str, theme: str
) -> None:
    chat = await (await visitor()).chat()
    word = f"axe at the desk {size} {theme}"
    await chat.ask(word)
    await chat.ask("hello", "Hello! What can I do for you?")
    found = await desk.find(word, "bot")
    ana = await (await agent("ana", size, color_scheme=theme)).look_at(found)
    await clean(ana, "with the assistant")
    await chat.write("person")
    await expect(ana.standing).to_contain_text(re.compile("Waiting.*place"))
    await ana.messages.locator("details.misread summary").first.click()
    await clean(ana, "in the queue")
    await ana.claim()
    await found.send_file("photo.png", png(), "a picture")
    await found.send_file("invoice.pdf", PDF, "a file")
    await found.say("a note", kind="note")
    await expect(ana.row("a note")).to_be_visible()
    await clean(ana, "mine")
    if size == "phone":
        await ana.press("Escape")
        await dialog(ana, "i", "the packet")
    await ana.view.get_by_role("button", name="Note", exact=True).click()
    await clean(ana, "writing a note")
    await ana.press("Escape")
    for key, name in (("t", "pass on"), ("e", "resolve"), ("b", "back to the assistant")):
        await dialog(ana, key, name)
    await ana.context.set_offline(True)
    await ana.press("r")
    await ana.write("nobody hears me")
    await expect(ana.row("nobody hears me")).to_contain_text("Waiting for the connection")
    await clean(ana, "offline")
    await ana.context.set_offline(False)
    await expect(ana.row("nobody hears me")).not_to_contain_text("Waiting")
    await found.do("resolve")
    await expect(ana.standing).to_contain_text("Closed")
    await clean(ana, "closed")
