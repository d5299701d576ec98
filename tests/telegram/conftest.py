"""Fixtures: a platform with a clock of its own, and a bot that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fake_telegram import TOKEN, Customer, FakeTelegram
from tests.fake_telegram.listener import Listener
from tests.support.clock import FakeClock
from tests.telegram.fakes import Api


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def fake(fake_clock: FakeClock) -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(clock=fake_clock, scale=0.001) as running:
        yield running


@pytest.fixture
async def api(fake: FakeTelegram) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=fake.url, trust_env=False, verify=False) as client:
        yield Api(client, TOKEN)


@pytest.fixture
async def ada(fake: FakeTelegram) -> Customer:
    """A customer who has pressed Start."""
    customer = fake.customer(name="Ada")
    customer.chat.started = True
    return customer


@pytest.fixture
async def listener(api: Api) -> AsyncIterator[Listener]:
    """The bot's webhook."""
    webhook = Listener()
    await webhook.start()
    assert (await api("setWebhook", url=webhook.url, secret_token=webhook.secret)).result is True
    yield webhook
    await webhook.stop()
