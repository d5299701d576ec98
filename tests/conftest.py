"""Fixtures that several test folders share. Keep it small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.register_assert_rewrite(
    "tests.contract.store_contract",
    "tests.contract.store_contract_rules",
    "tests.contract.channel_contract",
    "tests.contract.platform_cases",
)

from bot import logs  # noqa: E402
from tests.servers import RedisServer, new_database, postgres_server, redis_server, require  # noqa: E402
from tests.support import parallel  # noqa: E402


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first, where several workers share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: parallel.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests among the workers in our way."""
    return parallel.scheduler(config, log)


@pytest.fixture(autouse=True, scope="module")
def _quiet_logs(request: pytest.FixtureRequest) -> None:
    """Keep the logs short, and complete for tests that look at them: Rasa silences them when it is loaded."""
    if not request.module.__name__.startswith(parallel.WITH_RASA):
        logs.configure("error", "console")


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A real PostgreSQL for the whole run."""
    with require(postgres_server) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """An empty database of its own for each test."""
    with new_database(postgres_server_url) as url:
        yield url


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A real Redis for the whole run; a test that kills it starts it again."""
    with require(redis_server) as server:
        yield server
