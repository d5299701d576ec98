"""A conversation with `RasaTurns` as the turn service holds it: one turn, one commit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bot.domain.customer import Answer, Cancellation, Order, OrderItem, Refund, Status, TurnContext
from bot.domain.message import Choice
from bot.domain.turn import TurnRequest, TurnResult

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class NoDirectory:
    """A directory that knows nobody."""

    async def orders(self) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def profile(self) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def order(self, number: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def prove_order(self, number: str, proof: str) -> Answer[Any]:
        return Answer(status=Status.NOT_FOUND)

    async def cancel_order(self, number: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def start_return(self, number: str, reason: str, **more: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def refund_status(self, number: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def invoice(self, number: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def change_address(self, address: str, *, number: str = "") -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def set_preferences(self, changes: Any) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def update_account_holder(self, changes: Any) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def open_case(self, kind: str, text: str, *, number: str = "") -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def case(self, number: str) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def close_account(self) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED)

    async def find_products(self, text: str) -> Answer[Any]:
        return Answer(status=Status.OK, value=())


class KnownShop(NoDirectory):
    """Order 4521 can be cancelled and 1200 returned; the customer is known."""

    ORDERS = {
        number: Order(
            number=number,
            customer_ref="r1",
            status=status,
            placed_on=date(2026, 4, 30),
            total=Decimal("20.00"),
            currency="GBP",
            items=(OrderItem(name="Blue mug", quantity=1, price=Decimal("20.00")),),
            cancellable=status == "processing",
            returnable=status == "delivered",
        )
        for number, status in (("4521", "processing"), ("1200", "delivered"))
    }

    async def orders(self) -> Answer[Any]:
        return Answer(status=Status.OK, value=tuple(self.ORDERS.values()))

    async def order(self, number: str) -> Answer[Any]:
        found = self.ORDERS.get(number)
        return Answer(status=Status.OK, value=found) if found else Answer(status=Status.NOT_FOUND)

    async def cancel_order(self, number: str) -> Answer[Any]:
        done = Cancellation(number=number, refund=Decimal("20.00"), currency="GBP")
        return Answer(status=Status.OK, value=done)

    async def start_return(self, number: str, reason: str, **more: str) -> Answer[Any]:
        return Answer(status=Status.OK, value=_refund(number))

    async def refund_status(self, number: str) -> Answer[Any]:
        return Answer(status=Status.OK, value=_refund(number))


def _refund(number: str) -> Refund:
    return Refund(
        number="R1",
        order_number=number,
        amount=Decimal("20.00"),
        currency="GBP",
        state="requested",
        requested_on=date(2026, 5, 4),
    )


@dataclass
class Talk:
    """`live` keeps the engine's trackers between turns; otherwise each is rebuilt from the state."""

    turns: Any
    id: str = "c1"
    channel: str = "rest"
    live: bool = True
    state: bytes | None = None
    count: int = 0
    facts: dict[str, str] = field(default_factory=lambda: {"opening_hours": "9 to 5", "hours": "9 to 5"})
    directory: Any = field(default_factory=NoDirectory)
    choices: tuple[Choice, ...] = ()
    """The buttons under the last reply."""

    def request(self, text: str = "", *, payload: str = "", after_handoff: bool = False) -> TurnRequest:
        self.count += 1
        context = TurnContext(
            conversation_id=self.id,
            customer_id="k1",
            inbox_id=f"i{self.count}",
            channel=self.channel,
            now=NOW,
            facts=self.facts,
            after_handoff=after_handoff,
        )
        return TurnRequest(
            turn_id=f"{self.id}-{self.count}",
            conversation_id=self.id,
            context=context,
            text=text,
            payload=payload,
            state=self.state,
        )

    async def turn(self, text: str = "", **options: Any) -> TurnResult:
        return await self.run(self.request(text, **options))

    async def run(self, request: TurnRequest) -> TurnResult:
        try:
            result = await self.turns.turn(request, self.directory)
        except BaseException:
            self.turns.settle(request.turn_id, False)
            raise
        self.state = result.state
        self.choices = result.messages[-1].choices if result.messages else ()
        self.turns.settle(request.turn_id, self.live)
        return result

    async def say(self, text: str = "", **options: Any) -> list[str]:
        """Return the texts of the replies."""
        return [m.text for m in (await self.turn(text, **options)).messages]

    def twin(self, **changes: Any) -> Talk:
        return replace(self, **changes)
