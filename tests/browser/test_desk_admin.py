"""Administration at the desk: people and their sign-in, canned replies, hours, the audit log, corrections."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.desk import Desk
from tests.browser.desk_page import DeskPage
from tests.browser.serve import PASSWORD
from tests.browser.server import Server, serving
from tests.browser.site import Site
from tests.browser.test_axe import RULES

SECTIONS = ("people", "teams", "canned", "hours", "corrections", "audit")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(site: Site) -> AsyncIterator[Server]:
    """A server whose people may be changed: others count on those of the shared one."""
    async with serving(origins=site.origin) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def worker(browser: Browser, office: Server) -> AsyncIterator[Any]:
    """Return a function that opens the desk's page at a place; what went wrong there fails the test."""
    made: list[DeskPage] = []

    async def make(login: str, place: str, size: str = "desktop", **context: Any) -> DeskPage:
        new = await DeskPage.open(browser, office, login, size, **context)
        made.append(new)
        await new.page.goto(f"/desk#/{place}")
        return new

    yield make
    for each in made:
        await each.leave()
    for each in made:
        each.check()


async def sign_in(page: Page, email: str, password: str) -> None:
    """Fill the form, as somebody does who comes for the first time."""
    await page.goto("/desk")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def stranger(browser: Browser, office: Server) -> Page:
    """Return a page of a browser in which nobody is signed in."""
    context = await browser.new_context(base_url=office.url, locale="en-GB", reduced_motion="reduce")
    return await context.new_page()


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_somebody_is_added_and_signs_in_with_the_password_that_is_shown_once(
    worker: Any, browser: Browser, office: Server, size: str
) -> None:
    ada = await worker("ada", "admin/people", size)
    email = f"nele.{size}@example.com"
    await ada.page.get_by_role("button", name="Add a person").click()
    await ada.dialog.get_by_role("button", name="Add").click()
    await expect(ada.dialog.get_by_text("Name is missing.")).to_be_visible()
    await ada.dialog.get_by_label("Name").fill(f"Nele {size}")
    await ada.dialog.get_by_label("E-mail").fill("ana@example.com")
    await ada.dialog.get_by_role("button", name="Add").click()
    await expect(ada.dialog.get_by_text("is an agent already")).to_be_visible()
    await expect(ada.dialog.get_by_label("Name")).to_have_value(f"Nele {size}")
    await ada.dialog.get_by_label("E-mail").fill(email)
    await ada.dialog.get_by_role("button", name="Add").click()
    await expect(ada.dialog.get_by_text("It is shown this once")).to_be_visible()
    password = await ada.dialog.locator("dd").nth(1).inner_text()
    await ada.dialog.get_by_role("button", name="Done").click()
    await expect(ada.page.locator(".line-row").filter(has_text=email)).to_contain_text("Agent")

    page = await stranger(browser, office)
    await sign_in(page, email, password)
    await expect(page.locator("desk-shell")).to_be_visible()
    await page.goto("/desk#/admin/people")
    await expect(page.get_by_text("This is not for you")).to_be_visible()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    await page.context.close()


async def test_supervisors_see_people_but_do_not_change_them_and_trainers_see_corrections(
    worker: Any,
) -> None:
    sue = await worker("sue", "admin/people")
    await expect(sue.page.locator(".line-row").filter(has_text="bob@example.com")).to_be_visible()
    await expect(sue.page.get_by_role("button", name="Edit Bob")).to_have_count(0)
    await expect(sue.page.get_by_role("button", name="Add a person")).to_have_count(0)
    tom = await worker("tom", "admin/corrections")
    await expect(tom.page.get_by_text("Nothing is to be reviewed")).to_be_visible()
    parts = tom.page.get_by_role("navigation", name="Administration", exact=True).get_by_role("link")
    await expect(parts).to_have_text(["Corrections"])


async def test_disabling_says_what_becomes_of_the_customers_and_signs_out_at_once(
    worker: Any, visitor: Any, office: Server
) -> None:
    chat = await (await visitor(at=office.url)).chat()
    await chat.ask("bob is to go")
    await chat.write("person")
    desk = await Desk.open(office, "bob")
    await (await desk.find("bob is to go")).claim()
    await desk.close()
    bob = await worker("bob", "mine")
    await expect(bob.page.locator("desk-rail").get_by_text("Bob")).to_be_visible()
    ada = await worker("ada", "admin/people")
    await ada.page.get_by_role("button", name="More about Bob").click()
    await ada.page.get_by_role("button", name="Disable").click()
    await expect(ada.dialog).to_contain_text("Their conversation goes back to the queue.")
    await ada.dialog.get_by_role("button", name="Disable").click()
    await expect(ada.page.locator(".line-row").filter(has_text="bob@example.com")).to_contain_text(
        "Disabled"
    )
    await expect(bob.page.get_by_text("Your session has ended")).to_be_visible()


async def test_codes_are_turned_on_used_and_replaced_by_a_recovery_code(
    worker: Any, browser: Browser, office: Server
) -> None:
    ana = await worker("ana", "me")
    await ana.page.get_by_role("button", name="Turn codes on").click()
    await expect(ana.dialog.get_by_role("img", name="QR code")).to_be_visible()
    secret = (await ana.dialog.locator(".secret-type code").inner_text()).replace(" ", "")
    await ana.dialog.get_by_label("Code that the app shows").fill("000000")
    await ana.dialog.get_by_role("button", name="Turn on").click()
    await expect(ana.dialog.get_by_text("The code is not right")).to_be_visible()
    await ana.dialog.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).now())
    await ana.dialog.get_by_role("button", name="Turn on").click()
    codes = ana.dialog.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    spare = await codes.first.inner_text()
    async with ana.page.expect_download() as kept:
        await ana.dialog.get_by_role("button", name="Download").click()
    assert spare in Path(await (await kept.value).path()).read_text()
    await ana.dialog.get_by_role("button", name="I have kept them").click()
    await expect(ana.page.get_by_role("button", name="Turn codes off")).to_be_focused()

    later = pyotp.TOTP(secret).at(int(datetime.now(UTC).timestamp()) + 30)  # the present one is used up
    for code, used in ((later, False), (spare, False), (spare, True)):
        page = await stranger(browser, office)
        await sign_in(page, "ana@example.com", PASSWORD)
        await page.get_by_role("textbox", name=re.compile("^Code")).fill(code)
        await page.get_by_role("button", name="Sign in").click()
        await expect(
            page.get_by_text("The code is not right") if used else page.locator("desk-shell")
        ).to_be_visible()
        await page.context.close()

    await ana.page.get_by_role("button", name="Turn codes off").click()
    await ana.dialog.get_by_label("Your password").fill("not my password")
    await ana.dialog.get_by_role("button", name="Turn off").click()
    await expect(ana.dialog.get_by_text("The password is wrong.")).to_be_visible()
    await ana.dialog.get_by_label("Your password").fill(PASSWORD)
    await ana.dialog.get_by_role("button", name="Turn off").click()
    await expect(ana.page.get_by_role("button", name="Turn codes on")).to_be_visible()


async def test_a_sign_in_that_is_ended_signs_that_page_out_at_once(
    worker: Any, browser: Browser, office: Server
) -> None:
    other = await stranger(browser, office)
    await sign_in(other, "tom@example.com", PASSWORD)
    await expect(other.locator("desk-shell")).to_be_visible()
    tom = await worker("tom", "me")
    mine = tom.page.get_by_role("list", name="Sign-ins and tokens").get_by_role("listitem")
    await expect(mine).to_have_count(2)
    await expect(mine.first).to_contain_text("This browser")
    await mine.nth(1).get_by_role("button").click()
    await tom.dialog.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_text("Your session has ended")).to_be_visible()
    await expect(mine).to_have_count(1)
    await other.context.close()


async def test_a_canned_reply_is_written_found_and_used(worker: Any, visitor: Any, office: Server) -> None:
    chat = await (await visitor(at=office.url)).chat()
    await chat.ask("canned please")
    await chat.write("person")
    sue = await worker("sue", "admin/canned")
    await sue.page.get_by_role("button", name="New reply").first.click()
    await sue.dialog.get_by_label("Title").fill("A first hello")
    await sue.dialog.get_by_label("Shortcut").fill("/Hello")
    await sue.dialog.get_by_label("Text").fill("Hello {customer.nickname}, I am ")
    await sue.dialog.get_by_role("button", name="Agent's name").click()
    await expect(sue.dialog.get_by_role("region", name="Preview")).to_contain_text("I am Sue")
    await sue.dialog.get_by_role("button", name="Save").click()
    await expect(sue.dialog.get_by_text("is not a placeholder")).to_be_visible()
    await sue.dialog.get_by_label("Text").fill("Hello, I am {agent.name}.")
    await sue.press("Escape")
    await expect(sue.page.get_by_role("dialog", name="Discard your changes?")).to_be_visible()
    await sue.press("Escape")
    await sue.dialog.get_by_role("button", name="Save").click()
    await expect(sue.page.locator(".line-row")).to_contain_text("/hello")

    desk = await Desk.open(office, "sue")
    found = await (await desk.find("canned please")).claim()
    await desk.close()
    await sue.look_at(found)
    await sue.text.press_sequentially("/hello")
    await sue.page.get_by_role("option").filter(has_text="A first hello").click()
    await expect(sue.text).to_have_value("Hello, I am Sue.")
    await sue.press("Enter")
    await chat.sees("Hello, I am Sue.")


async def test_changed_hours_are_what_the_next_customer_hears(
    worker: Any, visitor: Any, office: Server
) -> None:
    sue = await worker("sue", "admin/hours")
    await expect(sue.page.get_by_text("From the server's settings.")).to_be_visible()
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    there = names[(datetime.now(UTC).weekday() + 3) % 7]  # closed now, wherever that is
    for name in names:
        await sue.page.get_by_role("switch", name=f"{name}, open").uncheck()
    await sue.page.get_by_role("button", name="Save the hours").click()
    await expect(sue.page.get_by_text("Choose at least one day")).to_be_visible()
    await sue.page.get_by_role("switch", name=f"{there}, open").check()
    await sue.page.get_by_label(f"{there}, opens").fill("10:15")
    await sue.page.get_by_label(f"{there}, closes").fill("16:45")
    await sue.page.get_by_label("Time zone").fill("Nowhere/Land")
    await sue.page.get_by_role("link", name="Teams", exact=True).click()
    await (
        sue.page.get_by_role("dialog", name="Discard your changes?")
        .get_by_role("button", name="Cancel")
        .click()
    )
    await expect(sue.page.get_by_label(f"{there}, opens")).to_have_value("10:15")
    await sue.page.get_by_role("button", name="Save the hours").click()
    await expect(sue.page.get_by_text("is not a time zone")).to_be_visible()
    await sue.page.get_by_label("Time zone").fill("UTC")
    await sue.page.get_by_role("button", name="Save the hours").click()
    await expect(sue.page.get_by_role("region", name="Now")).to_contain_text("Closed now")
    await expect(sue.page.get_by_role("region", name="Now")).to_contain_text(f"{there[:3]} 10:15-16:45")

    chat = await (await visitor(at=office.url)).chat()
    await chat.ask("hello there")
    await chat.write("person")
    await chat.sees(re.compile(f"{there[:3]} 10:15-16:45"))
    await sue.page.get_by_role("button", name="Back to the settings").click()
    await sue.dialog.get_by_role("button", name="Back to the settings").click()
    await expect(sue.page.get_by_role("region", name="Now")).to_contain_text("Open now")


async def test_the_audit_log_is_searched_and_exported_as_it_is_filtered(
    worker: Any, office: Server
) -> None:
    desk = await Desk.open(office, "ada")
    for name in ("Audited one", "Audited two"):
        await desk.call("POST", "/teams", name=name)
    await desk.close()
    sue = await worker("sue", "admin/audit")
    rows = sue.page.locator(".audit-row")
    await expect(rows.filter(has_text="Ada made the team Audited two")).to_be_visible()
    await sue.page.get_by_label("What").select_option("Teams")
    await sue.page.get_by_label("Who").select_option("Ada")
    await sue.page.get_by_label("Search the log").fill("Audited one")
    await expect(rows).to_have_count(1)
    await rows.first.get_by_text("Details").click()
    await expect(rows.first.get_by_label("Details")).to_contain_text('"action": "team.added"')
    async with sue.page.expect_download() as kept:
        await sue.page.get_by_role("link", name="Export as CSV").click()
    with Path(await (await kept.value).path()).open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(one["actor_name"], one["action"]) for one in found] == [("Ada", "team.added")]
    await sue.page.get_by_role("button", name="Clear filters").click()
    await expect(rows.filter(has_text="Sue exported the audit log")).to_be_visible()


async def test_a_correction_is_listed_opened_and_dropped(worker: Any, visitor: Any, office: Server) -> None:
    chat = await (await visitor(at=office.url)).chat()
    await chat.ask("that is not what i meant")
    desk = await Desk.open(office, "sue")
    found = await desk.find("that is not what i meant", "bot")
    intent = (await desk.call("GET", "/intents"))["intents"][0]
    seq = next(one["seq"] for one in await found.messages() if one["author"] == "customer")
    await found.do(f"messages/{seq}/correction", intent=intent["name"], note="It happens often.")
    await desk.close()
    tom = await worker("tom", "admin/corrections")
    row = tom.page.locator(".line-row").filter(has_text="that is not what i meant")
    await expect(row).to_contain_text(intent["title"])
    await expect(row.get_by_role("link", name="Open")).to_have_attribute("href", f"#/all/{found.id}/{seq}")
    await row.get_by_role("button", name="Drop").click()
    await tom.dialog.get_by_label("Why").fill("Only this one.")
    await tom.dialog.get_by_role("button", name="Drop it").click()
    await expect(row).to_have_count(0)
    await tom.page.get_by_role("radio", name="Dropped").check()
    await expect(row).to_contain_text("dropped by Tom")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_axe_is_content_with_the_administration(worker: Any, size: str, theme: str) -> None:
    ada = await worker("ada", "admin/people", size, color_scheme=theme)
    for section in SECTIONS:
        await ada.page.goto(f"/desk#/admin/{section}")
        await expect(ada.page.locator(f"desk-admin-{section}")).to_be_visible()
        await expect(ada.page.get_by_role("status", name="Loading")).to_have_count(0)
        await clean(ada, section)
    await ada.page.goto("/desk#/me")
    await expect(ada.page.get_by_role("list", name="Sign-ins and tokens")).to_be_visible()
    await clean(ada, "me")
    await ada.page.get_by_role("button", name="Turn codes on").click()
    await expect(ada.dialog).to_be_visible()
    await clean(ada, "codes")
    await ada.press("Escape")
    await ada.page.goto("/desk#/admin/canned")
    await ada.page.get_by_role("button", name="New reply").first.click()
    await ada.dialog.get_by_role("button", name="Save").click()
    await clean(ada, "a reply with errors")
    await ada.press("Escape")


async def clean(desk: DeskPage, when: str) -> None:
    """Fail with axe's report, or if the page is wider than the screen."""
    found = await Axe().run(desk.page, options={"runOnly": {"type": "tag", "values": RULES["runOnly"]}})
    assert found.violations_count == 0, f"{when}: {found.generate_report()}"
    wide = await desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{when}: {wide} pixels too wide"
