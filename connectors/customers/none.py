"""No connection to a company's system: every question is answered "try later", nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.domain.customer import (
    AddressChange,
    Answer,
    Cancellation,
    Case,
    Closure,
    Goodwill,
    Invoice,
    Order,
    Preferences,
    Product,
    Profile,
    Refund,
    Status,
)


class UnconnectedDirectory:
    """Stands where a real customer directory goes; the assistant then offers a person."""

    name = "not connected"

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def profile(self, ref: str) -> Answer[Profile]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def order(self, number: str) -> Answer[Order]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund", key: str
    ) -> Answer[Refund]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def change_address(
        self, address: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[AddressChange]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def grant_goodwill(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, *, key: str
    ) -> Answer[Goodwill]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def set_preferences(
        self, ref: str, changes: Mapping[str, bool], *, key: str
    ) -> Answer[Preferences]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def update_account_holder(
        self, ref: str, changes: Mapping[str, str], *, key: str
    ) -> Answer[Profile]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def close_account(self, ref: str, *, key: str) -> Answer[Closure]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def open_case(
        self, kind: str, text: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[Case]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def case(self, number: str) -> Answer[Case]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""
