"""The server's side of a turn: requests, and a directory that a test can hold up or break."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from bot.domain.customer import Answer, Order, OrderItem, Profile, Status, Trust, TurnContext
from bot.domain.turn import TurnRequest

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDER = Order(
    number="4521",
    customer_ref="cust-1",
    status="shipped",
    placed_on=date(2026, 2, 27),
    total=Decimal("59.90"),
    currency="EUR",
    items=(OrderItem(name="Desk lamp", quantity=1, price=Decimal("59.90")),),
    expected_on=date(2026, 3, 4),
)
_numbers = count(1)


@dataclass
class Company:
    """The directory on the server's side; `gates` holds up the calls of a conversation."""

    calls: list[tuple[str, str, int, str, dict[str, Any]]] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    broken: bool = False

    async def __call__(
        self, context: TurnContext, action: str, ordinal: int, method: str, arguments: dict[str, Any]
    ) -> Answer[Any]:
        conversation = context.conversation_id
        self.calls.append((conversation, action, ordinal, method, arguments))
        gate = self.gates.get(conversation)
        if gate is not None:
            self.waiting.add(conversation)
            await gate.wait()
        if self.broken:
            raise RuntimeError("the company's system fell over")
        values: dict[str, Any] = {
            "profile": Profile(ref="cust-1", name="Ada Byron", email="ada@example.com"),
            "orders": (ORDER,),
            "order": ORDER,
        }
        if method in values:
            return Answer(status=Status.OK, value=values[method])
        return Answer(status=Status.NOT_FOUND)

    async def waits_for(self, conversation: str) -> None:
        async with asyncio.timeout(10):
            while conversation not in self.waiting:
                await asyncio.sleep(0.01)


def request(
    text: str = "",
    *,
    payload: str = "",
    conversation: str = "",
    state: bytes | None = None,
    known: bool = True,
) -> TurnRequest:
    """Make a turn; without `conversation` it is a new one."""
    number = next(_numbers)
    conversation = conversation or f"conv-{number}"
    context = TurnContext(
        conversation_id=conversation,
        customer_id="customer-1",
        inbox_id=f"inbox-{number}",
        channel="rest",
        now=NOW,
        trust=Trust.VERIFIED if known else Trust.ANONYMOUS,
        directory_ref="cust-1" if known else "",
        name="Ada" if known else "",
        facts={"opening_hours": "Monday to Friday, 9 to 17"},
    )
    return TurnRequest(
        turn_id=f"turn-{number}",
        conversation_id=conversation,
        context=context,
        text=text,
        payload=payload,
        state=state,
    )
