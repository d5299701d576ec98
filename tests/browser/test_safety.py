"""Nothing that anybody writes runs, strict pages are no obstacle, and the page's own styles do no harm."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.desk import Desk
from tests.browser.pictures import HTML, png
from tests.browser.script import EVIL
from tests.browser.server import Server

HOSTILE_STYLES = """<style>
* {all: unset !important; font-size: 2px !important; color: #fefefe !important}
button, textarea, section, div {display: none !important}
baton-chat {color: red}
</style>"""
SIZE = re.compile("B$")
PAYLOADS = (
    "<script>window.__pwned=1</script>",
    EVIL,
    "<svg onload=window.__pwned=1>",
    "**<img src=x onerror=window.__pwned=1>**",
    'https://shop.example/"onmouseover="window.__pwned=1',
    "javascript:window.__pwned=1",
    "</textarea><iframe srcdoc='<script>parent.__pwned=1</script>'>",
)


async def unharmed(chat: Chat) -> None:
    """Fail if any markup of a stranger became an element."""
    bad = await chat.inside(
        "root => root.querySelectorAll('script, iframe, [onerror], [onload], [onmouseover], svg [onload]').length"
    )
    assert bad == 0
    links = await chat.inside("root => [...root.querySelectorAll('a')].map(a => a.protocol)")
    assert set(links) <= {"https:", "http:", "mailto:"}
    assert await chat.page.evaluate("window.__pwned === undefined")


async def test_markup_is_text_whoever_writes_it(visitor: Any, server: Server) -> None:
    chat = await (await visitor()).chat(title=EVIL, greeting=EVIL)
    for payload in PAYLOADS:
        await chat.ask(payload, f"You said: {payload}".replace("**", ""))  # bold is all there is
    await chat.ask("markup", "Bot says")
    await expect(chat.choice(EVIL)).to_be_visible()
    desk = await Desk.open(server, "evil")
    await chat.write("person")
    case = await (await desk.find("svg onload=window")).claim()
    for payload in PAYLOADS:
        await case.say(payload)
    await case.send_file('"><img src=x onerror=window.__pwned=1>.png', png(), EVIL)
    await case.send_file("<b>.txt", b"plain words", "the last one")
    await chat.sees("the last one")
    await expect(chat.panel).to_contain_text("You are talking to <b")
    await unharmed(chat)
    await chat.page.reload()
    await chat.sees("the last one")
    await unharmed(chat)
    await desk.close()


async def test_a_file_name_is_text(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    await chat.attach("<img src=x onerror=window.__pwned=1>.png", HTML, "image/png")
    await expect(chat.host.locator(".chip").get_by_role("alert")).to_be_visible()
    await chat.attach("<svg onload=window.__pwned=1>.png", png(), "image/png")
    await expect(chat.host.locator(".chip small").last).to_have_text(SIZE)
    await chat.write("")
    await chat.log.locator("img").wait_for()
    await unharmed(chat)


async def test_links_lead_away_safely(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("links", "See https")
    links = chat.message("See https").get_by_role("link")
    assert [await link.get_attribute("href") for link in await links.all()] == [
        "https://shop.example/returns?a=1&b=2", "mailto:help@shop.example",
    ]  # fmt: skip
    for link in await links.all():
        assert await link.get_attribute("target") == "_blank"
        assert "noopener" in (await link.get_attribute("rel") or "")


async def test_it_works_under_a_strict_policy(visitor: Any, desk: Desk, size: str) -> None:
    """Nonces only, no inline style, trusted types: what is not allowed is noted by the fixture."""
    chat = await (await visitor(size)).chat(strict=True)
    await chat.ask("hello", "Hello! What can I do for you?")
    await chat.choice("Track my order").click()
    await chat.sees("Which order do you mean?")
    await chat.ask(f"strict {size}")
    await chat.write("person")
    case = await (await desk.find(f"strict {size}")).claim()
    await case.send_file("photo.png", png(), "a picture")
    await chat.log.locator("img").wait_for()
    await chat.attach("lamp.png", png(), "image/png")
    await expect(chat.host.locator(".chip small")).to_have_text(SIZE)
    await chat.write("")
    await expect(chat.log.locator("img")).to_have_count(2)
    await chat.open_menu()
    async with chat.page.expect_download():
        await chat.menu("Download transcript").click()
    box = await chat.panel.bounding_box()
    assert box is not None
    assert box["width"] > 300  # its styles are there


async def test_the_page_cannot_break_it_and_it_does_not_break_the_page(visitor: Any, size: str) -> None:
    chat = await (await visitor(size)).visit(head=HOSTILE_STYLES)
    await expect(chat.launcher).to_be_visible()
    box = await chat.launcher.bounding_box()
    assert box is not None
    assert box["width"] >= 44
    await chat.open()
    await chat.ask("still here")
    color = await chat.message("You said: still here").evaluate("e => getComputedStyle(e).fontSize")
    assert color == "15px"
    assert await chat.page.evaluate("getComputedStyle(document.body).overflow") != "scroll"
    assert await chat.page.locator("body > *").count() == 2  # the page's own main, and one element of ours


@pytest.mark.parametrize("times", [2, 3])
async def test_a_second_script_tag_does_no_harm(visitor: Any, times: int) -> None:
    chat = await (await visitor()).chat(times=times)
    await expect(chat.host).to_have_count(1)
    await chat.ask("only once")
    assert await chat.texts() == ["only once", "You said: only once"]


async def test_the_page_keeps_its_globals(visitor: Any) -> None:
    person = await visitor()
    chat = await person.visit(before="window.__before = Object.keys(window)")
    await expect(chat.launcher).to_be_visible()
    new = await chat.page.evaluate(
        "Object.keys(window).filter(k => !window.__before.includes(k) && !k.startsWith('__'))"
    )
    assert new == ["Baton"]
    assert await chat.page.evaluate("document.cookie") == ""
    assert await person.context.cookies() == []


async def test_a_prototype_that_the_page_has_extended_is_no_trouble(visitor: Any) -> None:
    before = "Array.prototype.last = function () {}; Object.prototype.extra = 1;"
    chat = await (await visitor()).chat(before=before)
    await chat.ask("hello", "Hello! What can I do for you?")
    await expect(chat.choice("Track my order")).to_be_visible()
