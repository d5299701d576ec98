"""A server with web chat for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot import logs
from tests.support.world import World
from tests.webchat.kit import Chat


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs() -> None:
    logs.configure("error", "console")


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture
async def chat(world: World) -> AsyncIterator[Chat]:
    async with Chat(world).serve() as chat:
        yield chat
