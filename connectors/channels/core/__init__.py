"""What a channel asks of the core, so that no channel needs to know a service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from bot.domain.message import Attachment, InboundMessage, Message


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


class Media(Protocol):
    """Keeps files; `owner` is the customer's address on this channel."""

    @property
    def max_bytes(self) -> int:
        """Return how large a file may be."""
        ...

    async def keep(self, stream: AsyncIterator[bytes], *, name: str, owner: str) -> Attachment:
        """Take a file in, to be sent with a message within a day.

        Its `url` begins with "media:" and is turned into an address by `url`.

        Raises:
            TooLarge: it is larger than `max_bytes`.
            UnsupportedFile: it is of a kind that is not taken, or damaged.
            TooManyRequests: too many files that are not sent.
        """
        ...

    async def claim(self, ids: Sequence[str], *, owner: str) -> tuple[Attachment, ...]:
        """Return the attachments for a message; intake makes them part of it.

        Raises:
            UnknownFile: one is not there, or not this owner's.
            TooLarge: more than a message may have.
        """
        ...

    def url(self, attachment: Attachment) -> str:
        """Return where the customer finds it: a signed path on this server, good for a day or two."""
        ...
