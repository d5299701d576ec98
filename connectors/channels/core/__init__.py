"""What a channel asks of the core, so that no channel needs to know a service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from bot.domain.arrival import Arrival
from bot.domain.message import Attachment, IdentityClaim, InboundMessage, Message
from bot.domain.visit import Fresh, Look, Ticket, Visit


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


class Arrivals(Protocol):
    """Takes in whatever a platform reports; telling it twice does no harm."""

    async def take(self, arrival: Arrival) -> None:
        """Store one thing for good.

        Raises:
            InvalidInput: it is not usable: do not tell it again.
            StoreError: it is not stored: the platform may tell it again.
        """
        ...


class File(Protocol):
    """A stored file with its content; `size` in bytes."""

    @property
    def name(self) -> str:
        """Return a name that is safe to show and to save under."""
        ...

    @property
    def mime(self) -> str:
        """Return the type that was found in the content."""
        ...

    @property
    def kind(self) -> str:
        """Return image, audio, video or file."""
        ...

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        ...

    @property
    def stream(self) -> AsyncIterator[bytes]:
        """Return the content; raises UnknownFile if it is deleted meanwhile."""
        ...


class Files(Protocol):
    """Gives out stored files, to be sent on."""

    async def open(self, attachment: Attachment) -> File:
        """Return a file that is ours. Raises UnknownFile if it is not there."""
        ...


class Links(Protocol):
    """Links that join a chat to a known customer."""

    async def make(self, claim: IdentityClaim) -> str:
        """Return a token of at most 64 letters, digits, `_` and `-` that is good for minutes."""
        ...

    async def claim(self, token: str, *, channel: str, account: str, address: str) -> IdentityClaim | None:
        """Return whom a token stands for; None if it is unknown, spent, or another chat's."""
        ...


Words = Callable[[str], str]
"""Gives one of the trainers' responses by its name, as plain text; empty if there is none."""


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


class Desk(Protocol):
    """Who could answer at the moment."""

    @property
    def online(self) -> int:
        """Return how many people are there."""
        ...

    @property
    def open(self) -> bool:
        """Say whether it is within opening hours."""
        ...

    @property
    def opening_hours(self) -> str:
        """Return the opening hours in words."""
        ...


class Visits(Protocol):
    """Receives visitors of a chat: whose a visit is, what is there, what a visitor may do.

    `ref` is the customer's reference of who is signed in, empty for a stranger. Everything with a `ref`
    raises OtherCustomer when somebody else has signed in at the address.
    """

    async def arrive(self, ticket: Ticket | None, claim: IdentityClaim | None) -> Visit:
        """Return where a visitor is received."""
        ...

    def elsewhere(self, fresh: Fresh, claim: IdentityClaim | None = None) -> Visit:
        """Return an address that nobody has used."""
        ...

    async def look(self, address: str, *, after: int) -> Look:
        """Return what came after a number, and how things stand."""
        ...

    async def history(
        self, address: str, ref: str, *, before: int, limit: int
    ) -> tuple[list[Message], bool]:
        """Return visible messages before a number, and whether there are older ones."""
        ...

    async def sequences(self, addresses: Sequence[str]) -> dict[str, tuple[str, int, int]]:
        """Return conversation, newest number and owner version at each address."""
        ...

    async def places(self) -> dict[str, int]:
        """Return everybody's place in the queue, by conversation."""
        ...

    async def desk(self) -> Desk:
        """Return who could answer now."""
        ...

    async def typing(self, conversation_id: str) -> None:
        """Let the desks see that the customer is writing."""
        ...

    async def read(self, address: str, *, seq: int) -> None:
        """Note up to where the customer has read."""
        ...

    async def rate(self, address: str, ref: str, *, score: int, comment: str) -> None:
        """Keep what the customer says of the agent's help.

        Raises:
            NotFound: no agent has helped here lately.
            Conflict: it was rated long ago.
        """
        ...

    async def check(self, ticket: Ticket, ref: str) -> None:
        """Let those pass who may be at an address."""
        ...

    async def transcript(self, address: str, ref: str) -> list[Message]:
        """Return everything that the customer may see, from the beginning."""
        ...

    async def erase(self, address: str, ref: str) -> int:
        """Delete everything that is stored of the customer; return how many conversations went."""
        ...
