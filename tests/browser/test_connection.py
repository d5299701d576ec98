"""Reloads, restarts and bad networks in the middle of a conversation: nothing lost, nothing doubled."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.desk import Desk
from tests.browser.line import Line
from tests.browser.server import Server, until

NO_CONNECTION = "No connection"


async def comes_back(chat: Chat) -> None:
    """Let the widget know that the network is there, as the browser does; it need not wait for its turn."""
    await chat.page.evaluate("dispatchEvent(new Event('online'))")


def once(*said: str) -> list[str]:
    """Return the texts of a conversation in which each of `said` was answered once."""
    return [text for each in said for text in (each, f"You said: {each}")]


async def test_a_reload_shows_the_same_conversation(visitor: Any, size: str) -> None:
    chat = await (await visitor(size)).chat()
    await chat.ask("one")
    await chat.write("slow")
    await chat.page.reload()
    if size == "phone":  # where an open panel would cover the page
        await chat.open()
    await chat.sees("That took a while.")
    await chat.ask("two")
    assert await chat.texts() == [*once("one"), "slow", "That took a while.", *once("two")]


async def test_other_pages_of_the_site_go_on_with_the_conversation(visitor: Any) -> None:
    person = await visitor()
    chat = await person.chat()
    await chat.ask("one")
    await chat.page.goto(person.page_with_widget())
    await chat.sees("You said: one")
    await chat.ask("two")
    assert await chat.texts() == once("one", "two")


async def test_a_killed_server_loses_and_doubles_nothing(visitor: Any, own_server: Server) -> None:
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("before")
    await own_server.kill()
    await chat.write("while it was down")
    await expect(chat.log).to_contain_text("Sending")
    await own_server.start()
    await comes_back(chat)
    await chat.sees("You said: while it was down")
    await chat.ask("after")
    assert await chat.texts() == once("before", "while it was down", "after")
    desk = await Desk.open(own_server)
    case = await desk.find("before", owner="bot")
    assert await case.texts() == ["before", "while it was down", "after"]
    await desk.close()


async def test_a_server_that_is_stopped_properly_is_found_again_by_itself(
    visitor: Any, own_server: Server
) -> None:
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("before")
    await own_server.stop()
    await own_server.start()
    await chat.ask("after")  # nobody tells the widget that it may try again
    assert await chat.texts() == once("before", "after")


async def test_a_server_that_dies_in_the_middle_of_a_turn_answers_once(
    visitor: Any, own_server: Server
) -> None:
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("before")
    await chat.write("slow")
    await expect(chat.log.locator(".dots")).to_be_visible()  # taken in, and not answered yet
    await own_server.restart()
    await comes_back(chat)
    await chat.sees("That took a while.")
    await chat.ask("after")
    assert await chat.texts() == [*once("before"), "slow", "That took a while.", *once("after")]


async def test_agents_words_come_after_a_restart(visitor: Any, own_server: Server) -> None:
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("a matter for a person")
    await chat.write("person")
    desk = await Desk.open(own_server)
    case = await (await desk.find("a matter for a person")).claim()
    await case.say("One moment.")
    await chat.sees("One moment.")
    await chat.page.context.set_offline(True)
    await case.say("Here I am again.")
    await own_server.restart()
    await chat.page.context.set_offline(False)
    await comes_back(chat)
    await chat.sees("Here I am again.")
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    await desk.close()


async def test_what_is_written_offline_is_sent_when_the_network_is_back(visitor: Any, size: str) -> None:
    person = await visitor(size)
    chat = await person.chat()
    await chat.ask("before")
    await person.context.set_offline(True)
    await chat.write("first")
    await chat.write("second")
    await expect(chat.message("second")).to_be_visible()
    await person.context.set_offline(False)
    await chat.sees("You said: second")
    texts = await chat.texts()
    assert sorted(texts) == sorted(once("before", "first", "second"))
    assert texts.index("first") < texts.index("second")


async def test_what_is_written_offline_outlives_the_page(visitor: Any, line: Line) -> None:
    person = await visitor(at=line.url)
    chat = await person.chat()
    await chat.ask("before")
    await line.cut()
    await chat.write("kept for later")
    await expect(chat.strip).to_contain_text(NO_CONNECTION)
    await chat.page.close()
    await line.start()
    chat = await person.chat()
    await chat.sees("You said: kept for later")
    assert await chat.texts() == once("before", "kept for later")


async def test_a_lost_answer_is_no_second_message(visitor: Any, line: Line, desk: Desk) -> None:
    chat = await (await visitor(at=line.url)).chat()
    await chat.ask("before")
    line.deaf = True
    await chat.write("heard, but nobody says so")
    case = await desk.find("heard, but nobody says so", owner="bot")
    line.deaf = False
    line.drop()
    await comes_back(chat)
    await chat.sees("You said: heard, but nobody says so")
    await expect(chat.log).not_to_contain_text("Sending")
    assert await case.texts() == ["before", "heard, but nobody says so"]
    assert await chat.texts() == once("before", "heard, but nobody says so")


async def test_many_cuts_lose_nothing_and_keep_the_order(visitor: Any, line: Line) -> None:
    chat = await (await visitor(at=line.url)).chat()
    await chat.ask("start")
    said = [f"number {n}" for n in range(8)]
    for text in said:
        await chat.write(text)
        line.drop()
        await comes_back(chat)
    for text in said:
        await chat.sees(f"You said: {text}")
    texts = await chat.texts()
    assert [text for text in texts if text.startswith("number")] == said
    assert sorted(texts) == sorted(once("start", *said))


@pytest.mark.parametrize("how", ["refused", "silent"])
async def test_without_websockets_it_works_all_the_same(
    visitor: Any, line: Line, desk: Desk, how: str
) -> None:
    line.sockets = how
    chat = await (await visitor(at=line.url)).chat()
    await chat.write(f"no sockets ({how})")
    await expect(chat.message(f"You said: no sockets ({how})")).to_be_visible(timeout=30_000)
    await chat.ask("two answers", "Second.")
    await chat.write("person")
    case = await (await desk.find(f"no sockets ({how})")).claim()
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    await case.say("I can be read.")
    await chat.sees("I can be read.")
    await chat.write("and I too")

    async def arrived() -> bool:
        return (await case.texts())[-1] == "and I too"

    await until(arrived, "the customer's message at the desk")
    assert any("/chat/frames" in request for request in line.requests)
    texts = await chat.texts()
    assert len(set(texts)) == len(texts)


async def test_a_stalled_network_is_noticed(visitor: Any, line: Line) -> None:
    chat = await (await visitor(at=line.url)).chat()
    await chat.ask("before")
    line.stall()
    await chat.write("into the void")
    await chat.page.evaluate("dispatchEvent(new Event('offline'))")
    await expect(chat.log).to_contain_text("Sending")
    line.drop()
    line.flow()
    await comes_back(chat)
    await chat.sees("You said: into the void")
    assert await chat.texts() == once("before", "into the void")


async def test_a_page_of_another_origin_is_told_no(visitor: Any, own_server: Server) -> None:
    own_server.settings["BATON_CHAT_ORIGINS"] = "https://shop.example"
    await own_server.restart()
    person = await visitor(at=own_server.url)
    chat = await person.chat()
    await chat.write("hello?")
    await expect(chat.strip).to_contain_text(NO_CONNECTION, timeout=30_000)
    assert "You said: hello?" not in await chat.texts()
