"""Turn 500 of a conversation against turn 10: through REST, and in the engine alone."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.domain.customer import Answer, Order, OrderItem, Status, TurnContext
from bot.domain.turn import TurnRequest
from bot.engine.pool import EnginePool
from bot.training.registry import live_model
from tests.bench.client import Client
from tests.bench.product import Baton
from tests.bench.report import Bound, Options, Outcome, Table, median
from tests.bench.rest import UNBOUNDED
from tests.bench.shop import PROJECT, shop_orders

AT_MOST = 1.3
EARLY, LATE = 10, 500
WINDOW = 10
"""Turns on each side of a point that are measured with it."""
SAID = "where is my order {number}"

Say = Callable[[str], Awaitable[float]]
"""Sends one text and returns how long the answer took, in milliseconds."""


@dataclass(kw_only=True)
class Pair:
    """Times at the two points, in milliseconds."""

    early: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Return what late turns cost, over early ones."""
        return median(self.late) / median(self.early) if self.early and self.late else 0.0


async def bench(options: Options) -> Outcome:
    """Measure both ways; several conversations each."""
    conversations = 2 if options.quick else 6
    through = await _through_rest(conversations)
    alone = await _engine_alone(conversations)
    names = ("through REST", "the engine alone")
    rows = [
        (name, median(pair.early), median(pair.late), pair.ratio)
        for name, pair in zip(names, (through, alone), strict=True)
    ]
    note = (
        f"The same order question each time, {conversations} old and as many young conversations, one turn"
        f" of each in alternation; medians over {2 * WINDOW} turns around each point."
    )
    table = Table(
        title=f"Flat cost: turn {LATE} against turn {EARLY}",
        columns=("path", f"turn {EARLY}, ms", f"turn {LATE}, ms", "ratio"),
        rows=rows,
        notes=[note],
    )
    bounds = [
        Bound(what=f"turn {LATE} over turn {EARLY}, {name}", value=pair.ratio, limit=AT_MOST)
        for name, pair in zip(names, (through, alone), strict=True)
    ]
    return Outcome(tables=[table], bounds=bounds)


async def compare(talk: Callable[[], Awaitable[Say]], number: str, conversations: int) -> Pair:
    """Bring each old conversation near LATE, then measure it in alternation with a young one."""
    pair = Pair()
    for _ in range(conversations):
        old, young = await talk(), await talk()
        for _ in range(LATE - WINDOW - 1):
            await old(SAID.format(number=number))
        for _ in range(EARLY - WINDOW - 1):
            await young(SAID.format(number=number))
        for _ in range(2 * WINDOW):
            pair.late.append(await old(SAID.format(number=number)))
            pair.early.append(await young(SAID.format(number=number)))
    return pair


async def _through_rest(conversations: int) -> Pair:
    order, names = shop_orders()[0], itertools.count()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        server = Baton(folder=Path(folder), env=UNBOUNDED)
        try:
            server.start()
            await server.wait_answer()
            client = Client(server.url)

            async def talk() -> Say:
                say = rest_say(client, f"flat-{next(names)}")
                await say(SAID.format(number=order.number))
                await say(order.email)
                return say

            pair = await compare(talk, order.number, conversations)
            client.close()
            return pair
        finally:
            server.stop()


def rest_say(client: Client, sender: str) -> Say:
    """Return how to write as `sender`."""

    async def say(text: str) -> float:
        begun = time.perf_counter()
        reply = await client.post("/webhooks/rest/webhook", {"sender": sender, "message": text})
        took = (time.perf_counter() - begun) * 1000
        if reply.status != 200 or not reply.json():
            raise RuntimeError(f"not answered: {reply.status} {reply.body[:200]!r}")
        return took

    return say


async def _engine_alone(conversations: int) -> Pair:
    model = live_model(PROJECT / "models")
    if model is None:
        raise RuntimeError("there is no trained model")
    pool, names = EnginePool(model.path, project=PROJECT), itertools.count()
    await pool.start()
    try:

        async def talk() -> Say:
            return engine_say(pool, f"flat-{next(names)}")

        await (await talk())("hi")
        return await compare(talk, "4521", conversations)
    finally:
        await pool.stop()


def engine_say(pool: EnginePool, conversation: str) -> Say:
    """Return how to run turns of one conversation, each committed before the next."""
    state: bytes | None = None
    numbers = itertools.count(1)

    async def say(text: str) -> float:
        nonlocal state
        turn = f"{conversation}-{next(numbers)}"
        request = TurnRequest(
            turn_id=turn,
            conversation_id=conversation,
            context=_context(conversation, turn),
            text=text,
            state=state,
        )
        begun = time.perf_counter()
        result = await pool.turn(request, _directory)
        took = (time.perf_counter() - begun) * 1000
        pool.settle(result, committed=True)
        if not result.messages:
            raise RuntimeError("the engine said nothing")
        state = result.state
        return took

    return say


def _context(conversation: str, turn: str) -> TurnContext:
    return TurnContext(
        conversation_id=conversation,
        customer_id=conversation,
        inbox_id=turn,
        channel="rest",
        now=datetime.now(UTC),
    )


async def _directory(
    context: TurnContext, action: str, ordinal: int, method: str, arguments: dict[str, Any]
) -> Answer[Any]:
    """Answer every question about an order at once: the company's system is not what is measured."""
    if method != "order":
        return Answer(status=Status.NOT_ALLOWED)
    order = Order(
        number=arguments["number"],
        customer_ref="C1",
        status="shipped",
        placed_on=date(2026, 1, 5),
        total=Decimal("24.00"),
        currency="GBP",
        items=(OrderItem(name="Mug", quantity=2, price=Decimal("12.00")),),
    )
    return Answer(status=Status.OK, value=order)
