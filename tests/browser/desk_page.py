"""The desk's page in a browser, as an agent sees it: found by what its parts are called."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.chromium import SIZES
from tests.browser.desk import Case
from tests.browser.serve import PASSWORD
from tests.browser.server import Server
from tests.browser.visitor import NETWORK, WATCH

WHERE = "desk-conversation"
_signed_in: dict[tuple[str, str], list[Any]] = {}
"""Cookies by server and login: one sign-in for all tests, as their number is bounded."""


async def _cookies(context: BrowserContext, server: Server, login: str) -> list[Any]:
    known = _signed_in.get((server.url, login))
    if known is None:
        body = {"email": f"{login}@example.com", "password": PASSWORD}
        answer = await context.request.post("/api/v1/session", data=body)
        assert answer.ok, await answer.text()
        known = _signed_in[server.url, login] = list(await context.cookies())
    return known


class DeskPage:
    """One agent's tab; what goes wrong in it fails the test."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.problems: list[str] = []
        self.expected: list[re.Pattern[str]] = [NETWORK]
        self.view = page.locator(WHERE)
        self.head = self.view.locator("desk-conversation-head")
        self.standing = self.head.locator(".standing")
        self.messages = self.view.get_by_role("region", name="Messages")
        self.packet = page.locator("desk-packet").first
        self.toasts = page.locator(".toasts")
        self.dialog = page.get_by_role("dialog")

    @classmethod
    async def open(
        cls, browser: Browser, server: Server, login: str = "ana", size: str = "desktop", **options: Any
    ) -> DeskPage:
        """Sign in with a browser of one's own, without looking at anything yet."""
        context = await browser.new_context(
            **{
                "locale": "en-GB",
                "base_url": server.url,
                "reduced_motion": "reduce",
                **SIZES[size],
                **options,
            }
        )
        context.set_default_timeout(15_000)
        await context.add_init_script(WATCH)
        await context.add_cookies(await _cookies(context, server, login))
        self = cls(context, await context.new_page())
        await self.prefer(undo=0)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        return self

    async def look_at(self, case: Case, seq: int = 0) -> DeskPage:
        """Show one conversation and wait until it is there."""
        await self.page.goto(f"/desk#/all/{case.id}{f'/{seq}' if seq else ''}")
        await expect(self.standing).not_to_be_empty()
        await expect(self.messages.locator(".row[data-seq]").first).to_be_attached()
        return self

    async def prefer(self, **prefs: Any) -> None:
        """Set what the agent prefers in this browser; it holds from the next load on."""
        await self.context.add_init_script(
            "localStorage.setItem('baton-desk', JSON.stringify(Object.assign("
            f"JSON.parse(localStorage.getItem('baton-desk') || '{{}}'), {json.dumps(prefs)})))"
        )

    # --- what one does

    @property
    def text(self) -> Locator:
        """Return the field for replies or notes."""
        return self.view.locator("desk-composer textarea")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Return a button of the conversation."""
        return self.view.get_by_role("button", name=name, exact=isinstance(name, str))

    def row(self, text: str) -> Locator:
        """Return the rows of the transcript in which `text` is."""
        return self.messages.locator(".row").filter(has_text=text)

    async def press(self, key: str) -> None:
        """Press a key wherever the focus is."""
        await self.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        """Write and send with Enter."""
        await self.text.fill(text)
        await self.text.press("Enter")

    async def claim(self) -> None:
        """Take the conversation by key, and wait until it is mine."""
        await self.press("c")
        await expect(self.standing).to_contain_text("You have this")

    # --- afterwards

    async def leave(self) -> None:
        """Close it; what it could not do under the page's policy is a problem."""
        for page in self.context.pages:
            self.problems += [
                f"policy: {each}" for each in await page.evaluate("window.__violations || []")
            ]
            if await page.evaluate("window.__pwned !== undefined"):
                self.problems.append("a script of a stranger ran on the page")
        await self.context.close()

    def check(self) -> None:
        """Fail if anything went wrong that the test did not expect."""
        bad = [each for each in self.problems if not any(known.search(each) for known in self.expected)]
        assert not bad, "\n".join(bad)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")
