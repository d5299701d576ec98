"""No connection to a company's system: every question is answered "try later", nothing is made up."""

from __future__ import annotations

from bot.domain.customer import Answer, Cancellation, Order, Profile, Refund, Status


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

    async def start_return(self, number: str, reason: str, *, key: str) -> Answer[Refund]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Answer TRY_LATER."""
        return Answer(status=Status.TRY_LATER)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""
