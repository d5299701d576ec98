"""axe finds nothing to complain of in the desk's frame: both themes, both sizes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import SIZES
from tests.browser.desk_inbox import TOKEN, Customers, Frame
from tests.browser.desk_page import DeskPage
from tests.browser.serve import PASSWORD
from tests.browser.server import serving
from tests.browser.test_axe import RULES


async def clean(page: Page, when: str) -> None:
    """Fail with axe's report if it finds anything on the page."""
    found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES["runOnly"]}})
    assert found.violations_count == 0, f"{when}: {found.generate_report()}"


async def overlay(ana: Frame, keys: tuple[str, ...], when: str, text: str = "") -> None:
    """Open something over the page, look at it, close it."""
    await ana.keys(*keys)
    await expect(ana.dialog).to_be_visible()
    if text:
        await ana.dialog.get_by_role("combobox").fill(text)
        await expect(ana.dialog.locator("[role=option], h2").first).to_be_visible()
    await clean(ana.page, when)
    await ana.press("Escape")
    await expect(ana.dialog).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_is_content_with_the_frame(browser: Browser, size: str, theme: str) -> None:
    async with serving(BATON_REST_TOKEN=TOKEN) as server:
        context = await browser.new_context(
            base_url=server.url, locale="en-GB", color_scheme=theme, **SIZES[size]
        )
        page = await context.new_page()
        await page.goto("/desk")
        await expect(page.get_by_label("Password")).to_be_visible()
        await clean(page, "signing in")
        await page.get_by_label("E-mail").fill("ana@example.com")
        await page.get_by_label("Password").fill(PASSWORD + "!")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert").first).not_to_be_empty()
        await clean(page, "a wrong password")
        await context.close()

        desk = await DeskPage.open(browser, server, "ada", size, color_scheme=theme)
        ada = await Frame(desk).enter(online=False)
        await expect(ada.list.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
        await expect(ada.banner).to_contain_text("You are offline")
        await clean(ada.page, "an empty queue")
        await see_all(ada, server)
        await desk.leave()
        desk.check()


async def see_all(ada: Frame, server: Any) -> None:
    """Look at lists with something in them, and at all that opens over the page."""
    customers = Customers(server)
    await customers.crowd(["maria", "tom", "lena"], "hello", "person", "is anybody there?")
    await customers.write("jo", "hello")
    await customers.close()
    await expect(ada.rows).to_have_count(3)
    await ada.keys("g", "o")
    await expect(ada.banner).to_be_hidden()
    await ada.keys("g", "e")
    await expect(ada.rows).to_have_count(4)
    await ada.press("j")
    await clean(ada.page, "a full list")
    await ada.press("f")
    await expect(ada.page.get_by_label("Channel")).to_be_focused()
    await clean(ada.page, "filters")
    await ada.press("Escape")
    await expect(ada.rows.first).to_be_focused()
    await overlay(ada, ("/",), "the search, before")
    await overlay(ada, ("/",), "the search, with hits", "anybody")
    await overlay(ada, ("/",), "the search, without", "qwertyuiop")
    await overlay(ada, ("Control+k",), "the palette")
    await overlay(ada, ("Control+k",), "the palette, with a query", "go")
    await overlay(ada, ("?",), "the keys")
    await overlay(ada, (",",), "the settings")
    more = ada.page.get_by_role("button", name=re.compile("^More"))
    if await more.is_visible():
        await more.click()
        await expect(ada.dialog).to_be_visible()
        await clean(ada.page, "the drawer")
