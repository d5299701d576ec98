"""Fixtures that several test folders share. Keep it small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.contract.store_contract", "tests.contract.store_contract_rules")

from tests.servers import RedisServer, new_database, postgres_server, redis_server, require  # noqa: E402


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
