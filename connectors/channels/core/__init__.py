"""What a channel asks of the core, so that no channel needs to know a service."""

from __future__ import annotations

from typing import Any, Protocol

from bot.domain.message import InboundMessage, Message


class Intake(Protocol):
    """Takes customer messages in."""

    async def accept(self, inbound: InboundMessage) -> Any:
        """Store a message for good and return a receipt, which only `Replies.wait` can read.

        Raises:
            InvalidInput: the content is not usable.
            TooManyRequests: too much of it.
            StoreError: it is not stored.
        """
        ...


class Replies(Protocol):
    """Waits for answers."""

    async def wait(self, accepted: Any, timeout: float) -> list[Message] | None:
        """Return what was said in answer; [] when a person has it; None when it is not done in time."""
        ...


class Transcript(Protocol):
    """Reads a conversation as its customer may see it."""

    async def by_address(
        self, channel: str, account: str, address: str, *, after: int, wait: float
    ) -> list[Message]:
        """Return customer-visible messages with a greater sequence number.

        Waits up to `wait` seconds for the first one; an unknown address has none.
        """
        ...

    async def owner(self, channel: str, account: str, address: str) -> str:
        """Return who owns the conversation now: "nobody" for an unknown address."""
        ...
