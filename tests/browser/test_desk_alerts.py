"""Alerts for somebody who waits: heard, seen in the title, repeated until somebody takes it, and silent when due."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.desk import Desk
from tests.browser.desk_inbox import SPY, TOKEN, Customers, Frame
from tests.browser.desk_page import DeskPage
from tests.browser.server import Server, serving, until

WAITS = re.compile(r"● .* waiting")


@pytest_asyncio.fixture(loop_scope="session")
async def quiet() -> AsyncIterator[Server]:
    """A server where nobody waits yet."""
    async with serving(BATON_REST_TOKEN=TOKEN) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def ana(browser: Browser, quiet: Server) -> AsyncIterator[Frame]:
    """Ana, whose sounds and notifications are counted, and whose clock can be set ahead."""
    desk = await DeskPage.open(browser, quiet, "ana")
    await desk.context.add_init_script(SPY)
    await desk.page.clock.install()
    yield Frame(desk)
    await desk.leave()
    desk.check()


@pytest_asyncio.fixture(loop_scope="session")
async def customers(quiet: Server) -> AsyncIterator[Customers]:
    """Those who write."""
    writers = Customers(quiet)
    yield writers
    await writers.close()


async def rung(ana: Frame) -> bool:
    """Whether something was heard since the last time."""
    return await ana.sounds() > 0


async def test_an_alert_is_repeated_until_somebody_takes_it(
    ana: Frame, customers: Customers, quiet: Server
) -> None:
    await ana.enter("bot")
    await customers.write("maria", "hello", "person")
    await until(lambda: rung(ana), "the first alert")
    await expect(ana.page).to_have_title(WAITS)
    await expect(ana.page.locator("[role=status]").filter(has_text="is waiting")).to_have_count(1)
    for wait in (21_000, 21_000, 41_000):
        assert not await rung(ana)
        await ana.page.clock.fast_forward(wait)
        await until(lambda: rung(ana), "a reminder")
    bob = await Desk.open(quiet, "bob")
    await (await bob.find("person")).claim()
    await expect(ana.link("Queue").locator(".rail-count")).to_have_text("")
    await expect(ana.page).to_have_title("Baton desk")
    await ana.sounds()
    await ana.page.clock.fast_forward(120_000)
    await expect(ana.page.locator(".line").first).to_have_text("Live")
    assert not await rung(ana)
    await bob.close()


async def test_nothing_rings_for_who_is_away_or_looks_at_it(
    ana: Frame, customers: Customers, quiet: Server
) -> None:
    await ana.enter("queue")
    await ana.keys("g", "z")
    await expect(ana.page.locator("desk-availability input[value=away]").first).to_be_checked()
    await customers.write("tom", "hello", "person")
    await expect(ana.row("person")).to_be_visible()
    await ana.page.clock.fast_forward(30_000)
    await expect(ana.page).to_have_title("Baton desk")
    assert not await rung(ana)

    await ana.row("person").click()
    await expect(ana.desk.row("person").first).to_be_visible()
    await ana.keys("g", "o")
    await expect(ana.page.locator("desk-availability input[value=online]").first).to_be_checked()
    await ana.page.clock.fast_forward(30_000)
    assert not await rung(ana)


async def test_an_answer_in_my_own_conversation_has_a_softer_sound(
    ana: Frame, customers: Customers, quiet: Server
) -> None:
    await ana.enter("queue")
    await customers.write("lena", "hello", "person")
    await expect(ana.row("person")).to_be_visible()
    await ana.keys("j", "Enter")
    await expect(ana.desk.standing).to_contain_text("Waiting")
    await ana.desk.claim()
    await expect(ana.row("person").locator(".badge")).to_have_count(0)
    await ana.press("Escape")
    await ana.keys("g", "b")
    await expect(ana.title).to_have_text("With the assistant")
    await ana.sounds()
    await customers.write("lena", "are you there?")

    async def one() -> bool:
        return await ana.sounds() == 1

    await until(one, "one soft note")
    await expect(ana.page).to_have_title("(1) Baton desk")
    await ana.keys("g", "m")
    await expect(ana.row("are you there?").locator(".badge")).to_contain_text("1")


async def test_who_is_passed_a_conversation_is_told(
    ana: Frame, customers: Customers, quiet: Server
) -> None:
    await ana.enter("queue")
    await customers.write("nora", "hello", "person")
    bob = await Desk.open(quiet, "bob")
    case = await bob.find("person")
    await until(lambda: rung(ana), "the alert of the queue")
    await case.claim()
    await expect(ana.page).to_have_title("Baton desk")
    await ana.sounds()
    me = await ana.page.evaluate("fetch('/api/v1/me').then(r => r.json()).then(r => r.agent.id)")
    await bob.call("POST", f"/conversations/{case.id}/transfer", to_agent=me, note="please go on")
    told = ana.page.locator(".toast").filter(has_text="was passed to you.")
    await expect(told).to_be_visible()
    await expect(ana.page).to_have_title("(1) Baton desk")
    await until(lambda: rung(ana), "a soft note")
    await told.get_by_role("button", name="Open").click()
    await expect(ana.desk.standing).to_contain_text("You have this")
    await expect(ana.page).to_have_title("Baton desk")
    await bob.close()


async def test_the_browser_tells_when_the_page_is_out_of_sight(ana: Frame, customers: Customers) -> None:
    await ana.enter("bot")
    await ana.page.evaluate("Object.defineProperty(document, 'hasFocus', {value: () => false})")
    await customers.write("jo", "hello", "person")

    async def told() -> Any:
        return await ana.page.evaluate("window.__notes")

    assert re.search("is waiting: Asked for a person", (await until(told, "a notification"))[0])


async def test_the_settings_silence_it(ana: Frame, customers: Customers) -> None:
    await ana.desk.prefer(sound=False)
    await ana.enter("bot")
    await customers.write("kim", "hello", "person")
    await expect(ana.page).to_have_title(WAITS)
    assert not await rung(ana)
