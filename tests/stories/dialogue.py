"""A whole conversation with the trained assistant and the demo shop, without server and processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.domain.customer import (
    TRUST_RANK,
    AddressChange,
    Answer,
    Cancellation,
    Case,
    Closure,
    Invoice,
    Order,
    Preferences,
    Product,
    Profile,
    Refund,
    Status,
    Trust,
    TurnContext,
)
from bot.domain.message import Draft
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import Clock, CustomerDirectory
from connectors.customers.demo import DemoDirectory

ROOT = Path(__file__).parents[2]
EMAIL = "jane.miller@example.com"


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

    @property
    def signed_in(self) -> bool:
        return self.known and self.context.trust is Trust.VERIFIED

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
        return await self._of_order(number, "cancel_order", number, key=self._key("cancel_order"))

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund"
    ) -> Answer[Refund]:
        key, more = self._key("start_return"), {"item": item, "resolution": resolution}
        return await self._of_order(number, "start_return", number, reason, key=key, **more)

    async def refund_status(self, number: str) -> Answer[Refund]:
        return await self._of_order(number, "refund_status", number)

    async def invoice(self, number: str) -> Answer[Invoice]:
        answer: Answer[Invoice] = await self._of_order(number, "invoice", number)
        if answer.value is None or self.known:
            return answer
        return replace(answer, value=replace(answer.value, url=""))

    async def change_address(self, address: str, *, number: str = "") -> Answer[AddressChange]:
        if not (self.known if number else self.signed_in):
            return Answer(status=Status.NOT_ALLOWED)
        if number and not (allowed := await self.order(number)).ok:
            return Answer(status=allowed.status)
        ref, key = self.context.directory_ref, self._key("change_address")
        return await self.shop.change_address(address, ref=ref, number=number, key=key)

    async def set_preferences(self, changes: Mapping[str, bool]) -> Answer[Preferences]:
        return await self._of_customer(self.known, "set_preferences", changes)

    async def update_account_holder(self, changes: Mapping[str, str]) -> Answer[Profile]:
        return await self._of_customer(self.signed_in, "update_account_holder", changes)

    async def close_account(self) -> Answer[Closure]:
        return await self._of_customer(self.signed_in, "close_account")

    async def open_case(self, kind: str, text: str, *, number: str = "") -> Answer[Case]:
        if number and not (allowed := await self.order(number)).ok:
            return Answer(status=allowed.status)
        ref, key = self.context.directory_ref if self.known else "", self._key("open_case")
        return await self.shop.open_case(kind, text, ref=ref, number=number, key=key)

    async def case(self, number: str) -> Answer[Case]:
        return await self.shop.case(number)

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        return await self.shop.find_products(text)

    async def _of_order(self, order: str, method: str, *arguments: Any, **more: Any) -> Answer[Any]:
        allowed = await self.order(order)
        if not allowed.ok:
            return Answer(status=allowed.status)
        answer: Answer[Any] = await getattr(self.shop, method)(*arguments, **more)
        return answer

    async def _of_customer(self, allowed: bool, method: str, *arguments: Any) -> Answer[Any]:
        if not allowed:
            return Answer(status=Status.NOT_ALLOWED)
        call = getattr(self.shop, method)
        answer: Answer[Any] = await call(self.context.directory_ref, *arguments, key=self._key(method))
        return answer

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


Start = Callable[..., Conversation]


def wordings(name: str) -> list[str]:
    """Return patterns for every wording of a response, placeholders matching anything."""
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    return [re.sub(r"\\\{\w+\\\}", ".*", re.escape(w["text"])) for w in domain["responses"][name]]


def said(conversation: Conversation, *names: str) -> None:
    """Check that the last turn said exactly these responses, in this order."""
    texts = [message.text for message in conversation.messages]
    assert len(texts) == len(names), texts
    for text, name in zip(texts, names, strict=True):
        assert any(re.fullmatch(pattern, text) for pattern in wordings(name)), (name, text)
        assert not re.search(r"[{}]|None", text), text


async def changes(shop: DemoDirectory) -> list[tuple[str, str]]:
    """Return the orders that were changed, and how."""
    return [(change.order_number, change.what) for change in await shop.changes()]
