"""The demo shop in a real browser: who one is goes to the chat, and everybody can use the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.chat import Chat
from tests.browser.chromium import SIZES
from tests.browser.server import Server, serving
from tests.browser.test_axe import RULES
from tests.browser.visitor import WATCH

JANE, TARIQ = "Jane Miller", "Tariq Mahmood"
QUESTION = "What does delivery cost?"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> AsyncIterator[Server]:
    """A server in demo mode."""
    async with serving(BATON_DEMO="yes") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser, shop: Server) -> AsyncIterator[Any]:
    """Return a function that opens the page; errors and what its policy forbids fail the test."""
    pages: list[Page] = []
    problems: list[str] = []

    async def open_page(size: str = "desktop", **options: Any) -> Chat:
        context = await browser.new_context(**{"locale": "en-GB", **SIZES[size], **options})
        context.set_default_timeout(15_000)
        await context.add_init_script(WATCH)
        page = await context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        await page.goto(shop.url)
        await expect(page.locator("#tries button").first).to_be_visible()
        return Chat(page)

    yield open_page
    for page in pages:
        problems += await page.evaluate("window.__violations")
        await page.context.close()
    assert problems == []


async def be(page: Page, name: str) -> None:
    """Become a customer by the button in the shop's head."""
    await page.locator("#who").click()
    await page.locator("#choices button", has_text=name).click()
    await expect(page.locator("#who")).to_contain_text(name.split()[0])


async def clean(page: Page, when: str) -> None:
    found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES["runOnly"]}})
    assert found.violations_count == 0, f"{when}: {found.generate_report()}"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_is_content_with_the_shop(look: Any, size: str, theme: str) -> None:
    chat = await look(size, color_scheme=theme, reduced_motion="reduce")
    page = chat.page
    await clean(page, "stranger")
    await page.locator("#who").click()
    await clean(page, "choosing")
    await page.locator("#choices button", has_text=JANE).click()
    await expect(page.locator("#orders li").first).to_be_visible()
    await clean(page, "Jane")
    await page.get_by_role("button", name="Cancel 4522").click()
    await expect(chat.message("You said: Cancel 4522").last).to_be_visible()  # she was here before
    await clean(page, "with the chat open")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280])
async def test_nothing_is_wider_than_the_window(look: Any, width: int) -> None:
    page = (await look(viewport={"width": width, "height": 800})).page
    await be(page, TARIQ)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator("#who").click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_suggestion_is_sent(look: Any) -> None:
    chat = await look()
    await chat.page.locator("#tries").get_by_role("button", name=QUESTION).click()
    await expect(chat.panel).to_be_visible()
    await chat.sees(f"You said: {QUESTION}")
    await chat.page.get_by_role("button", name="Ask about Velvet armchair").click()
    await chat.sees("You said: Do you have the velvet armchair?")


async def test_signing_in_switching_and_signing_out(look: Any) -> None:
    chat = await look()
    page = chat.page
    await page.locator("#tries button").first.click()
    await chat.sees("You said: Where is order 4521?")
    await be(page, JANE)
    await expect(page.locator("#orders")).to_contain_text("4522 · Being prepared")
    await chat.ask("is it me?")
    assert len(await chat.texts()) == 4  # the stranger's running conversation has become hers

    await be(page, TARIQ)
    await expect(chat.log.locator(".text")).to_have_count(0)
    await expect(page.locator("#orders")).to_contain_text("4539")
    await chat.ask("nothing of hers")

    await page.reload()
    await expect(page.locator("#who")).to_contain_text("Tariq")
    await chat.sees("You said: nothing of hers")

    await page.locator("#sign-out").click()
    await expect(chat.log.locator(".text")).to_have_count(0)
    await expect(page.locator("#who")).to_be_focused()
    await expect(page.locator("#try-title")).to_have_text("Welcome, stranger")
    await be(page, JANE)
    await chat.sees("You said: is it me?")
    assert await page.context.cookies() == []


async def test_by_keyboard_alone(look: Any) -> None:
    page = (await look()).page
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the shop")).to_be_focused()
    await page.locator("#who").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Who would you like to be?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#who")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_have_text(f"You are {JANE} now.")
    await expect(page.locator("#who")).to_be_focused()


async def test_day_evening_and_language(look: Any) -> None:
    chat = await look(color_scheme="light")
    page, box = chat.page, chat.host.locator(".box")
    day = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.locator("#theme").select_option("dark")
    await page.locator("#locale").select_option("de")
    for _ in range(2):
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != day
        await expect(box).to_have_class("box dark")
        await expect(box).to_have_attribute("lang", "de")
        await page.reload()
    await expect(page.locator("#theme")).to_have_value("dark")
