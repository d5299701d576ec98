"""axe finds nothing to complain of: both themes, both sizes, closed, open, and with all that can be shown."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.desk import Desk
from tests.browser.pictures import HTML, PDF, png

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


async def clean(chat: Chat, when: str) -> None:
    """Fail with axe's report if it finds anything on the page, the widget's shadow root included."""
    found = await Axe().run(chat.page, options={"runOnly": {"type": "tag", "values": RULES["runOnly"]}})
    assert found.violations_count == 0, f"{when}: {found.generate_report()}"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_is_content(visitor: Any, desk: Desk, size: str, theme: str) -> None:
    person = await visitor(size, reduced_motion="reduce", color_scheme=theme)
    chat = await person.visit()
    await expect(chat.launcher).to_be_visible()
    await clean(chat, "closed")
    await chat.open()
    await chat.connected()
    await clean(chat, "open and empty")
    await chat.ask(f"axe {size} {theme}")
    await chat.ask("links", "See https")
    await chat.ask("hello", "Hello! What can I do for you?")
    await clean(chat, "with choices")
    await chat.open_menu()
    await clean(chat, "menu")
    await chat.menu("Delete my data").click()
    await clean(chat, "question")
    await chat.button("Not now").click()

    await chat.write("person")
    await expect(chat.strip).not_to_be_empty()
    await clean(chat, "in the queue")
    case = await (await desk.find(f"axe {size} {theme}")).claim()
    await case.say("I am Ana.")
    await case.send_file("photo.png", png(), "a picture")
    await case.send_file("invoice.pdf", PDF, "a file")
    await chat.sees("a file")
    await chat.attach("holiday.png", HTML, "image/png")
    await expect(chat.host.locator(".chip").get_by_role("alert")).to_be_visible()
    await clean(chat, "with an agent and files")
    await chat.button("Remove holiday.png").click()
    await case.do("resolve")
    await expect(chat.log).to_contain_text("How was your conversation?")
    await chat.button("3 / 5").click()
    await clean(chat, "rating")
    await person.context.set_offline(True)
    await chat.write("nobody hears me")
    await expect(chat.log).to_contain_text("Sending")
    await clean(chat, "offline")
    await person.context.set_offline(False)


@pytest.mark.parametrize("color", ["#ffe45c", "#7fd1ff", "#e01e5a", "#000000", "white"])
async def test_contrast_is_kept_whatever_colour_is_set(visitor: Any, color: str) -> None:
    person = await visitor(reduced_motion="reduce")
    chat = await person.chat(color=color)
    await chat.ask("hello", "Hello! What can I do for you?")
    await clean(chat, color)
    await chat.page.evaluate("Baton.setTheme('dark')")
    await clean(chat, f"{color}, dark")


async def test_a_refused_identity_reads_well(visitor: Any) -> None:
    chat = await (await visitor(reduced_motion="reduce")).chat(identity="nonsense")
    await expect(chat.strip).to_contain_text("Please sign in again")
    await clean(chat, "refused")


async def test_speakers_are_named_and_news_is_announced(visitor: Any, desk: Desk) -> None:
    """What a screen reader is told: a live log for what is new, names of speakers, states of controls."""
    chat = await (await visitor()).visit()
    await expect(chat.launcher).to_have_attribute("aria-expanded", "false")
    await chat.open()
    await chat.ask("who speaks?")
    await expect(chat.log).to_have_attribute("aria-live", "polite")
    rows = chat.log.locator(".row")
    assert (await rows.nth(0).text_content() or "").startswith("You")
    assert "Assistant" in (await rows.nth(1).text_content() or "")
    await chat.page.reload()
    await expect(chat.message("You said: who speaks?")).to_be_visible()
    await expect(chat.host.get_by_role("dialog", name="Chat with us")).to_be_visible()
    assert await chat.panel.get_attribute("aria-modal") in (None, "false")
