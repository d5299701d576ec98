"""The gateway on the demo shop, called as an engine process does, for customers known more or less well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.bus.memory import MemoryBus
from bot.domain.customer import Answer, Effect, Trust, TurnContext
from bot.services.directory import DirectoryGateway
from bot.store.sqlite import SqliteStore
from connectors.customers.demo import DemoDirectory, Failure
from tests.support.clock import FakeClock
from tests.support.world import NoMetrics

SEED = Path(__file__).parents[2] / "data" / "demo" / "shop.json"
JANE, TARIQ, IDLE = "C1001", "C1002", "C1012"
EMAIL = "jane.miller@example.com"
ADDRESS = "9 Orchard Row, Salford, M3 5EN"


class Watched:
    """Passes every call on to a directory, and notes it."""

    def __init__(self, shop: DemoDirectory) -> None:
        self.shop = shop
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.shop, name)
        if name == "name":
            return found

        def call(*arguments: Any, **more: Any) -> Any:
            self.calls.append((name, arguments, more))
            return found(*arguments, **more)

        return call

    @property
    def asked(self) -> list[str]:
        return [name for name, _, _ in self.calls]


@dataclass
class Kit:
    """`as_…` say whose turn it is; `call` is one call of an action in that turn."""

    shop: DemoDirectory
    clock: FakeClock
    failures: dict[str, Failure] = field(default_factory=dict)

    async def start(self) -> Kit:
        self.company = Watched(self.shop)
        self.store = SqliteStore(":memory:", self.clock, inline=True)
        await self.store.start()
        self.gateway = DirectoryGateway(
            directory=self.company,
            store=self.store,
            bus=MemoryBus(self.clock),
            clock=self.clock,
            metrics=NoMetrics(),
        )
        self.context = TurnContext(
            conversation_id="c", customer_id="k", inbox_id="i1", channel="rest", now=self.clock.now()
        )
        return self

    def stranger(self) -> Kit:
        return self._with(trust=Trust.ANONYMOUS, directory_ref="")

    def claimed(self, ref: str = JANE) -> Kit:
        return self._with(trust=Trust.CLAIMED, directory_ref=ref)

    def channel(self, ref: str = JANE) -> Kit:
        return self._with(trust=Trust.CHANNEL, directory_ref=ref)

    def verified(self, ref: str = JANE) -> Kit:
        return self._with(trust=Trust.VERIFIED, directory_ref=ref)

    def next_turn(self, inbox: str = "i2", conversation: str = "c") -> Kit:
        return self._with(inbox_id=inbox, conversation_id=conversation)

    def _with(self, **changes: Any) -> Kit:
        self.context = replace(self.context, **changes)
        return self

    async def call(
        self, method: str, *, ordinal: int = 1, action: str = "action_x", **arguments: Any
    ) -> Answer[Any]:
        return await self.gateway.call(self.context, action, ordinal, method, arguments)

    async def prove(self, number: str = "4522", proof: str = EMAIL) -> Answer[Any]:
        return await self.call("prove_order", number=number, proof=proof)

    async def effects(self) -> list[Effect]:
        return await self.store.read(lambda tx: tx.effects(self.context.conversation_id))

    async def changes(self) -> list[tuple[str, str]]:
        return [(change.order_number, change.what) for change in await self.shop.changes()]


@asynccontextmanager
async def a_kit(folder: Path) -> AsyncIterator[Kit]:
    clock, failures = FakeClock(), dict[str, Failure]()
    shop = DemoDirectory(folder / "shop.db", clock, seed=SEED, failures=failures)
    await shop.start()
    kit = await Kit(shop, clock, failures).start()
    yield kit
    await kit.store.stop()
    await shop.stop()
