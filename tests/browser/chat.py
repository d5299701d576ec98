"""The chat on a page, as somebody who looks at it finds it: by what its parts are called."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

TEXTS = """
host => [...host.shadowRoot.querySelectorAll('[role=log] .text, [role=log] .system')].map(e => e.textContent)
"""


class Chat:
    """The widget on `page`; its names are those of the English texts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host = page.locator("baton-chat")
        self.launcher = self.host.locator("button.launcher")
        self.panel = self.host.locator("#panel")
        self.log = self.host.get_by_role("log")
        self.input = self.host.get_by_role("textbox", name="Write a message")
        self.strip = self.host.locator(".strip")
        self.files = self.host.locator("input[type=file]")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Return a button by its name."""
        exact = isinstance(name, str)
        return self.host.get_by_role("button", name=name, exact=exact)

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """Return the messages in which `text` is."""
        return self.log.locator(".text, .system").filter(has_text=text)

    def choice(self, title: str) -> Locator:
        """Return a suggested answer."""
        group = self.host.get_by_role("group", name="Suggestions")
        return group.get_by_role("button", name=title, exact=True)

    def menu(self, name: str) -> Locator:
        """Return an entry of the menu."""
        return self.host.locator("details button").filter(has_text=name)

    async def open(self) -> Chat:
        """Press the launcher and wait until one can write."""
        await self.launcher.click()
        await expect(self.input).to_be_visible()
        return self

    async def close(self) -> None:
        """Press the cross."""
        await self.panel.get_by_role("button", name="Close chat").click()
        await expect(self.panel).to_be_hidden()

    async def connected(self) -> Chat:
        """Wait until the server has said who this is: only then can the menu's entries be used."""
        await expect(self.host.locator("details button").first).to_be_enabled()
        return self

    async def write(self, text: str) -> None:
        """Write a message and send it."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def ask(self, text: str, answer: str | re.Pattern[str] | None = None) -> None:
        """Write, and wait for the answer; without one it is the echo of the scripted engine."""
        await self.write(text)
        await self.sees(f"You said: {text}" if answer is None else answer)

    async def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a message is there, once."""
        await expect(self.message(text)).to_have_count(1)
        await expect(self.message(text)).to_be_visible()

    async def texts(self) -> list[str]:
        """Return all messages in the order in which they are shown."""
        found: list[str] = await self.host.evaluate(TEXTS)
        return found

    async def open_menu(self) -> None:
        """Press what opens the menu."""
        await self.host.locator("summary").click()

    async def pick(self, name: str, sure: str = "") -> None:
        """Take an entry of the menu, and confirm it if one is asked."""
        await self.open_menu()
        await self.menu(name).click()
        if sure:
            await self.host.get_by_role("alertdialog").get_by_role("button", name=sure).click()

    async def attach(self, name: str, content: bytes, mime: str = "application/octet-stream") -> None:
        """Choose a file, as the file dialog does."""
        await self.files.set_input_files({"name": name, "mimeType": mime, "buffer": content})

    def refusal(self, name: str) -> Locator:
        """Return what is said against a chosen file."""
        return self.host.locator(".chip").filter(has_text=name).get_by_role("alert")

    async def inside(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page with the widget's shadow root."""
        return await self.host.evaluate(f"host => (({script})(host.shadowRoot))", *arguments)

    async def kept(self) -> dict[str, str]:
        """Return what is in this browser's local storage."""
        found: dict[str, str] = await self.page.evaluate("({...localStorage})")
        return found
