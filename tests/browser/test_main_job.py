"""The main job in a browser: from the first word to a person and back, at both sizes."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from tests.browser.desk import Desk

IN_QUEUE = re.compile("in line|join you here")


async def test_from_hello_to_a_person_and_a_rating(visitor: Any, desk: Desk, size: str) -> None:
    chat = await (await visitor(size)).chat()
    await chat.ask("hello", "Hello! What can I do for you?")
    await chat.choice("Track my order").click()
    await chat.sees("Which order do you mean?")
    await expect(chat.choice("Talk to a person")).to_have_count(0)  # it is about what is past
    await chat.choice("Order 4521").click()
    await chat.sees("Order 4521 left us yesterday")
    await chat.ask(f"it is not here, I am waiting ({size})")

    await chat.write("person")
    await expect(chat.strip).to_contain_text(IN_QUEUE)
    await chat.sees(re.compile("You can add anything you like meanwhile"))
    assert not [text for text in await chat.texts() if "number" in text], "the line on top says the place"
    await expect(chat.choice("Leave a message")).to_be_visible()
    case = await desk.find(f"I am waiting ({size})")
    await case.claim()
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    await expect(chat.choice("Leave a message")).to_have_count(0)
    await chat.write("are you there?")
    await case.say("Yes, I am Ana. I will send another one.")
    await chat.sees("I will send another one.")
    await case.read()
    await expect(chat.log).to_contain_text("Seen")
    assert (await case.texts())[-1] == "are you there?"

    await case.do("resolve")
    await expect(chat.log).to_contain_text("How was your conversation?")
    await chat.button("4 / 5").click()
    await chat.host.get_by_role("textbox", name="Comment (optional)").fill("quick and kind")
    await chat.log.get_by_role("button", name="Send").click()
    await expect(chat.log).not_to_contain_text("How was your conversation?")
    view = await case.view()
    assert view["rating"]["score"] == 4
    assert view["rating"]["comment"] == "quick and kind"
    await chat.ask("thank you")


async def test_the_bot_types_while_it_thinks(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.write("slow")
    await expect(chat.log.locator(".dots")).to_be_visible()
    await chat.sees("That took a while.")
    await expect(chat.log.locator(".dots")).to_have_count(0)


async def test_two_answers_to_one_message_come_in_order(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("two answers", "Second.")
    assert await chat.texts() == ["two answers", "First.", "Second."]


async def test_agents_are_seen_typing_by_name_and_notes_never(visitor: Any, desk: Desk) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("about the blue lamp")
    await chat.write("person")
    case = await (await desk.find("about the blue lamp")).claim()
    await case.say("between us: be careful", kind="note")
    await case.say("Which blue?")
    await chat.sees("Which blue?")
    assert not any("be careful" in text for text in await chat.texts())


async def test_the_queue_tells_the_place_and_lets_one_go_back(visitor: Any, desk: Desk) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("I have patience")
    await chat.write("person")
    await expect(chat.strip).to_contain_text("line")
    ways = chat.host.get_by_role("group", name="Suggestions")
    back = ways.get_by_role("button", name="Back to the assistant")
    await expect(back).to_be_visible()
    await chat.write("one more thing while I wait")
    await chat.sees("one more thing while I wait")
    await expect(chat.log).not_to_contain_text("Sending")
    await back.click()
    await expect(chat.panel).not_to_contain_text(IN_QUEUE)
    await chat.ask("with the bot again")
    await desk.find("I have patience", owner="bot")
