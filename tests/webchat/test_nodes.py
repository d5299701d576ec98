"""Two nodes on one PostgreSQL and one Redis: a customer's tabs may be at different ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from bot.store import migrate
from tests.scenarios.test_nodes import node
from tests.servers import RedisServer
from tests.webchat.kit import Page

pytestmark = pytest.mark.services


@contextlib.asynccontextmanager
async def page_at(url: str, **hello: object) -> AsyncIterator[Page]:
    async with connect(url.replace("http", "ws") + "/chat", proxy=None) as connection:
        page = Page(connection)
        await page.hello(**hello)
        yield page


async def test_tabs_at_two_nodes_are_in_step(tmp_path: Path, postgres_url: str, redis: RedisServer) -> None:
    await asyncio.to_thread(migrate, postgres_url)
    async with (
        node(tmp_path / "a", postgres_url, redis.url) as (one, first),
        node(tmp_path / "b", postgres_url, redis.url) as (_, second),
        page_at(first) as here,
    ):
        await here.ask("hi")
        async with page_at(second, session=here.session) as there:  # the nodes share the key
            assert there.texts == ["hi", "1: hi"]
            await there.ask("and here")
            await here.wait(lambda: here.last == 4)
            await here.say("person")
            await there.wait(lambda: there.state.get("place") == 1)
            await here.wait(lambda: here.state.get("place") == 1)
            agents = await one.store.read(lambda tx: tx.agents())
            assert agents == []

            # Without Redis no node hears of the other; the tabs look for themselves.
            redis.kill()
            try:
                await here.say("still there?")
                await there.wait(lambda: "still there?" in there.texts, timeout=20)
            finally:
                redis.start()
        async with page_at(second, session=here.session, after=here.last) as again:
            assert again.address == here.address
            assert "reset" not in again.ready
