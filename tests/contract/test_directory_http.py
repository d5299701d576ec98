"""The directory contract, over real HTTP to a company that keeps strictly to openapi.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.customers.demo import DemoDirectory
from connectors.customers.http import Access, HttpDirectory
from tests.contract.test_directory import SEED, CustomerDirectoryContract
from tests.fake_company import TOKEN, FakeCompany
from tests.support.clock import FakeClock
from tests.support.metrics import Counts


class TestHttp(CustomerDirectoryContract):
    @pytest.fixture
    async def company(self, tmp_path: Path) -> AsyncIterator[FakeCompany]:
        demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=SEED)
        await demo.start()
        async with FakeCompany(demo) as company:
            yield company
        await demo.stop()
        assert company.violations == []

    @pytest.fixture
    async def directory(self, company: FakeCompany) -> AsyncIterator[HttpDirectory]:  # type: ignore[override]
        access = Access(url=company.url, token=TOKEN)
        directory = HttpDirectory(access, clock=FakeClock(), metrics=Counts())
        await directory.start()
        yield directory
        await directory.stop()

    async def test_contacts_and_proofs_stand_in_no_address(
        self, directory: HttpDirectory, company: FakeCompany
    ) -> None:
        await directory.find(email=self.facts.email)
        await directory.find(phone=self.facts.phone)
        await directory.prove_order(self.facts.processing, self.facts.postcode)
        targets = [request.target for request in company.received]
        assert targets == [
            "/baton/v1/customers/search",
            "/baton/v1/customers/search",
            f"/baton/v1/orders/{self.facts.processing}/proof",
        ]
