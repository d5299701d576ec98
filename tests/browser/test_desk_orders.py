"""What an agent sees of a customer's orders at the desk, and does for them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from tests.browser.desk import Desk
from tests.browser.desk_page import DeskPage
from tests.browser.server import Server, serving
from tests.browser.site import Site
from tests.browser.test_desk_conversation_axe import clean
from tests.browser.visitor import Visitor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(site: Site) -> AsyncIterator[Server]:
    """A server with the demo shop behind it."""
    async with serving(origins=site.origin, BATON_DEMO="yes") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def ana(browser: Browser, shop: Server) -> AsyncIterator[DeskPage]:
    """Ana's page at the shop's desk."""
    page = await DeskPage.open(browser, shop)
    yield page
    await page.leave()
    page.check()


@pytest_asyncio.fixture(loop_scope="session")
async def ask(browser: Browser, site: Site, shop: Server) -> AsyncIterator[Any]:
    """Return a function with which a customer asks for a person; it returns the conversation, claimed by Ana."""
    made: list[Any] = []

    async def asked(ref: str, text: str) -> Any:
        visitor = await Visitor.arrive(browser, site, shop.url, "desktop")
        desk = await Desk.open(shop)
        made.extend((visitor.leave, desk.close))
        identity = {"identity": shop.token(ref, name="Jane Miller")} if ref else {}
        chat = await visitor.chat(**identity)
        await chat.ask(text)
        await chat.write("person")
        return await (await desk.find(text)).claim()

    yield asked
    for end in made:
        await end()


async def test_an_order_is_cancelled_and_what_is_not_known_is_said(ask: Any, ana: DeskPage) -> None:
    await ana.look_at(await ask("C1001", "cancel my rug"))
    order = ana.packet.locator("[data-order='4522']")
    await expect(ana.packet).to_contain_text("Jane Miller")
    await expect(order).to_contain_text("Processing")
    await order.locator("summary").click()
    await order.get_by_role("button", name="Cancel order").click()
    await expect(ana.dialog).to_contain_text("£189.00 goes back the way it was paid, without a fee.")
    await clean(ana, "an action")

    async def lost(route: Route) -> None:
        await route.abort()

    await ana.page.route("**/actions", lost)
    await ana.dialog.get_by_role("button", name="Cancel the order").click()
    await expect(ana.dialog).to_contain_text("We cannot know whether this was done.")
    await ana.page.unroute("**/actions")
    await ana.dialog.get_by_role("button", name="Ask again").click()
    await expect(ana.dialog).to_be_hidden()
    await expect(ana.toasts).to_contain_text("Order 4522 is cancelled.")
    await expect(order).to_contain_text("Cancelled")
    await expect(ana.row("Ana cancelled order 4522 (£189.00)")).to_be_visible()
    await clean(ana, "a packet with orders and what was done")
    await expect(ana.packet.locator(".effects")).to_contain_text(re.compile("Cancel order 4522.*by Ana"))


async def test_goodwill_has_a_limit_and_a_refusal_is_told(ask: Any, ana: DeskPage) -> None:
    await ana.look_at(await ask("C1002", "my lamp is late"))
    order = ana.packet.locator("[data-order]").first
    await order.locator("summary").click()
    await order.get_by_role("button", name="Goodwill").click()
    amount = ana.dialog.get_by_role("spinbutton")
    await amount.fill("5000")
    await ana.dialog.get_by_label("Why").fill("late")
    await ana.dialog.get_by_role("button", name="Give it").click()
    assert not await amount.evaluate(
        "field => field.validity.valid"
    )  # the page says so before the server must
    await amount.fill("5")
    await ana.dialog.get_by_role("button", name="Give it").click()
    await expect(ana.toasts).to_contain_text("was given")
    await expect(ana.row("Ana gave goodwill for")).to_be_visible()
    # The code must be there when the word at the bottom is gone.
    await expect(ana.packet.locator(".effects")).to_contain_text(re.compile(r"£5\.00, SORRY-\d+"))


async def test_a_strangers_order_is_opened_with_a_reason(ask: Any, ana: DeskPage) -> None:
    await ana.look_at(await ask("", "who am I"))
    await expect(ana.packet).to_contain_text("Nobody has proved whose orders these would be.")
    await ana.packet.get_by_role("button", name="Open another order by its number").click()
    await ana.dialog.get_by_label("Order number").fill("99999")
    await ana.dialog.get_by_label("Why").fill("read to me from the invoice")
    await ana.press("Enter")
    await expect(ana.dialog).to_contain_text("There is no such order.")
    await ana.dialog.get_by_label("Order number").fill("4522")
    await ana.press("Enter")
    order = ana.packet.locator("[data-order='4522']")
    await expect(order).to_contain_text("Looked up")
    await expect(order.locator("summary")).to_be_focused()
