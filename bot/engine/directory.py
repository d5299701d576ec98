"""The company's data as an engine process reaches it: every call is a question to the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import msgspec

from bot.domain.customer import (
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
)

current_action: ContextVar[str] = ContextVar("current_action", default="")
"""Name of the custom action that runs; part of the idempotency key of what it changes."""

ANSWERS: dict[str, Any] = {
    "profile": Answer[Profile],
    "orders": Answer[tuple[Order, ...]],
    "order": Answer[Order],
    "prove_order": Answer[Order],
    "cancel_order": Answer[Cancellation],
    "start_return": Answer[Refund],
    "refund_status": Answer[Refund],
    "invoice": Answer[Invoice],
    "change_address": Answer[AddressChange],
    "set_preferences": Answer[Preferences],
    "update_account_holder": Answer[Profile],
    "close_account": Answer[Closure],
    "open_case": Answer[Case],
    "case": Answer[Case],
    "find_products": Answer[tuple[Product, ...]],
}
"""What each method of `TurnDirectory` answers: the only place that names them."""

CHANGING = frozenset(
    {
        "prove_order",
        "cancel_order",
        "start_return",
        "change_address",
        "set_preferences",
        "update_account_holder",
        "close_account",
        "open_case",
    }
)
"""Methods that change something: each call within (turn, action) gets the next ordinal, from 1."""

DECODERS: dict[str, msgspec.msgpack.Decoder[Any]] = {
    method: msgspec.msgpack.Decoder(answer) for method, answer in ANSWERS.items()
}

Ask = Callable[[str, int, str, dict[str, Any]], Awaitable[Answer[Any]]]
"""(action, ordinal, method, arguments) -> answer, for one turn."""


class RemoteDirectory:
    """A `TurnDirectory` whose answers come from the server; made anew for each turn."""

    __slots__ = ("_ask", "_ordinals")

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._ordinals: dict[str, int] = {}

    async def profile(self) -> Answer[Profile]:
        """Return the customer's own profile."""
        return await self._call("profile")

    async def orders(self) -> Answer[tuple[Order, ...]]:
        """Return the orders that this conversation may see."""
        return await self._call("orders")

    async def order(self, number: str) -> Answer[Order]:
        """Return one order."""
        return await self._call("order", number=number)

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Open an order to the conversation with its e-mail or postcode."""
        return await self._call("prove_order", number=number, proof=proof)

    async def cancel_order(self, number: str) -> Answer[Cancellation]:
        """Cancel an order, once."""
        return await self._call("cancel_order", number=number)

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund"
    ) -> Answer[Refund]:
        """Open a return, once."""
        return await self._call(
            "start_return", number=number, reason=reason, item=item, resolution=resolution
        )

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund that belongs to an order."""
        return await self._call("refund_status", number=number)

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Return an order's invoice."""
        return await self._call("invoice", number=number)

    async def change_address(self, address: str, *, number: str = "") -> Answer[AddressChange]:
        """Change the address of an order or of the account, once."""
        return await self._call("change_address", address=address, number=number)

    async def set_preferences(self, changes: Mapping[str, bool]) -> Answer[Preferences]:
        """Change how the customer wants to hear from the company, once."""
        return await self._call("set_preferences", changes=dict(changes))

    async def update_account_holder(self, changes: Mapping[str, str]) -> Answer[Profile]:
        """Change the customer's name, e-mail or phone, once."""
        return await self._call("update_account_holder", changes=dict(changes))

    async def close_account(self) -> Answer[Closure]:
        """Close the customer's account, once."""
        return await self._call("close_account")

    async def open_case(self, kind: str, text: str, *, number: str = "") -> Answer[Case]:
        """Have the company look into something, once."""
        return await self._call("open_case", kind=kind, text=text, number=number)

    async def case(self, number: str) -> Answer[Case]:
        """Return a case of this customer's."""
        return await self._call("case", number=number)

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return articles of the catalogue."""
        return await self._call("find_products", text=text)

    async def _call(self, method: str, **arguments: Any) -> Answer[Any]:
        action, ordinal = current_action.get(), 0
        if method in CHANGING:
            ordinal = self._ordinals[action] = self._ordinals.get(action, 0) + 1
        return await self._ask(action, ordinal, method, arguments)
