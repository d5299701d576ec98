"""Somebody with a browser of their own, who looks at pages of the site."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.chat import Chat
from tests.browser.chromium import SIZES
from tests.browser.site import Answer, Site, host_page, strict_policy

WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', e =>
  window.__violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""
NETWORK = re.compile(
    r"Failed to load resource|WebSocket connection to|net::ERR_|has been blocked by CORS policy"
)
"""What Chromium itself writes when a request fails; tests that break the network expect it."""


class Visitor:
    """A browser context; every page of it is watched for errors."""

    def __init__(self, context: BrowserContext, site: Site, server: str) -> None:
        self.context, self.site, self.server = context, site, server
        self.problems: list[str] = []
        self.expected: list[re.Pattern[str]] = [NETWORK]

    @classmethod
    async def arrive(cls, browser: Browser, site: Site, server: str, size: str, **options: Any) -> Visitor:
        """Make one with the given screen; `options` are Playwright's for a context."""
        context = await browser.new_context(**{"locale": "en-GB", **SIZES[size], **options})
        context.set_default_timeout(15_000)
        await context.add_init_script(WATCH)
        return cls(context, site, server)

    async def leave(self) -> None:
        """Close all pages; what they could not do under the page's policy is a problem."""
        for page in self.context.pages:
            if not page.is_closed():
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

    def page_with_widget(self, *, strict: bool = False, **settings: Any) -> str:
        """Put a page with the widget on the site and return its address."""
        if not strict:
            return self.site.put(Answer(body=host_page(self.server, **settings)))
        headers = strict_policy(self.server, "n0nce")
        settings = {"nonce": "n0nce", **settings}
        return self.site.put(Answer(body=host_page(self.server, **settings), headers=headers))

    async def look_at(self, url: str) -> Chat:
        """Open an address in a new tab and return the chat on it."""
        page = await self.context.new_page()
        self._watch(page)
        await page.goto(url)
        return Chat(page)

    async def visit(self, *, strict: bool = False, **settings: Any) -> Chat:
        """Open a page with the widget; see `host_page` for the settings."""
        return await self.look_at(self.page_with_widget(strict=strict, **settings))

    async def chat(self, **settings: Any) -> Chat:
        """Open a page with the widget, and the chat on it."""
        chat = await self.visit(**settings)
        await chat.open()
        return chat

    def _watch(self, page: Page) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.problems.append(f"console: {message.text}")

        page.on("console", said)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
