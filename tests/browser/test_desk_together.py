"""A customer, two agents and a supervisor at once, each in a browser of their own: the main job and its races."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.desk import Case, Desk
from tests.browser.desk_page import DeskPage
from tests.browser.server import Server, until

UNSEEN, GRACE = 95, 125
"""Seconds until a presence has lapsed and that was seen, and until nobody waits for the agent any more."""


async def waiting(visitor: Any, desk: Desk, word: str, *, at: str = "", size: str = "desktop") -> Any:
    """A customer who said `word` and asked for a person, and the conversation."""
    chat = await (await visitor(size, at=at)).chat()
    await chat.ask(word)
    await chat.write("person")
    return chat, await desk.find(word)


async def go_online(page: DeskPage) -> None:
    """Take work, by the page."""
    await page.page.get_by_label("Online", exact=True).check()


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_one_customer_goes_through_three_hands(
    visitor: Any, agent: Any, desk: Desk, size: str
) -> None:
    word = f"through three hands ({size})"
    chat, case = await waiting(visitor, desk, word, size=size)
    ana, bob, sue = await asyncio.gather(agent("ana", size), agent("bob"), agent("sue"))
    await asyncio.gather(*(page.look_at(case) for page in (ana, bob, sue)))
    await go_online(bob)

    await ana.head.get_by_role("button", name="Claim").click()
    await expect(ana.standing).to_contain_text("You have this")
    await expect(bob.standing).to_contain_text("Ana has this since")
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    await ana.write("Ana here. My colleague knows more about this.")
    await chat.sees("My colleague knows more about this.")
    await chat.write("fine, I wait")
    await expect(bob.row("fine, I wait")).to_be_visible()

    people = {one["name"]: one["id"] for one in (await desk.call("GET", "/agents"))["agents"]}
    await case.do("transfer", to_agent=people["Bob"], note="Only about the lamp")
    await expect(bob.standing).to_contain_text("You have this")
    await expect(bob.row("Only about the lamp")).to_have_class(re.compile("note"))
    await expect(ana.standing).to_contain_text("Bob has this since")
    await expect(chat.panel).to_contain_text("You are talking to Bob")
    await bob.write("Bob here, all is settled.")
    await chat.sees("Bob here, all is settled.")

    await bob.press("Escape")
    await bob.press("b")
    await bob.dialog.get_by_role("button", name="Give back").click()
    await expect(ana.standing).to_contain_text("assistant")
    await chat.ask(f"and now the assistant again ({size})")

    await chat.write("person")  # a second time, and at once
    await expect(sue.standing).to_contain_text("Waiting")
    await sue.claim()
    await sue.write("Sue here, a supervisor.")
    await chat.sees("Sue here, a supervisor.")
    await expect(ana.standing).to_contain_text("Sue has this since")
    texts = await chat.texts()
    assert not [text for text in texts if "Only about the lamp" in text]
    assert texts.count("Bob here, all is settled.") == 1


async def test_two_claims_at_the_same_moment(visitor: Any, agent: Any, desk: Desk) -> None:
    for n in range(3):
        _, case = await waiting(visitor, desk, f"two want this ({n})")
        pages = await asyncio.gather(agent("ana"), agent("bob"))
        await asyncio.gather(*(page.look_at(case) for page in pages))
        await asyncio.gather(*(page.press("c") for page in pages))
        view = await until(lambda case=case: _owned(case), "one of them has it")  # type: ignore[misc]
        winner, loser = pages if view["assignee_name"] == "Ana" else reversed(pages)
        await expect(winner.standing).to_contain_text("You have this")
        await expect(loser.standing).to_contain_text(f"{view['assignee_name']} has this since")
        await expect(loser.text).to_be_hidden()
        joined = [text for text in await case.texts("system") if "has joined" in text]
        assert len(joined) == 1


async def _owned(case: Case) -> Any:
    view = await case.view()
    return view if view["owner"] == "agent" else None


async def test_the_assistants_late_answer_never_comes_over_a_person(
    visitor: Any, agent: Any, desk: Desk
) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("the assistant is slow today")
    case = await desk.find("the assistant is slow today", owner="bot")
    ana = await (await agent()).look_at(case)
    await chat.write("slow")
    await expect(ana.row("slow").last).to_be_visible()
    await ana.press("c")
    await ana.dialog.get_by_role("button", name="Take over").click()
    await expect(ana.standing).to_contain_text("You have this")
    await ana.write("I take this from here.")
    await chat.sees("I take this from here.")
    await asyncio.sleep(2)  # longer than the script thinks
    assert not [text for text in await chat.texts() if "took a while" in text]
    assert not [text for text in await case.texts("bot") if "took a while" in text]
    await expect(chat.log.locator(".dots")).to_have_count(0)


async def test_an_agent_who_closes_the_laptop_loses_who_waits(
    visitor: Any, agent: Any, own_server: Server
) -> None:
    bob_api = await Desk.open(own_server, "bob")
    chat, case = await waiting(visitor, bob_api, "do not leave me", at=own_server.url)
    ana = await (await agent("ana", at=own_server)).look_at(case)
    await go_online(ana)
    await ana.claim()
    await ana.write("One moment.")
    await chat.sees("One moment.")
    await chat.write("are you still there?")
    await expect(ana.row("are you still there?")).to_be_visible()
    await ana.page.close()
    bob = await agent("bob", at=own_server)
    await bob.page.goto("/desk#/queue")
    for seconds in (UNSEEN, GRACE):
        own_server.move(seconds)
        await asyncio.sleep(2)  # until the timers were looked at
    await expect(chat.log).to_contain_text("had to leave")
    await expect(bob.page.locator("desk-inbox")).to_contain_text("are you still there?")
    await go_online(bob)
    await expect(bob.page).to_have_title(re.compile(r"\d"))  # it rings for him
    view = await case.view()
    assert view["priority"] >= 40  # ahead of those who wait for the first time
    again = await (await agent("ana", at=own_server)).look_at(case)
    await expect(again.messages).to_contain_text("Ana")
    await bob_api.close()


async def test_an_agent_is_told_of_a_customer_who_says_nothing_more(
    visitor: Any, agent: Any, own_server: Server
) -> None:
    desk = await Desk.open(own_server)
    chat, case = await waiting(visitor, desk, "then I went to bed", at=own_server.url)
    ana = await (await agent("ana", at=own_server)).look_at(case)
    await ana.claim()
    await ana.write("Which lamp is it?")
    await chat.sees("Which lamp is it?")
    own_server.move(10 * 60 + 5)
    await expect(ana.row("The customer has not answered for 10 minutes")).to_be_visible()
    await ana.press("Escape")
    await ana.press("e")
    await ana.dialog.get_by_role("button", name="Resolve").click()
    await chat.sees(re.compile("heard from you for a while"))
    assert (await case.view())["owner"] == "nobody"
    await desk.close()


async def test_a_message_that_was_left_is_answered_later(
    visitor: Any, agent: Any, own_server: Server
) -> None:
    chat = await (await visitor(at=own_server.url)).chat()
    await chat.ask("nobody seems to be here")
    await chat.write("person")
    await chat.choice("Leave a message").click()
    await chat.sees(re.compile("What should", re.IGNORECASE))
    await chat.write("Please send me a new shade, the red one.")
    await expect(chat.log).to_contain_text("red one")
    ana = await agent("ana", at=own_server)
    await ana.page.goto("/desk#/work")
    row = ana.page.locator("desk-inbox").get_by_text("red one").first
    await expect(row).to_be_visible()
    await row.click()
    await expect(ana.view.locator(".task")).to_contain_text("red one")
    await ana.press("c")
    await ana.dialog.get_by_role("button", name="Take over").click()
    await expect(ana.standing).to_contain_text("You have this")
    await ana.write("It is on its way to you.")
    await chat.sees("It is on its way to you.")
    await expect(ana.view.locator(".task")).to_be_hidden()


async def test_a_server_that_dies_in_the_middle_loses_and_doubles_nothing(
    visitor: Any, agent: Any, own_server: Server
) -> None:
    desk = await Desk.open(own_server)
    chat, case = await waiting(visitor, desk, "hold the line", at=own_server.url)
    ana = await (await agent("ana", at=own_server)).look_at(case)
    await ana.claim()
    await ana.write("before the crash")
    await chat.sees("before the crash")
    await desk.close()
    await own_server.kill()
    await ana.write("while it was down")
    await chat.write("said into the dark")
    await own_server.start()
    await chat.sees("while it was down")
    await expect(ana.row("said into the dark")).to_be_visible(timeout=40_000)
    await expect(ana.row("while it was down")).to_have_count(1)
    assert (await chat.texts()).count("while it was down") == 1
    desk = await Desk.open(own_server)
    said = [m["text"] for m in await Case(desk, case.id).messages() if m["author"] in ("agent", "customer")]
    for text in ("before the crash", "while it was down", "said into the dark"):
        assert said.count(text) == 1
    await desk.close()


async def test_who_signs_in_while_an_agent_helps_is_known_on_the_card(
    visitor: Any, agent: Any, desk: Desk, server: Server
) -> None:
    visit = await visitor()
    chat = await visit.chat()
    await chat.ask("guess who I am")
    await chat.write("person")
    case = await desk.find("guess who I am")
    ana = await (await agent()).look_at(case)
    await ana.claim()
    await expect(ana.packet).to_contain_text("Nobody we know")
    token = server.token("C1001", name="Jane Miller", email="jane.miller@example.com")
    await chat.page.evaluate("token => Baton.identify(token)", token)
    await expect(ana.row("signed in")).to_be_visible()
    await expect(ana.packet).to_contain_text("Jane Miller")


async def test_a_word_that_was_begun_never_becomes_commands(visitor: Any, agent: Any, desk: Desk) -> None:
    chat, case = await waiting(visitor, desk, "somebody else steps in")
    ana, sue = await agent("ana"), await agent("sue")
    await ana.look_at(case)
    await ana.claim()
    await ana.text.press_sequentially("I was just about to say someth")
    await sue.look_at(case)
    await sue.press("Shift+T")
    await sue.dialog.get_by_role("button", name="Take over").click()
    await expect(ana.standing).to_contain_text("Sue has this since")
    for key in ("i", "n", "g", "Space", "n", "o", "t", "e", "Enter"):
        await ana.press(key)
    await expect(ana.standing).to_contain_text("Sue has this since")
    await expect(ana.text).to_be_hidden()
    await expect(ana.view.locator(".instead")).to_contain_text("Your draft is kept.")
    notes = [message for message in await case.messages() if message["kind"] == "note"]
    assert notes == []
    await ana.press("Escape")
    await ana.press("n")  # now it is a command
    await expect(ana.text).to_be_focused()
    await ana.write("Sue knows more")
    await expect(sue.row("Sue knows more")).to_have_class(re.compile("note"))
    assert not [text for text in await chat.texts() if "just about" in text or "Sue knows" in text]
