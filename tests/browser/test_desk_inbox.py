"""The desk's frame: signing in, lists that live, the way with keys alone, and what is said when nothing is there."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Request, expect

from tests.browser.desk import Desk
from tests.browser.desk_inbox import TOKEN, Customers, Frame
from tests.browser.desk_page import DeskPage
from tests.browser.line import Line
from tests.browser.serve import PASSWORD
from tests.browser.server import Server, serving, until

_names = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> AsyncIterator[Server]:
    """A server of this module's own: its lists hold what these tests put there."""
    async with serving(BATON_REST_TOKEN=TOKEN) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def customers(shop: Server) -> AsyncIterator[Customers]:
    """Those who write."""
    writers = Customers(shop)
    yield writers
    await writers.close()


@pytest_asyncio.fixture(loop_scope="session")
async def bob(shop: Server) -> AsyncIterator[Desk]:
    """A colleague, through the API."""
    desk = await Desk.open(shop, "bob")
    yield desk
    await desk.close()


@pytest_asyncio.fixture(loop_scope="session")
async def frame(browser: Browser, shop: Server) -> AsyncIterator[Any]:
    """Return a function that opens the desk; what went wrong there fails the test."""
    made: list[DeskPage] = []

    async def make(
        login: str = "ana", size: str = "desktop", server: Any = None, script: str = "", **context: Any
    ) -> Frame:
        desk = await DeskPage.open(browser, server or shop, login, size, **context)
        if script:
            await desk.context.add_init_script(script)
        made.append(desk)
        return Frame(desk)

    yield make
    for each in made:
        await each.leave()
    for each in made:
        each.check()


async def someone(customers: Customers, *texts: str) -> str:
    """Let a new customer write, then ask for a person; return a word that only they said."""
    word = f"matter-{next(_names)}"
    await customers.write(word, *texts, "person", f"it is {word}")
    return word


async def test_signing_in(browser: Browser, shop: Server) -> None:
    context = await browser.new_context(base_url=shop.url, locale="en-GB")
    page = await context.new_page()
    await page.goto("/desk#/bot")
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.get_by_label("E-mail").fill("sue@example.com")
    await page.get_by_label("Password").fill("something else entirely")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").first).not_to_be_empty()
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("desk-inbox h1")).to_have_text("With the assistant")
    await expect(page.get_by_role("link", name="Administration")).to_be_visible()
    await context.close()


async def test_who_may_not_answer_has_no_availability(frame: Any) -> None:
    tom = await (await frame("tom")).enter(online=False)
    await expect(tom.link("Queue")).to_be_visible()
    await expect(tom.link("Corrections")).to_be_visible()
    await expect(tom.page.locator("desk-availability")).to_have_count(0)
    await expect(tom.banner).to_be_hidden()


async def test_a_handoff_appears_and_goes_without_a_reload(
    frame: Any, customers: Customers, bob: Desk
) -> None:
    ana = await (await frame()).enter()
    before = (await bob.call("GET", "/counts"))["queue"]
    word = await someone(customers)
    row = ana.row(f"it is {word}")
    await expect(row).to_contain_text("Asked for a person")
    await expect(row).to_contain_text(re.compile(r"\d+s\s*waiting"))
    await expect(row.locator(".badge")).to_have_text("2 unread messages")
    await expect(ana.link("Queue")).to_contain_text(str(before + 1))

    case = await (await bob.find(word)).claim()
    await expect(row).to_have_count(0)
    await ana.keys("g", "a")
    await expect(ana.title).to_have_text("With agents")
    await expect(ana.row(f"it is {word}")).to_contain_text("Bob")
    await case.say("Bob is on it")
    await expect(ana.row("Bob: Bob is on it")).to_be_visible()
    await case.do("resolve")
    await expect(ana.row("Bob is on it")).to_have_count(0)


async def test_a_row_shows_who_else_looks_at_it(frame: Any, customers: Customers) -> None:
    word = await someone(customers)
    ana = await (await frame()).enter()
    await expect(ana.row(word)).to_be_visible()
    sue = await (await frame("sue")).enter(online=False)
    await sue.row(word).click()
    await expect(ana.row(word).locator(".case-viewers")).to_contain_text("Sue")
    await sue.keys("g", "c")
    await expect(ana.row(word).locator(".case-viewers")).to_have_count(0)


async def test_from_the_queue_to_the_end_with_keys_alone(
    frame: Any, customers: Customers, bob: Desk
) -> None:
    word = await someone(customers)
    ana = await (await frame()).enter("all")
    await ana.keys("g", "q")
    await expect(ana.title).to_have_text("Queue")
    await expect(ana.row(word)).to_be_visible()
    await ana.press("j")
    await expect(ana.rows.first).to_be_focused()
    for _ in range(await ana.rows.count()):
        if word in await ana.page.evaluate("document.activeElement.textContent"):
            break
        await ana.press("ArrowDown")
    await ana.press("Enter")
    await expect(ana.row(word)).to_have_attribute("aria-current", "true")
    await expect(ana.desk.standing).to_contain_text("Waiting")
    await ana.desk.claim()
    await expect(ana.title).to_have_text("Mine")
    await expect(ana.desk.text).to_be_focused()
    await ana.page.keyboard.type("Hello, I am Ana.")
    await ana.press("Enter")
    await expect(ana.row("You: Hello, I am Ana.")).to_be_visible()
    await ana.press("Escape")
    await ana.press("e")
    await ana.dialog.get_by_role("button", name="Resolve").focus()
    await ana.press("Enter")
    await expect(ana.row(word)).to_have_count(0)
    await ana.press("Escape")
    await ana.keys("g", "c")
    await expect(ana.row("Hello, I am Ana.")).to_be_visible()


EMPTY = {
    "q": "Nobody is waiting",
    "m": "You have no conversations",
    "t": "Nothing is left to do",
    "a": "Nobody is being helped right now",
    "b": "The assistant is talking to nobody",
    "c": "Nothing was closed yet",
    "e": "There are no conversations yet",
}


async def test_an_empty_list_says_what_would_come_here(frame: Any, own_server: Server) -> None:
    ana = await (await frame(server=own_server)).enter()
    for key, words in EMPTY.items():
        await ana.keys("g", key)
        await expect(ana.list.get_by_role("heading", name=words)).to_be_visible()
    await ana.keys("g", "m")
    await ana.page.get_by_role("button", name="Open the queue").click()
    await expect(ana.title).to_have_text("Queue")


async def test_a_long_list_is_read_as_one_scrolls_and_keeps_its_place(
    frame: Any, customers: Customers
) -> None:
    many = [f"many-{n}" for n in range(70)]
    await customers.crowd(many, "hello")
    ana = await (await frame()).enter("bot")
    await expect(ana.rows).to_have_count(50)
    for _ in range(3):
        await ana.list.locator(".list-body").evaluate("node => node.scrollTop = node.scrollHeight")
    await until(lambda: _more(ana, 70), "the second page")
    ids = await ana.rows.evaluate_all("nodes => nodes.map(node => node.dataset.id)")
    assert len(ids) == len(set(ids))

    await ana.rows.nth(60).focus()
    chosen = await ana.page.evaluate("document.activeElement.dataset.id")
    await customers.write("many-0", "once more")
    await expect(ana.rows.first).to_contain_text("once more")
    assert await ana.page.evaluate("document.activeElement.dataset.id") == chosen
    assert await ana.rows.count() >= 70


async def _more(ana: Frame, least: int) -> bool:
    return await ana.rows.count() >= least


async def test_a_busy_server_does_not_keep_the_list_reading(frame: Any, customers: Customers) -> None:
    """Sixty messages in a few seconds cost a handful of looks, and the last one is seen."""
    ana = await (await frame()).enter("bot")
    await customers.write("busy", "first")
    await expect(ana.row("first")).to_be_visible()
    looks: list[str] = []

    def note(request: Request) -> None:
        if "/conversations?" in request.url and "owner=bot" in request.url:
            looks.append(request.url)

    ana.page.on("request", note)
    begun = time.monotonic()
    await customers.write("busy", *[f"number {n}" for n in range(60)])
    await expect(ana.row("number 59")).to_be_visible()
    assert len(looks) <= time.monotonic() - begun + 2


async def test_filters_narrow_a_list(frame: Any, customers: Customers) -> None:
    word = await someone(customers)
    ana = await (await frame()).enter()
    await expect(ana.row(word)).to_be_visible()
    await ana.press("f")
    await ana.page.get_by_label("Reason").select_option("Frustrated")
    await expect(ana.list.get_by_role("heading", name="Nothing fits the filters")).to_be_visible()
    await ana.page.get_by_role("button", name="Clear the filters").click()
    await expect(ana.row(word)).to_be_visible()


async def test_the_palette_goes_and_does(frame: Any, customers: Customers) -> None:
    word = await someone(customers)
    ana = await (await frame()).enter()
    await expect(ana.row(word)).to_be_visible()
    await ana.press("Control+k")
    field = ana.dialog.get_by_role("combobox")
    await expect(field).to_be_focused()
    await field.fill("closed")
    await expect(ana.dialog.get_by_role("option").first).to_contain_text("Go to Closed")
    await ana.press("Enter")
    await expect(ana.title).to_have_text("Closed")
    await ana.press("Control+k")
    await field.fill(word)
    await expect(ana.dialog.get_by_role("group", name="Conversations")).to_be_visible()
    await ana.press("Enter")
    await expect(ana.desk.row(f"it is {word}")).to_be_visible()
    await ana.press("Control+k")
    await field.fill("settings")
    await ana.press("Enter")
    await ana.dialog.get_by_label("Dark").check()
    await expect(ana.page.locator("html")).to_have_attribute("data-theme", "dark")
    await ana.press("Escape")
    await ana.page.reload()
    await expect(ana.page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_the_palette_passes_on_and_inserts_replies(
    frame: Any, customers: Customers, shop: Server
) -> None:
    sue = await Desk.open(shop, "sue")
    await sue.call("POST", "/canned", shortcut="hi", title="A warm welcome", text="Hello and welcome!")
    await sue.close()
    word = await someone(customers)
    ana = await (await frame()).enter()
    await ana.row(word).click()
    await expect(ana.desk.standing).to_contain_text("Waiting")
    await ana.desk.claim()
    await ana.press("Control+k")
    await ana.dialog.get_by_role("combobox").fill("warm wel")
    await ana.press("Enter")
    await expect(ana.desk.text).to_have_value("Hello and welcome!")
    await ana.press("Control+k")
    await ana.dialog.get_by_role("combobox").fill("sue")
    await ana.dialog.get_by_role("group", name="Pass on to").get_by_role("option").first.click()
    chosen = ana.dialog.get_by_role("option", selected=True)
    await expect(chosen).to_contain_text("Sue")


async def test_the_search_finds_words_and_people(frame: Any, customers: Customers) -> None:
    word = await someone(customers, "the Zürich lamp is crooked")
    ana = await (await frame()).enter("bot")
    await ana.press("/")
    field = ana.dialog.get_by_role("combobox")
    await field.fill("zurich croo")
    found = ana.dialog.get_by_role("option").filter(has_text="the Zürich lamp is crooked")
    await expect(found).to_have_count(1)
    await expect(found.locator("mark").first).to_have_text("Zürich")
    await ana.press("Enter")
    await expect(ana.dialog).to_be_hidden()
    await expect(ana.desk.row("the Zürich lamp is crooked").first).to_be_visible()
    assert word
    await ana.press("/")
    await field.fill("nothing has these words")
    await expect(ana.dialog.get_by_role("heading", name="Nothing was found")).to_be_visible()


async def test_the_sheet_of_keys_has_every_key(frame: Any) -> None:
    ana = await (await frame()).enter()
    await ana.press("?")
    titles = await ana.dialog.locator("dt").all_text_contents()
    assert len(titles) == len(set(titles)) >= 30
    assert {"Next conversation", "Do anything", "Go online", "Write a note", "Resolve"} <= set(titles)
    await ana.press("Escape")
    await expect(ana.dialog).to_be_hidden()


async def test_who_comes_without_a_state_is_asked_to_go_online(frame: Any, shop: Server, bob: Desk) -> None:
    ada = await (await frame("ada")).enter(online=False)
    await expect(ada.banner).to_contain_text("You are offline.")
    await ada.banner.get_by_role("button", name="Go online").click()
    await expect(ada.banner).to_be_hidden()
    people = (await bob.call("GET", "/agents"))["agents"]
    assert next(one["state"] for one in people if one["name"] == "Ada") == "online"


async def test_a_lost_connection_is_said_and_mended(frame: Any, customers: Customers, shop: Server) -> None:
    line = Line(shop.port)
    await line.start()
    ana = await frame()
    await ana.page.goto(f"{line.url}/desk#/queue")
    await expect(ana.page.locator(".line").first).to_have_text("Live")
    await line.cut()
    await expect(ana.banner).to_contain_text("No connection.")
    word = await someone(customers)
    await line.start()
    await expect(ana.row(word)).to_be_visible()
    await expect(ana.page.get_by_text("No connection.")).to_be_hidden()
    await line.stop()


async def test_a_server_that_starts_again_finds_me_where_i_was(frame: Any, own_server: Server) -> None:
    ana = await (await frame(server=own_server)).enter("bot")
    await own_server.restart()
    await expect(ana.page.locator(".line").first).to_have_text("Live")
    sue = await Desk.open(own_server, "sue")

    async def online() -> bool:
        people = (await sue.call("GET", "/agents"))["agents"]
        return bool(next(one["state"] for one in people if one["name"] == "Ana") == "online")

    await until(online, "Ana is online again, though the server forgot her")
    await expect(ana.title).to_have_text("With the assistant")
    await sue.close()


async def test_an_ended_session_is_taken_up_where_it_was(browser: Browser, shop: Server) -> None:
    context = await browser.new_context(base_url=shop.url, locale="en-GB")
    page = await context.new_page()
    await page.goto("/desk#/bot")
    await page.get_by_label("E-mail").fill("ada@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("desk-inbox h1")).to_have_text("With the assistant")
    await context.clear_cookies()
    await page.evaluate("location.hash = '#/nobody'")
    await expect(page.get_by_text("Your session has ended.")).to_be_visible()
    await expect(page.get_by_label("E-mail")).to_have_value("ada@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("desk-inbox h1")).to_have_text("Closed")
    await context.close()


@pytest.mark.parametrize("width", [320, 390])
async def test_on_a_phone_there_is_one_pane_at_a_time(
    frame: Any, customers: Customers, bob: Desk, width: int
) -> None:
    word = await someone(customers)
    ana = await (await frame("sue", "phone", viewport={"width": width, "height": 640})).enter(online=False)
    await expect(ana.row(word)).to_be_visible()
    await ana.no_sideways_scroll()
    await ana.row(word).tap()
    await expect(ana.row(word)).to_be_hidden()
    await expect(ana.desk.row(f"it is {word}")).to_be_visible()
    await ana.no_sideways_scroll()
    await ana.page.get_by_role("button", name="Back to the list").tap()
    await expect(ana.row(word)).to_be_visible()
    await ana.page.get_by_role("button", name="More").tap()
    await ana.dialog.get_by_label("Away").tap()
    await ana.dialog.get_by_role("link", name="Closed").tap()
    await expect(ana.dialog).to_be_hidden()
    await expect(ana.title).to_have_text("Closed")
    people = (await bob.call("GET", "/agents"))["agents"]
    assert next(one["state"] for one in people if one["name"] == "Sue") == "away"


async def test_one_key_claims_who_waits_first(frame: Any, customers: Customers) -> None:
    word = await someone(customers)
    ana = await (await frame()).enter()
    await expect(ana.row(word)).to_be_visible()
    await ana.press("c")
    await expect(ana.title).to_have_text("Mine")
    await expect(ana.page.locator("desk-conversation .standing")).to_contain_text("You have this")
