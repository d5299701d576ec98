"""Debian's Chromium for tests: found, installed when we may, started by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Error, async_playwright

from tests.servers import ServerUnavailable, install

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
SIZES = {"desktop": DESKTOP, "phone": PHONE}


NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without windows: a third of the work for the processor."""
PACKAGES = ("chromium-headless-shell", "chromium")


def find_chromium() -> str:
    """Return the path of Chromium. Raises ServerUnavailable when there is none and none can be had."""
    if found := shutil.which(NAMES[0]):
        return found
    install(PACKAGES[0])
    if found := _first():
        return found
    install(PACKAGES[1])
    if found := _first():
        return found
    raise ServerUnavailable(f"there is no Chromium here (install the package {PACKAGES[0]})")


def _first() -> str:
    return next(filter(None, map(shutil.which, NAMES)), "")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser without a window; it ends with the block."""
    path = find_chromium()
    # As root Chromium refuses its sandbox; what it loads here is ours alone.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=path, args=[*options, "--disable-dev-shm-usage", "--disable-gpu"]
            )
        except Error as error:
            raise ServerUnavailable(f"{path} did not start: {error.message[:500]}") from error
        try:
            yield browser
        finally:
            await browser.close()
