"""Turns 100 and 1,000 of a conversation against turn 10: over REST, in the engine alone, and in stock Rasa."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
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
from tests.bench.figures import Figure
from tests.bench.product import Baton, Server
from tests.bench.report import Options, Outcome, Table, median
from tests.bench.rest import UNBOUNDED, stock_server
from tests.bench.shop import PROJECT, shop_orders

AT_MOST = 1.2
POINTS = (10, 100, 1000)
STOCK_POINTS = (10, 100)
"""Stock Rasa slows down with every turn: a thousand of them would take minutes each time."""
WINDOW = 10
"""Turns on each side of a point that are measured with it."""
SAID = ("where is my order {number}", "when are you open", "what can I pay with", "what can you do")
"""One after the other: whoever asks the same again and again is angry, and gets a person."""
PLAIN = ("what can you do",)
"""What stock Rasa is asked: an order would need an action server."""

Say = Callable[[str], Awaitable[float]]
"""Sends one text and returns how long the answer took, in milliseconds."""


@dataclass(kw_only=True)
class Times:
    """Times at each point, in milliseconds."""

    at: dict[int, list[float]] = field(default_factory=dict)

    def middle(self, point: int) -> float | None:
        """Return the median at a point, None where it was not measured."""
        return median(self.at[point]) if self.at.get(point) else None

    def ratio(self, point: int) -> float | None:
        """Return what a turn costs there, over an early one."""
        late, early = self.middle(point), self.middle(POINTS[0])
        return late / early if late and early else None


async def bench(options: Options) -> Outcome:
    """Measure each way; several conversations each."""
    conversations = options.rounds
    found = {
        "Baton over REST": await _over_rest(conversations),
        "Baton's engine alone": await _engine_alone(conversations),
    }
    missing = ""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        rival, missing = stock_server(Path(folder), options)
        if rival is not None:
            found["stock Rasa over REST"] = await _stock(rival, conversations)
    note = (
        f"The same questions in turn, one of each conversation in alternation, {conversations} of"
        f" each age; medians over {2 * WINDOW} turns around each point. Stock Rasa is asked what needs no"
        " action server."
    )
    table = Table(
        title="What late turns cost",
        columns=("path", *(f"turn {point:,}, ms" for point in POINTS), "100 over 10", "1,000 over 10"),
        rows=[
            (name, *(_shown(t.middle(point)) for point in POINTS), *map(_shown, map(t.ratio, POINTS[1:])))
            for name, t in found.items()
        ],
        notes=[note, *([missing] if missing else [])],
    )
    return Outcome(tables=[table], figures=_figures(found), missing=[missing] if missing else [])


def _figures(found: dict[str, Times]) -> list[Figure]:
    """Return the lines of the table; the late ones of Baton are promised."""
    theirs = found.get("stock Rasa over REST")
    figures = []
    for name, times in found.items():
        if times is theirs:
            continue
        where = "over REST" if "REST" in name else "in the engine alone"
        for point in POINTS[1:]:
            figures.append(
                Figure(
                    key=f"turn-{point}-{where.split()[-1].lower()}",
                    what=f"turn {point:,} over turn {POINTS[0]}, {where}",
                    ours=times.ratio(point) or 0.0,
                    theirs=theirs.ratio(point) if theirs and "REST" in name else None,
                    unit="times",
                    limit=AT_MOST,
                )
            )
    return figures


def _shown(value: float | None) -> object:
    return "-" if value is None else value


async def compare(
    talk: Callable[[], Awaitable[Say]],
    texts: Sequence[str],
    conversations: int,
    points: Sequence[int] = POINTS,
) -> Times:
    """Bring a conversation near each point, then measure them in alternation."""
    times = Times(at={point: [] for point in points})
    for _ in range(conversations):
        says = {point: await talk() for point in points}
        for point, say in says.items():
            for turn in range(max(point - WINDOW - 1, 0)):
                await say(texts[turn % len(texts)])
        for turn in range(2 * WINDOW):
            for point, say in says.items():
                times.at[point].append(await say(texts[turn % len(texts)]))
    return times


async def _over_rest(conversations: int) -> Times:
    order, names = shop_orders()[0], itertools.count()
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, ExitStack() as stack:
        server = Baton(folder=Path(folder), env=UNBOUNDED)
        stack.callback(server.stop)
        server.start()
        await server.wait_answer()
        client = Client(server.url)
        stack.callback(client.close)

        async def talk() -> Say:
            say = rest_say(client, f"flat-{next(names)}")
            await say(SAID[0].format(number=order.number))
            await say(order.email)
            return say

        return await compare(talk, [text.format(number=order.number) for text in SAID], conversations)


async def _stock(server: Server, conversations: int) -> Times:
    names = itertools.count()
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        await server.wait_answer()
        client = Client(server.url)
        stack.callback(client.close)

        async def talk() -> Say:
            return rest_say(client, f"flat-{next(names)}")

        return await compare(talk, PLAIN, conversations, STOCK_POINTS)


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


async def _engine_alone(conversations: int) -> Times:
    model = live_model(PROJECT / "models")
    if model is None:
        raise RuntimeError("there is no trained model")
    pool, names = EnginePool(model.path, project=PROJECT), itertools.count()
    await pool.start()
    try:

        async def talk() -> Say:
            return engine_say(pool, f"flat-{next(names)}")

        await (await talk())("hi")
        return await compare(talk, [text.format(number="4521") for text in SAID], conversations)
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
