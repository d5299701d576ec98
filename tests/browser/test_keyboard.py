"""Everything can be done with the keyboard alone, and focus is always where one expects it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.pictures import png
from tests.browser.server import until

FOCUSED = """() => {
  let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  return !at ? '' : at.matches('.launcher') ? 'launcher' : (at.ariaLabel || at.textContent || at.tagName).trim();
}"""


async def focused(chat: Chat) -> str:
    """Return the name of what has the focus."""
    return str(await chat.page.evaluate(FOCUSED))


async def tab_to(chat: Chat, name: str, key: str = "Tab") -> None:
    """Press Tab until `name` has the focus."""
    seen = []
    for _ in range(25):
        await chat.page.keyboard.press(key)
        seen.append(await focused(chat))
        if seen[-1].startswith(name):
            return
    raise AssertionError(f"{name} is not reached with {key}: {seen}")


async def test_the_whole_job_by_keyboard(visitor: Any) -> None:
    chat = await (await visitor()).visit()
    keys = chat.page.keyboard
    await expect(chat.launcher).to_be_visible()
    await tab_to(chat, "launcher")
    await keys.press("Enter")
    await expect(chat.input).to_be_focused()
    await keys.type("hello")
    await keys.press("Enter")
    await chat.sees("Hello! What can I do for you?")
    await expect(chat.input).to_be_focused()
    await tab_to(chat, "Track my order", "Shift+Tab")
    await keys.press("Enter")
    await chat.sees("Which order do you mean?")
    await expect(chat.input).to_be_focused()  # the pressed choice is gone
    await tab_to(chat, "Order 4521", "Shift+Tab")
    await keys.press("Space")
    await chat.sees("Order 4521 left us yesterday")
    await keys.press("Escape")
    await expect(chat.panel).to_be_hidden()
    await expect(chat.launcher).to_be_focused()
    await keys.press("Enter")
    await expect(chat.input).to_be_focused()


async def test_lines_are_broken_with_shift(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.page.keyboard.type("one")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("two")
    await chat.page.keyboard.press("Enter")
    await chat.sees("You said: one\ntwo")


async def test_menu_and_questions_by_keyboard(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    keys = chat.page.keyboard
    await chat.ask("something")
    await tab_to(chat, "Menu", "Shift+Tab")
    await keys.press("Enter")
    await tab_to(chat, "New conversation")
    await keys.press("Escape")  # closes the menu, not the panel
    assert await focused(chat) == "Menu"
    await keys.press("Enter")
    await tab_to(chat, "Delete my data")
    await keys.press("Enter")
    assert await focused(chat) == "Not now"
    await tab_to(chat, "Delete my data")
    await tab_to(chat, "Not now")  # what is behind the question cannot be reached
    await keys.press("Escape")
    await expect(chat.panel).to_be_visible()
    await expect(chat.host.get_by_role("alertdialog")).to_have_count(0)
    await chat.sees("You said: something")


async def test_a_file_is_chosen_and_removed_by_keyboard(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("here comes a picture")
    # Listening begins well before the key: the browser is told of it beside what is typed.
    async with chat.page.expect_file_chooser() as chosen:
        await tab_to(chat, "Attach a file", "Shift+Tab")
        await chat.page.evaluate("new Promise(done => setTimeout(done, 100))")
        await chat.page.keyboard.press("Enter")
    picture = {"name": "lamp.png", "mimeType": "image/png", "buffer": png()}
    await (await chosen.value).set_files(picture)
    await expect(chat.button("Remove lamp.png")).to_be_visible()
    await tab_to(chat, "Remove lamp.png", "Shift+Tab")
    await chat.page.keyboard.press("Enter")
    await expect(chat.button("Remove lamp.png")).to_have_count(0)
    await expect(chat.input).to_be_focused()


async def test_history_can_be_scrolled_by_keyboard(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    for n in range(8):
        await chat.ask(f"line {n}\n\n\n.")
    await tab_to(chat, "Chat with us", "Shift+Tab")
    before = await chat.log.evaluate("log => log.scrollTop")
    assert before > 0
    await chat.page.keyboard.press("Home")

    async def further_up() -> bool:
        return bool(await chat.log.evaluate("log => log.scrollTop") < before)

    await until(further_up, "the log was scrolled")


async def test_on_a_phone_focus_stays_in_the_panel_that_covers_the_page(visitor: Any) -> None:
    chat = await (await visitor("phone")).chat()
    seen = []
    for _ in range(12):
        await chat.page.keyboard.press("Tab")
        seen.append(await focused(chat))
    assert "A link of the page" not in seen
    assert not any(name.startswith("launcher") for name in seen)
    assert seen.count("Menu") >= 1
    await chat.page.keyboard.press("Escape")
    await expect(chat.launcher).to_be_focused()


async def test_the_page_is_not_touched_while_the_chat_is_closed(visitor: Any) -> None:
    chat = await (await visitor()).visit()
    await expect(chat.launcher).to_be_visible()
    assert await focused(chat) != "Write a message"
    await tab_to(chat, "A link of the page")
    await tab_to(chat, "launcher")
    await chat.page.keyboard.press("Tab")
    assert await focused(chat) not in ("Menu", "Write a message", "Send")
