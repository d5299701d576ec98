"""The store's contract, on each database that Baton runs on."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.ports import Store
from bot.store import migrate, open_store
from bot.store.sqlite import SqliteStore
from tests.contract.store_contract import (
    ConversationsContract,
    CustomersContract,
    MessagesContract,
    WorkContract,
)
from tests.contract.store_contract_lists import ListsContract
from tests.contract.store_contract_media import FeedbackContract, MediaContract
from tests.contract.store_contract_office import OfficeContract
from tests.contract.store_contract_rules import DeskContract, HousekeepingContract, TransactionContract
from tests.contract.store_contract_search import SearchContract
from tests.contract.store_kit import StillClock, a_message, empty_postgres, write
from tests.servers import new_database


class StoreContract(
    CustomersContract,
    ConversationsContract,
    ListsContract,
    MessagesContract,
    WorkContract,
    MediaContract,
    FeedbackContract,
    DeskContract,
    OfficeContract,
    HousekeepingContract,
    SearchContract,
    TransactionContract,
):
    """All of it; a subclass supplies `url` and, if it must, `store`."""

    @pytest.fixture
    def clock(self) -> StillClock:
        return StillClock()

    @pytest.fixture
    async def store(self, url: str, clock: StillClock) -> AsyncIterator[Store]:
        store = open_store(url, clock)
        await store.start()
        yield store
        await store.stop()

    async def test_it_is_all_there_after_a_restart(self, url: str, store: Store, clock: StillClock) -> None:
        messages = [a_message("c1", seq) for seq in range(1, 30)]
        await write(store, *(lambda tx, one=one: tx.add_message(one) for one in messages))
        await store.stop()
        again = open_store(url, clock)
        await again.start()
        assert await again.read(lambda tx: tx.messages("c1")) == messages
        await again.stop()


class TestSqliteFile(StoreContract):
    @pytest.fixture(scope="class")
    def migrated(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        path = tmp_path_factory.mktemp("store") / "migrated.db"
        migrate(f"sqlite:///{path}")
        return path

    @pytest.fixture
    def url(self, migrated: Path, tmp_path: Path) -> str:
        return f"sqlite:///{shutil.copy(migrated, tmp_path / 'baton.db')}"


class TestSqliteInline(StoreContract):
    @pytest.fixture
    def url(self) -> str:
        return "sqlite://"

    @pytest.fixture
    async def store(self, clock: StillClock) -> AsyncIterator[Store]:
        store = SqliteStore(":memory:", clock, inline=True)
        await store.start()
        yield store
        await store.stop()

    async def test_it_is_all_there_after_a_restart(self) -> None:
        pytest.skip("a database in memory ends with its store")


class TestSqliteMemory(TestSqliteInline):
    @pytest.fixture
    async def store(self, url: str, clock: StillClock) -> AsyncIterator[Store]:
        store = open_store(url, clock)
        await store.start()
        yield store
        await store.stop()


@pytest.mark.services
class TestPostgres(StoreContract):
    @pytest.fixture(scope="class")
    def migrated(self, postgres_server_url: str) -> Iterator[str]:
        with new_database(postgres_server_url) as url:
            migrate(url)
            yield url

    @pytest.fixture
    def url(self, migrated: str) -> str:
        empty_postgres(migrated)
        return migrated


def test_the_suite_is_the_same_everywhere() -> None:
    cases = {name for name in dir(StoreContract) if name.startswith("test_")}
    assert len(cases) >= 65
    for suite in (TestSqliteFile, TestSqliteInline, TestSqliteMemory, TestPostgres):
        assert cases <= set(dir(suite))
