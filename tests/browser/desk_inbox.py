"""The frame of the desk's page, and customers who write to it: what the tests of lists and alerts share."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from playwright.async_api import Locator, expect

from tests.browser.desk_page import DeskPage
from tests.browser.server import Server

TOKEN = "a-token-for-programs-of-the-tests"

SPY = """
window.__sounds = 0;
window.__notes = [];
const real = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.__sounds += 1; return real.call(this); };
window.Notification = class {
  static permission = 'granted';
  static async requestPermission() { return 'granted'; }
  constructor(title, options) { window.__notes.push(title + ': ' + options.body); }
  close() {}
};
"""
"""Counts the notes that are played and keeps the browser's notifications."""


class Customers:
    """Writes to a server over REST, as many customers as one likes."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.AsyncClient(
            base_url=server.url,
            timeout=30.0,
            trust_env=False,
            headers={"authorization": f"Bearer {TOKEN}"},
        )

    async def write(self, sender: str, *texts: str) -> None:
        """Let one customer say these, one after the other."""
        for text in texts:
            answer = await self._client.post(
                "/webhooks/rest/webhook", json={"sender": sender, "message": text}
            )
            assert answer.is_success, answer.text

    async def crowd(self, senders: list[str], *texts: str) -> None:
        """Let many say the same."""
        await asyncio.gather(*(self.write(sender, *texts) for sender in senders))

    async def close(self) -> None:
        """Leave."""
        await self._client.aclose()


class Frame:
    """What an agent sees around conversations, found by what its parts are called."""

    def __init__(self, desk: DeskPage) -> None:
        self.desk, self.page, self.press = desk, desk.page, desk.press
        self.banner = self.page.get_by_role("region", name="Notices")
        self.dialog = self.page.get_by_role("dialog")
        self.title = self.page.locator("desk-inbox h1")
        self.list = self.page.locator("desk-inbox")
        self.rows = self.list.locator("a.case")

    async def enter(self, where: str = "queue", *, online: bool = True) -> Frame:
        """Open the page and, if so wished, go online."""
        await self.page.goto(f"/desk#/{where}")
        await expect(self.page.locator(".line:visible, desk-bar:visible").first).to_be_visible()
        if online:
            await self.page.keyboard.press("g")
            await self.page.keyboard.press("o")
            await expect(self.page.locator("desk-availability input[value=online]").first).to_be_checked()
        return self

    def row(self, text: str) -> Locator:
        """Return the rows in which `text` is."""
        return self.rows.filter(has_text=text)

    def link(self, name: str) -> Locator:
        """Return a list's link in the rail."""
        return self.page.locator("desk-shell > desk-rail").get_by_role("link", name=name)

    async def keys(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def sounds(self) -> int:
        """Return how many notes were played since the last time."""
        played: int = await self.page.evaluate(
            "() => { const n = window.__sounds; window.__sounds = 0; return n; }"
        )
        return played

    async def no_sideways_scroll(self) -> None:
        """Fail if something is wider than the screen."""
        assert await self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    async def focused(self) -> Any:
        """Return what has the focus, in a few words."""
        return await self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
