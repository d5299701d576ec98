"""One conversation at the desk: the story of a handoff, what is written, and what becomes of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.desk import Case, Desk
from tests.browser.pictures import PDF, png
from tests.browser.script import EVIL
from tests.browser.server import Server, until

_names = itertools.count(1)


@pytest_asyncio.fixture(loop_scope="session")
async def case(visitor: Any, desk: Desk) -> tuple[Chat, Case]:
    """A customer on a page of the company's who has asked for a person, and the conversation at the desk."""
    chat = await (await visitor()).chat()
    word = f"matter number {next(_names)}"
    await chat.ask(word)
    await chat.write("person")
    return chat, await desk.find(word)


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_a_handoff_from_the_question_to_the_end(case: Any, agent: Any, size: str) -> None:
    chat, found = case
    ana = await (await agent("ana", size)).look_at(found)
    await expect(ana.standing).to_contain_text(re.compile(r"Waiting .*place \d"))
    await expect(ana.row("A person is needed: asked for a person")).to_be_visible()
    if size == "phone":
        await ana.button("About the customer").click()
        await expect(ana.dialog.locator(".why")).to_contain_text("Asked for a person")
        await ana.press("Escape")
        await ana.head.get_by_role("button", name="Claim").click()
        await expect(ana.standing).to_contain_text("You have this")
    else:
        await expect(ana.packet.locator(".why")).to_contain_text("Asked for a person")
        await ana.claim()
    await expect(ana.text).to_be_focused()
    await ana.write("Good day, I am Ana. https://shop.example/help?a=1&b=2")
    await chat.sees(re.compile("Good day, I am Ana"))
    await chat.write("thank you, it is about a lamp")
    await expect(ana.row("it is about a lamp")).to_be_visible()
    await ana.view.get_by_role("button", name="Note", exact=True).click()
    await ana.write("Lamps are with Bob.")
    await expect(ana.row("Lamps are with Bob.")).to_have_class(re.compile("note"))
    await ana.press("Escape")
    await ana.press("e")
    await ana.dialog.get_by_role("textbox", name="Note for agents").fill("All is well.")
    await ana.dialog.get_by_role("button", name="Resolve").click()
    if size == "desktop":
        await expect(ana.standing).to_contain_text("Closed")
    await expect(chat.log).to_contain_text("How was your conversation?")
    await chat.button("5 / 5").click()
    await chat.log.get_by_role("button", name="Send").click()
    await ana.look_at(found)
    await expect(ana.row("Rated 5 of 5")).to_be_visible()
    assert not [text for text in await chat.texts() if "Bob" in text or "All is well" in text]


async def test_a_reply_can_be_taken_back_and_a_draft_survives(case: Any, agent: Any) -> None:
    chat, found = case
    await found.claim()
    ana = await agent()
    await ana.prefer(undo=5)
    await ana.look_at(found)
    await ana.text.fill("Half a thou")
    await ana.page.reload()
    await expect(ana.text).to_have_value("Half a thou")
    await ana.write("I promise you the moon")
    await expect(ana.row("I promise you the moon").get_by_text("Sending soon")).to_be_visible()
    await ana.button("Undo").click()
    await expect(ana.text).to_have_value("I promise you the moon")
    await ana.write("I promise you a lamp")
    await ana.page.reload()  # it leaves with the page, and once
    await chat.sees("I promise you a lamp")
    await expect(ana.row("I promise you a lamp")).to_have_count(1)
    await expect(ana.row("I promise you a lamp").get_by_text("Sending")).to_have_count(0)
    assert (await found.texts("agent")).count("I promise you a lamp") == 1
    assert "I promise you the moon" not in await found.texts("agent")
    await expect(ana.text).to_have_value("")


async def test_what_is_written_without_a_connection_goes_out_later_in_order(case: Any, agent: Any) -> None:
    chat, found = case
    await found.claim()
    ana = await (await agent()).look_at(found)
    await ana.context.set_offline(True)
    for text in ("first of two", "second of two"):
        await ana.write(text)
    await expect(ana.row("first of two")).to_contain_text("Waiting for the connection")
    await ana.context.set_offline(False)
    await chat.sees("second of two")
    assert [text for text in await found.texts("agent") if "of two" in text] == [
        "first of two",
        "second of two",
    ]
    await expect(ana.row("of two")).to_have_count(2)


async def test_a_delivery_told_while_the_message_is_being_read_is_seen(case: Any, agent: Any) -> None:
    chat, found = case
    await chat.page.close()  # "Seen" would stand in its place
    await found.claim()
    ana = await agent()
    sockets: list[Any] = []

    def live(socket: Any) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    async def read(route: Any) -> None:
        answer = await route.fetch()
        body = await answer.json()
        for one in (each for each in body["messages"] if each["text"] == "on its way"):
            one["delivery"] = "sent" if told else "sending"
            if not told:
                told.append(one["seq"])
                hint = {"kind": "delivery", "conversation_id": found.id, "seq": one["seq"], "data": {}}
                sockets[-1].send(json.dumps({"type": "hint", **hint}))
                await asyncio.sleep(0.3)
        await route.fulfill(response=answer, json=body)

    told: list[int] = []
    await ana.page.route_web_socket(re.compile("/api/v1/live"), live)
    await ana.look_at(found)
    await ana.page.route(re.compile(r"/messages\?after="), read)
    await found.say("on its way")
    await expect(ana.row("on its way")).to_be_visible()
    await expect(ana.row("on its way").locator(".delivery.sent")).to_be_attached()


async def test_who_was_slower_is_told_who_has_it(case: Any, agent: Any) -> None:
    _, found = case
    ana, bob = await agent("ana"), await agent("bob")
    await ana.page.route_web_socket(re.compile("/api/v1/live"), lambda socket: None)  # she hears nothing
    await asyncio.gather(ana.look_at(found), bob.look_at(found))
    await bob.claim()
    await ana.press("c")
    await expect(ana.toasts).to_contain_text("Too late. Bob has this conversation now.")
    await expect(ana.standing).to_contain_text("Bob has this since")
    await expect(ana.text).to_be_hidden()
    await expect(ana.view.locator("desk-composer")).to_contain_text("Bob is answering")


async def test_two_claim_at_once_and_one_has_it(case: Any, agent: Any) -> None:
    _, found = case
    ana, bob = await agent("ana"), await agent("bob")
    await asyncio.gather(ana.look_at(found), bob.look_at(found))
    await asyncio.gather(ana.press("c"), bob.press("c"))
    mine = re.compile("(You have|Ana has|Bob has) this since")
    said = []
    for each in (ana, bob):
        await expect(each.standing).to_contain_text(mine)
        said.append(await each.standing.inner_text())
    assert sum("You have" in each for each in said) == 1


async def test_a_supervisor_takes_over_and_a_reply_that_was_too_late_says_so(case: Any, agent: Any) -> None:
    _, found = case
    await found.claim()
    ana, sue = await agent("ana"), await agent("sue")
    await ana.prefer(undo=30)
    await asyncio.gather(ana.look_at(found), sue.look_at(found))
    await ana.write("this comes too late")
    await sue.press("Shift+t")
    await sue.dialog.get_by_role("button", name="Take over").click()
    await expect(sue.standing).to_contain_text("You have this")
    await expect(ana.standing).to_contain_text("Sue has this since")
    await ana.page.reload()  # with the page it goes out, and is refused
    await expect(ana.row("this comes too late")).to_contain_text("Not sent. Sue has this conversation now.")
    assert "this comes too late" not in await found.texts("agent")
    await ana.row("this comes too late").get_by_role("button", name="Discard").click()
    await expect(ana.row("this comes too late")).to_have_count(0)


async def test_it_is_passed_on_with_a_note(case: Any, agent: Any) -> None:
    _, found = case
    await found.claim()
    ana = await (await agent()).look_at(found)
    await ana.press("t")
    await ana.dialog.get_by_role("combobox").fill("bob")
    await ana.dialog.get_by_role("textbox", name="Note for agents").fill("You know lamps.")
    await ana.press("Control+Enter")
    await expect(ana.standing).to_contain_text(re.compile("Waiting|Bob has this"))
    await expect(ana.row("You know lamps.")).to_be_visible()


async def test_the_assistant_gets_it_back(case: Any, agent: Any) -> None:
    chat, found = case
    await found.claim()
    ana = await (await agent()).look_at(found)
    await ana.press("b")
    await ana.press("Control+Enter")
    await expect(ana.standing).to_contain_text("With the assistant")
    await chat.ask("are you there, assistant?")
    await ana.press("c")
    await expect(ana.dialog).to_contain_text("Take over from the assistant?")
    await ana.dialog.get_by_role("button", name="Take over").click()
    await expect(ana.standing).to_contain_text("You have this")


async def test_files_go_both_ways(case: Any, agent: Any) -> None:
    chat, found = case
    await found.claim()
    ana = await (await agent()).look_at(found)
    await chat.attach("photo.png", png(), "image/png")
    await expect(chat.host.locator(".chip small")).to_have_text(re.compile(r"kB|byte|MB"))
    await chat.write("a photo")
    await ana.messages.get_by_role("button", name="Look at photo.png").click()
    await expect(ana.dialog.get_by_role("img", name="photo.png")).to_be_visible()
    await ana.press("Escape")
    await ana.view.locator("input[type=file]").set_input_files(
        {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    await expect(ana.view.get_by_role("button", name="Remove invoice.pdf")).to_be_visible()
    await expect(ana.view.locator(".chip.busy")).to_have_count(0)
    await ana.write("your invoice")
    await chat.sees("your invoice")
    await expect(ana.messages.get_by_role("link", name=re.compile("invoice.pdf"))).to_be_visible()


async def test_markup_in_names_and_texts_is_only_text(
    visitor: Any, desk: Desk, agent: Any, server: Any
) -> None:
    chat = await (await visitor()).chat(identity=server.token("EVIL", name=EVIL))
    await chat.write("markup")
    await chat.write(f"an {EVIL} of {next(_names)}")
    await chat.write("person")
    found = await desk.find(EVIL)
    evil = await (await agent("evil")).look_at(found)
    await evil.claim()
    await evil.press("Escape")
    await evil.write(f'{EVIL} javascript:window.__pwned=2 https://shop.example/"onmouseover=x')
    await expect(evil.head.get_by_role("heading")).to_have_text(EVIL)
    assert await evil.messages.locator("img, b, script").count() == 0
    for link in await evil.messages.get_by_role("link").all():
        assert (await link.get_attribute("href") or "").startswith(("https://", "mailto:"))
    await evil.press("Escape")
    await evil.press("t")
    await expect(evil.dialog).to_be_visible()
    await evil.press("Escape")


async def test_reading_far_back_does_not_jump_and_news_waits_below(case: Any, agent: Any) -> None:
    chat, found = case
    await found.claim()
    for start in range(0, 260, 20):
        await asyncio.gather(*(found.say(f"note {n}", kind="note") for n in range(start, start + 20)))
    ana = await (await agent()).look_at(found)
    rows = ana.messages.locator(".row[data-seq]")
    assert await rows.count() <= 90
    await expect(rows.last).to_be_in_viewport()
    await ana.messages.hover()
    await ana.page.mouse.wheel(0, -2000)
    await expect(ana.messages.locator(".older")).to_be_hidden()
    for _ in range(12):
        await ana.page.mouse.wheel(0, -3000)
        await ana.page.wait_for_timeout(60)
    await expect(ana.row("matter number").first).to_be_visible()
    before = await ana.messages.evaluate("box => box.scrollTop")
    await chat.write("are you still there?")
    await expect(ana.button("1 new message")).to_be_visible()
    assert abs(await ana.messages.evaluate("box => box.scrollTop") - before) < 2
    await ana.button("1 new message").click()
    await expect(ana.row("are you still there?")).to_be_in_viewport()
    await ana.look_at(found, 40)
    await expect(ana.messages.locator("[data-seq='40']")).to_be_in_viewport()


async def test_a_canned_reply_is_filled_and_what_is_missing_is_asked_for(
    case: Any, agent: Any, server: Server
) -> None:
    chat, found = case
    sue = await Desk.open(server, "sue")
    word = f"hello{next(_names)}"
    text = "Hi, {agent.name} here. About order {order.number}: all is well."
    await sue.call("POST", "/canned", shortcut=word, title="Greeting", text=text)
    await found.claim()
    ana = await (await agent()).look_at(found)
    await ana.text.press_sequentially(f"/{word[:5]}")
    options = ana.view.get_by_role("listbox", name="Canned replies").get_by_role("option")
    await expect(options.first).to_contain_text("Greeting")
    await ana.text.press_sequentially(word[5:])
    await ana.press("Enter")
    await expect(ana.text).to_have_value("Hi, Ana here. About order {order.number}: all is well.")
    await ana.press("Enter")
    await expect(ana.view.get_by_text("Fill in {order.number} first.")).to_be_visible()
    await ana.page.keyboard.type("4521")  # what is missing is selected
    await ana.press("Enter")
    await chat.sees("Hi, Ana here. About order 4521: all is well.")
    await sue.close()


async def test_what_a_message_meant_is_noted_and_taken_back(case: Any, agent: Any) -> None:
    _, found = case
    await found.claim()
    ana = await (await agent()).look_at(found)
    await ana.press("m")
    await ana.dialog.get_by_role("combobox").fill("cancel an order")
    await ana.press("Enter")
    corrected = ana.messages.locator(".corrected")
    await expect(corrected).to_contain_text(re.compile("Meant .*cancel", re.IGNORECASE))
    await corrected.get_by_role("button", name="Undo").click()
    await expect(corrected).to_have_count(0)


async def test_who_else_is_here_is_seen(case: Any, agent: Any) -> None:
    chat, found = case
    ana, bob = await agent("ana"), await agent("bob")
    await ana.look_at(found)
    await bob.look_at(found)
    await expect(ana.head).to_contain_text("Bob is looking")
    await expect(bob.head).to_contain_text("Ana is looking")
    await bob.press("n")
    await bob.text.press_sequentially("I know")
    await expect(ana.head).to_contain_text("Bob writes a note")

    async def typing() -> bool:
        await chat.input.press_sequentially("m")
        return await ana.messages.get_by_text("is typing").is_visible()

    await until(typing, "the customer is seen typing")  # the widget tells at most every few seconds
    await bob.page.goto("/desk#/queue")
    await expect(ana.head).not_to_contain_text("Bob")


async def test_it_all_works_with_the_keyboard_alone(case: Any, agent: Any) -> None:
    chat, found = case
    ana = await (await agent()).look_at(found)
    keys = ana.page.keyboard
    await ana.claim()
    await keys.type("One line")
    await keys.press("Shift+Enter")
    await keys.type("and another")
    await keys.press("Enter")
    await chat.sees("and another")
    await keys.press("Escape")
    await expect(ana.messages).to_be_focused()
    await keys.press("n")
    await keys.type("only for us")
    await keys.press("Enter")
    await expect(ana.row("only for us")).to_be_visible()
    await keys.press("Alt+ArrowUp")
    await keys.press("Alt+ArrowUp")
    await expect(ana.messages.locator(".row:focus")).to_have_count(1)
    await keys.press("Tab")
    await expect(ana.messages.locator(".row button:focus")).to_have_attribute("aria-label", "Copy text")
    await keys.press("i")
    await expect(ana.packet).to_be_hidden()
    await keys.press("i")
    await expect(ana.packet).to_be_visible()
    await keys.press("e")
    await keys.type("done by keys")
    await keys.press("Control+Enter")
    await expect(ana.standing).to_contain_text("Closed")
    await expect(ana.row("done by keys")).to_be_visible()


async def test_nothing_is_wider_than_a_small_phone(case: Any, agent: Any) -> None:
    _, found = case
    await found.claim()
    ana = await agent("ana", "phone", viewport={"width": 320, "height": 640})
    await ana.look_at(found)
    await found.say("w" * 400)
    await found.say("https://shop.example/" + "a" * 300, kind="note")
    await expect(ana.row("a" * 300)).to_be_visible()
    for key in ("", "i", "t", "e", "m"):
        if key:
            await ana.press(key)
            await expect(ana.dialog).to_be_visible()
        wide = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 321 && e.checkVisibility() && !e.closest('.sr')).map(e => e.outerHTML.slice(0, 90))"
        assert await ana.page.evaluate(wide) == [], f"after {key!r}"
        if key:
            await ana.press("Escape")
            await expect(ana.dialog).to_be_hidden()
