"""Long texts, long histories, the unread badge, and what one can do with one's data."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk
from tests.browser.server import Server, until

FAMILY = "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 zalgo ḧ̶̨e̵̡l̶̠l̷o"


@pytest.mark.parametrize(
    "text", ["Donaudampfschifffahrt" * 12, "x" * 4000, FAMILY, "a\n\nb\tc", "  spaces  "]
)
async def test_texts_of_all_kinds_come_back_as_they_were(visitor: Any, text: str) -> None:
    chat = await (await visitor("phone")).chat()
    await chat.write(text)
    await expect(chat.log.locator(".text")).to_have_count(2)
    assert await chat.texts() == [text.strip(), f"You said: {text.strip()}"]
    assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")


async def test_more_than_can_be_sent_cannot_be_typed(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    await chat.input.evaluate(
        "(input, text) => { input.value = text }", "y" * 4500
    )  # past the field's own limit
    await chat.input.press("End")
    await chat.input.press("Enter")
    await expect(chat.log).to_contain_text("Not sent")
    await chat.button("Remove").click()
    await expect(chat.log).not_to_contain_text("Not sent")
    await chat.ask("after")


async def test_what_was_refused_hides_nothing_of_what_follows(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.page.evaluate("Baton.send('z'.repeat(4001))")
    await expect(chat.log).to_contain_text("Not sent")
    await chat.ask("something")
    await expect(chat.log).to_contain_text("Sent")


async def test_empty_messages_are_not_sent(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.write("   ")
    await chat.ask("something")
    assert await chat.texts() == ["something", "You said: something"]


async def test_history_comes_as_one_scrolls(visitor: Any, desk: Desk, size: str) -> None:
    person = await visitor(size)
    chat = await person.chat()
    await chat.ask(f"a long story ({size})")
    await chat.write("person")
    case = await (await desk.find(f"a long story ({size})")).claim()
    await chat.close()
    for n in range(200):
        await case.say(f"line {n}.")
    await chat.page.reload()
    await chat.open()
    await chat.sees("line 199.")
    assert len(await chat.texts()) < 60
    assert await chat.log.evaluate("log => log.scrollTop + log.clientHeight >= log.scrollHeight - 2")

    async def scrolled_up() -> bool:
        await chat.log.evaluate("log => { log.scrollTop = 0 }")
        return (await chat.texts())[0].startswith("a long story")

    await until(scrolled_up, "the first message")
    lines = [text for text in await chat.texts() if text.startswith("line ")]
    assert lines == [f"line {n}." for n in range(200)]
    await chat.log.evaluate("log => { log.scrollTop = 0 }")
    await case.say("one more")
    await expect(chat.message("one more")).to_have_count(1)
    assert await chat.log.evaluate("log => log.scrollTop") < 200  # who reads is not pulled away
    await chat.log.evaluate("log => { log.scrollTop = log.scrollHeight }")
    await expect(chat.message("one more")).to_be_in_viewport()


async def test_what_came_while_it_was_closed_is_counted(visitor: Any, desk: Desk, size: str) -> None:
    chat = await (await visitor(size)).chat()
    await chat.ask(f"count for me ({size})")
    await chat.write("person")
    case = await (await desk.find(f"count for me ({size})")).claim()
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    await chat.close()
    await chat.page.evaluate("Baton.on('unread', n => (window.__unread = n))")
    await case.say("one")
    await case.say("two")
    await expect(chat.launcher).to_have_accessible_name(re.compile("2 unread"))
    await expect(chat.host.locator(".badge")).to_have_text("2")
    assert await chat.page.evaluate("[Baton.unread, window.__unread]") == [2, 2]
    await chat.page.reload()
    await expect(chat.host.locator(".badge")).to_have_text("2")
    await chat.open()
    await chat.sees("two")
    await expect(chat.host.locator(".badge")).to_have_count(0)

    async def read() -> bool:
        view = await case.view()
        return bool(view["customer_read"] >= (await case.messages())[-1]["seq"] - 1)

    await until(read, "the agent sees that it was read")
    await chat.page.reload()
    await expect(chat.host.locator(".badge")).to_have_count(0)


async def test_a_new_conversation_starts_empty(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("the old matter")
    await chat.pick("New conversation", sure="New conversation")
    await expect(chat.log).not_to_contain_text("the old matter")
    await chat.ask("the new matter")
    await chat.page.reload()
    await chat.sees("You said: the new matter")
    assert await chat.texts() == ["the new matter", "You said: the new matter"]


async def test_deleting_ones_data_deletes_it(visitor: Any, desk: Desk) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("forget the word Rosebud")
    case = await desk.find("forget the word Rosebud", owner="bot")
    await chat.pick("Delete my data", sure="Not now")
    await chat.sees("You said: forget the word Rosebud")
    await chat.pick("Delete my data", sure="Delete my data")
    await expect(chat.log).not_to_contain_text("Rosebud")

    async def gone() -> bool:
        return (await desk.client.get(f"/conversations/{case.id}")).status_code == 404

    await until(gone, "the conversation is gone")
    assert "Rosebud" not in str(await chat.kept())
    await chat.ask("a fresh start")
    assert await chat.texts() == ["a fresh start", "You said: a fresh start"]


async def test_the_transcript_can_be_downloaded(visitor: Any, desk: Desk) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("for the record")
    await chat.write("person")
    case = await (await desk.find("for the record")).claim()
    await case.say("a note", kind="note")
    await case.say("Noted.")
    await chat.sees("Noted.")
    await chat.open_menu()
    async with chat.page.expect_download() as started:
        await chat.menu("Download transcript").click()
    download = await started.value
    assert download.suggested_filename.endswith(".txt")
    text = Path(await download.path()).read_text()
    assert "for the record" in text
    assert "Ana" in text
    assert "Noted." in text
    assert "a note" not in text


async def test_too_many_messages_are_held_back_kindly(visitor: Any, own_server: Server) -> None:
    own_server.settings["BATON_RATE_LIMIT"] = "3/minute"
    await own_server.restart()
    chat = await (await visitor(at=own_server.url)).chat()
    for n in range(3):
        await chat.ask(f"number {n}")
    await chat.write("one too many")
    await expect(chat.message("one too many")).to_be_visible()
    assert "You said: one too many" not in await chat.texts()
    await expect(chat.panel).to_contain_text(re.compile("Sending|too many|moment", re.IGNORECASE))
    own_server.move(60)
    await chat.page.reload()
    await chat.sees("You said: one too many")
    assert (await chat.texts()).count("one too many") == 1


async def test_out_of_hours_one_can_leave_a_message(visitor: Any, own_server: Server) -> None:
    own_server.settings["BATON_HOURS"] = "Mon-Sun 03:00-03:01 UTC"
    await own_server.restart()
    own_server.move(((12 - datetime.now(UTC).hour) % 24) * 3600)
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("is anybody there")
    await expect(chat.strip).to_contain_text("Leave a message")
    await chat.write("person")
    await expect(chat.strip).to_contain_text("Our team is away")
    desk = await Desk.open(own_server)
    case = await desk.find("is anybody there")
    assert "person" in await case.texts()
    await desk.close()


async def test_the_pages_own_script_can_use_it(visitor: Any) -> None:
    chat = await (await visitor()).visit(
        before="window.heard = []; window.Baton = [['on', 'message', m => heard.push(m.text)],"
        " ['on', 'open', () => heard.push('open')], ['on', 'close', () => heard.push('close')]]"
    )
    await expect(chat.launcher).to_be_visible()
    await chat.page.evaluate("Baton.open()")
    await chat.page.evaluate("Baton.send('from the page')")
    await chat.sees("You said: from the page")
    await chat.page.evaluate("Baton.toggle()")
    await expect(chat.panel).to_be_hidden()
    assert await chat.page.evaluate("heard") == ["open", "You said: from the page", "close"]
