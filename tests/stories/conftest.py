"""The trained assistant and a fresh demo shop for every conversation."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.customer import Trust, TurnContext
from connectors.customers.demo import DemoDirectory, Failure
from tests.stories.dialogue import ROOT, Conversation, Start
from tests.support.clock import FakeClock


@pytest.fixture(scope="session")
def turns() -> Any:
    """The live model, trained first if the data changed."""
    from bot.engine.rasa_turns import RasaTurns
    from bot.training.train import train

    trained = train(ROOT, ROOT / "models", lambda line: None)
    return RasaTurns.load(trained.model.path, project=ROOT)


@pytest.fixture
def failures() -> dict[str, Failure]:
    return {}


@pytest.fixture
async def shop(tmp_path: Path, failures: dict[str, Failure]) -> AsyncIterator[DemoDirectory]:
    demo = DemoDirectory(
        tmp_path / "shop.db", FakeClock(), seed=ROOT / "data" / "demo" / "shop.json", failures=failures
    )
    await demo.start()
    yield demo
    await demo.stop()


@pytest.fixture
def start(turns: Any, shop: DemoDirectory) -> Start:
    """Begin a conversation: with a stranger, or with Jane Miller as the company's site signed her in.

    With `ref` it is another customer, with `trust` somebody whom we know less well.
    """
    number = itertools.count()

    def begin(*, jane: bool = False, ref: str = "", trust: Trust = Trust.VERIFIED) -> Conversation:
        clock = FakeClock()
        name = "" if ref else "Jane Miller"
        known: dict[str, Any] = {"trust": trust, "directory_ref": ref or "C1001", "name": name}
        context = TurnContext(
            conversation_id=f"{id(shop)}-{next(number)}",
            customer_id="k",
            inbox_id="",
            channel="rest",
            now=clock.now(),
            facts={"opening_hours": "Monday to Friday 9:00 to 17:00"},
            **(known if jane or ref else {}),
        )
        return Conversation(turns=turns, shop=shop, clock=clock, context=context)

    return begin
