"""Fixtures of the browser tests: one browser, one site and one server, a new context for each visitor."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chromium import chromium
from tests.browser.desk import Desk
from tests.browser.desk_page import DeskPage
from tests.browser.line import Line
from tests.browser.server import Server, serving
from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.servers import ServerUnavailable

HERE = Path(__file__).parent
expect.set_options(timeout=15_000)  # on a busy machine; what is there is seen at once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, where the browser lives."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this worker."""
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(chromium())
        except ServerUnavailable as error:
            print(f"\nSKIPPED, not tested: {error}", file=sys.__stderr__)
            pytest.skip(str(error))
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """The company's site."""
    site = Site()
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(site: Site) -> AsyncIterator[Server]:
    """The server that all share who do nothing to it."""
    async with serving(origins=site.origin) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def own_server(site: Site) -> AsyncIterator[Server]:
    """A server that the test may kill, and whose clock it may move."""
    async with serving(origins=site.origin) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def line(server: Server) -> AsyncIterator[Line]:
    """A network between the browser and the shared server."""
    line = Line(server.port)
    await line.start()
    yield line
    await line.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ana(server: Server) -> AsyncIterator[Desk]:
    """Ana, signed in at the shared server."""
    desk = await Desk.open(server)
    yield desk
    await desk.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(ana: Desk) -> Desk:
    """Ana at the desk of the shared server, online: what one states of oneself lapses after a while."""
    await ana.online()
    return ana


@pytest.fixture(params=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> str:
    """Both sizes, one after the other."""
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, site: Site, server: Server) -> AsyncIterator[Any]:
    """Return a function that makes visitors; what went wrong on their pages fails the test."""
    made: list[Visitor] = []

    async def make(size: str = "desktop", *, at: str = "", **context: Any) -> Visitor:
        new = await Visitor.arrive(browser, site, at or server.url, size, **context)
        made.append(new)
        return new

    yield make
    for each in made:
        await each.leave()
    for each in made:
        each.check()


@pytest_asyncio.fixture(loop_scope="session")
async def agent(browser: Browser, server: Server) -> AsyncIterator[Any]:
    """Return a function that opens the desk's page for an agent; what went wrong there fails the test."""
    made: list[DeskPage] = []

    async def make(
        login: str = "ana", size: str = "desktop", *, at: Server | None = None, **context: Any
    ) -> DeskPage:
        new = await DeskPage.open(browser, at or server, login, size, **context)
        made.append(new)
        return new

    yield make
    for each in made:
        await each.leave()
    for each in made:
        each.check()
