"""A whole conversation with the trained assistant and the demo shop, without server and processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.customer import (
    TRUST_RANK,
    Answer,
    Cancellation,
    Order,
    Profile,
    Refund,
    Status,
    Trust,
    TurnContext,
)
from bot.domain.message import Draft
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import Clock, CustomerDirectory

T = Any


class ShopForTurn:
    """The directory as one turn sees it, by the promises of `TurnDirectory`."""

    def __init__(self, shop: CustomerDirectory, context: TurnContext, proved: set[str]) -> None:
        self.shop, self.context, self.proved = shop, context, proved
        self.keys = 0

    @property
    def known(self) -> bool:
        return (
            bool(self.context.directory_ref) and TRUST_RANK[self.context.trust] >= TRUST_RANK[Trust.CHANNEL]
        )

    async def profile(self) -> Answer[Profile]:
        if not self.known:
            return Answer(status=Status.NOT_ALLOWED)
        return await self.shop.profile(self.context.directory_ref)

    async def orders(self) -> Answer[tuple[Order, ...]]:
        if self.known:
            return await self.shop.orders(self.context.directory_ref)
        found = [await self.shop.order(number) for number in sorted(self.proved)]
        if not found:
            return Answer(status=Status.NOT_ALLOWED)
        return Answer(status=Status.OK, value=tuple(a.value for a in found if a.value))

    async def order(self, number: str) -> Answer[Order]:
        answer = await self.shop.order(number)
        if answer.status is Status.TRY_LATER or number in self.proved:
            return answer
        if self.known and (answer.value is None or answer.value.customer_ref == self.context.directory_ref):
            return answer
        return Answer(status=Status.NOT_ALLOWED)

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        answer = await self.shop.prove_order(number, proof)
        if answer.ok:
            self.proved.add(number)
        return answer

    async def cancel_order(self, number: str) -> Answer[Cancellation]:
        allowed = await self.order(number)
        if not allowed.ok:
            return Answer(status=allowed.status)
        return await self.shop.cancel_order(number, key=self._key("cancel_order"))

    async def start_return(self, number: str, reason: str) -> Answer[Refund]:
        allowed = await self.order(number)
        if not allowed.ok:
            return Answer(status=allowed.status)
        return await self.shop.start_return(number, reason, key=self._key("start_return"))

    async def refund_status(self, number: str) -> Answer[Refund]:
        allowed = await self.order(number)
        if not allowed.ok:
            return Answer(status=allowed.status)
        return await self.shop.refund_status(number)

    def _key(self, method: str) -> str:
        self.keys += 1
        return f"{self.context.inbox_id}:{method}:{self.keys}"


@dataclass
class Conversation:
    """Say things, press choices, look at what came back. Every turn starts from the kept state alone."""

    turns: Any
    shop: CustomerDirectory
    clock: Clock
    context: TurnContext
    state: bytes | None = None
    last: TurnResult | None = None
    proved: set[str] = field(default_factory=set)
    count: int = 0

    async def say(self, text: str) -> str:
        """Type something; return what the assistant says, line by line."""
        return await self._turn(text=text)

    async def press(self, title: str) -> str:
        """Press a choice of the last messages by its title, or by the beginning of it."""
        found = [c for m in self.messages for c in m.choices if c.title.startswith(title)]
        assert found, f"no choice {title!r} among {[c.title for m in self.messages for c in m.choices]}"
        return await self._turn(text=found[0].title, payload=found[0].payload)

    @property
    def messages(self) -> tuple[Draft, ...]:
        return self.last.messages if self.last else ()

    @property
    def choices(self) -> list[str]:
        return [choice.title for message in self.messages for choice in message.choices]

    async def _turn(self, text: str, payload: str = "") -> str:
        self.count += 1
        inbox = f"{self.context.conversation_id}-{self.count}"
        context = replace(self.context, inbox_id=inbox, order_grants=tuple(sorted(self.proved)))
        request = TurnRequest(
            turn_id=inbox,
            conversation_id=context.conversation_id,
            context=context,
            text=text,
            payload=payload,
            state=self.state,
        )
        self.last = await self.turns.turn(request, ShopForTurn(self.shop, context, self.proved))
        self.turns.settle(inbox, self.count % 2 == 0)  # every other turn is rebuilt from the state
        self.state = self.last.state
        return "\n".join(message.text for message in self.last.messages)
