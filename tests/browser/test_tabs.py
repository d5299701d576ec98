"""Several tabs of one browser are one visitor."""

from __future__ import annotations

import uuid
from typing import Any

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.server import Server
from tests.browser.visitor import Visitor


async def two_tabs(person: Visitor, **settings: Any) -> tuple[Chat, Chat]:
    """Open two tabs of which the first has been used."""
    one = await person.chat(**settings)
    await one.ask("first words")
    two = await person.chat(**settings)
    await two.sees("You said: first words")
    return one, two


async def test_tabs_show_the_same_in_the_same_order(visitor: Any) -> None:
    one, two = await two_tabs(await visitor())
    await one.ask("from one")
    await two.sees("You said: from one")
    await two.ask("from two")
    await one.sees("You said: from two")
    assert await one.texts() == await two.texts()
    assert len(await one.texts()) == 6


async def test_two_tabs_opened_at_once_by_a_new_visitor_become_one(visitor: Any) -> None:
    person = await visitor()
    one, two = await person.visit(), await person.visit()
    await one.open()
    await two.open()
    await one.ask("from one")
    await two.sees("You said: from one")
    await two.ask("from two")
    await one.sees("You said: from two")


async def test_what_waits_in_two_tabs_is_sent_once(visitor: Any) -> None:
    person = await visitor()
    one, two = await two_tabs(person)
    await person.context.set_offline(True)
    await one.write("waits in one")
    await two.write("waits in two")
    await person.context.set_offline(False)
    for chat in (one, two):
        await chat.sees("You said: waits in one")
        await chat.sees("You said: waits in two")
    texts = await one.texts()
    assert len(texts) == 6
    assert sorted(texts) == sorted(await two.texts())


async def test_signing_out_in_one_tab_is_signing_out_in_all(visitor: Any, server: Server) -> None:
    token = server.token(f"C-{uuid.uuid4().hex[:12]}")
    one, two = await two_tabs(await visitor(), identity=token)
    await one.page.evaluate("Baton.signOut()")
    for chat in (one, two):
        await expect(chat.log).not_to_contain_text("first words")
        assert "first words" not in await chat.inside("root => root.innerHTML")


async def test_a_new_conversation_and_deleting_reach_the_other_tab(visitor: Any) -> None:
    one, two = await two_tabs(await visitor())
    await one.pick("New conversation", sure="New conversation")
    for chat in (one, two):
        await expect(chat.log).not_to_contain_text("first words")
    await one.ask("second words")
    await two.sees("You said: second words")
    await two.pick("Delete my data", sure="Delete my data")
    for chat in (one, two):
        await expect(chat.log).not_to_contain_text("second words")


async def test_what_was_read_in_one_tab_is_not_unread_in_the_other(visitor: Any) -> None:
    one, two = await two_tabs(await visitor())
    await two.close()
    await one.page.bring_to_front()
    await one.ask("read here")
    await expect(two.host.locator(".badge")).to_have_count(0)
    assert await two.page.evaluate("Baton.unread") == 0
