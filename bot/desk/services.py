"""What the desk asks of the core. The services implement this; the API knows nothing else of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.domain.agents import Agent, Availability, Session
from bot.domain.media import Media

View = dict[str, Any]
"""A plain JSON object; `bot.desk.shapes` says what is in it."""


class DeskService(Protocol):
    """What people can do with conversations; the caller comes first in every call.

    Every method raises NotPermitted; those with a conversation raise UnknownConversation; those that
    change one raise InvalidTransition with the fields owner, assignee and owner_version.
    """

    async def conversations(
        self, agent: Agent, *, owner: str, after: str = "", limit: int = 50, **narrowed: Any
    ) -> list[View]:
        """List conversations with the essentials; `narrowed` may hold team, channel, reason, unread."""
        ...

    async def counts(self, agent: Agent) -> View:
        """Return how many conversations are in each list of this agent."""
        ...

    async def conversation(self, agent: Agent, conversation_id: str) -> View:
        """Return a conversation with its customer and packet."""
        ...

    async def messages(self, agent: Agent, conversation_id: str, *, after: int, limit: int) -> list[View]:
        """Return entries with a greater sequence number than `after`; below 0, the newest so many."""
        ...

    async def say(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        text: str,
        kind: str,
        client_id: str,
        files: Sequence[str] = (),
    ) -> View:
        """Add a reply or a note, with uploaded files; idempotent by `client_id`. Raises UnknownFile."""
        ...

    async def claim(self, agent: Agent, conversation_id: str, *, take: bool = False) -> View:
        """Take the conversation, also one that has ended; with `take`, from another agent."""
        ...

    async def release(self, agent: Agent, conversation_id: str, note: str = "") -> View:
        """Give it back to the bot."""
        ...

    async def transfer(
        self, agent: Agent, conversation_id: str, *, to_agent: str, to_team: str, note: str
    ) -> View:
        """Pass it to an agent or to a team's queue."""
        ...

    async def resolve(
        self, agent: Agent, conversation_id: str, *, note: str, reopens_to: str = "bot"
    ) -> View:
        """Close the matter."""
        ...

    async def close_task(self, agent: Agent, conversation_id: str, *, note: str = "") -> View:
        """Mark what the customer was promised as done."""
        ...

    async def set_availability(self, agent: Agent, state: Availability) -> View:
        """State the caller's own presence."""
        ...

    async def agents(self, agent: Agent) -> list[View]:
        """List the people at the desk."""
        ...

    async def typing(self, agent: Agent, conversation_id: str, *, note: bool = False) -> None:
        """Show that an answer, or a note that the customer is not to know of, is being written."""
        ...

    async def viewing(self, agent: Agent, conversation_id: str, *, here: bool) -> None:
        """Show that the caller looks at a conversation, or no longer does."""
        ...


class DeskOrders(Protocol):
    """A customer's orders; the caller comes first here as well."""

    async def orders(self, agent: Agent, conversation_id: str) -> View:
        """Return the orders, and what may be done with each. Never fails with the company's system."""
        ...

    async def look_up(self, agent: Agent, conversation_id: str, *, number: str, reason: str) -> View:
        """Return an order that is not known to be the customer's. Raises NotFound, TooManyRequests."""
        ...


class DeskActions(Protocol):
    """What agents do for customers in the company's system."""

    async def act(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        action: str,
        arguments: Mapping[str, Any],
        client_id: str,
    ) -> View:
        """Do one thing; idempotent by `client_id`. Raises InvalidInput, Conflict."""
        ...


class DeskCorrections(Protocol):
    """What misread messages meant; the caller comes first here as well."""

    async def intents(self, agent: Agent) -> list[View]:
        """Return what a message may mean."""
        ...

    async def correct(
        self, agent: Agent, conversation_id: str, seq: int, *, intent: str, note: str
    ) -> View:
        """Note what a message meant. Raises NotFound, InvalidInput, Conflict."""
        ...

    async def withdraw(self, agent: Agent, conversation_id: str, seq: int) -> View:
        """Take a correction back. Raises NotFound, Conflict."""
        ...

    async def list(self, agent: Agent, *, status: str) -> list[View]:
        """Return corrections by status."""
        ...

    async def drop(self, agent: Agent, number: int, *, reason: str) -> None:
        """Leave a correction out of the training data. Raises NotFound, Conflict."""
        ...


class DeskFiles(Protocol):
    """Files and read marks; the caller comes first here as well."""

    @property
    def max_bytes(self) -> int:
        """Return how large a file may be."""
        ...

    async def keep(
        self, agent: Agent, conversation_id: str, stream: AsyncIterator[bytes], *, name: str
    ) -> View:
        """Take a file in, to be sent in this conversation. Raises TooLarge, UnsupportedFile."""
        ...

    async def open(self, agent: Agent, media_id: str) -> Media:
        """Return a file that this agent may see. Raises NotFound."""
        ...

    def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `stop`."""
        ...

    async def mark_read(self, agent: Agent, conversation_id: str, seq: int) -> View:
        """Note how far the agent has read, and return how far each side has."""
        ...


class DeskSearch(Protocol):
    """Finds messages and customers; the caller comes first."""

    async def search(self, agent: Agent, query: str, *, limit: int) -> View:
        """Return the conversations and customers that have every word of the query."""
        ...


class SignedIn(Protocol):
    """A new sign-in."""

    @property
    def token(self) -> str:
        """Return the cookie's value."""
        ...

    @property
    def csrf(self) -> str:
        """Return what the page must send with each change."""
        ...

    @property
    def agent(self) -> Agent:
        """Return who signed in."""
        ...

    @property
    def expires_at(self) -> datetime:
        """Return when the sign-in ends."""
        ...


class SignIn(Protocol):
    """Checks who is calling."""

    async def sign_in(
        self, email: str, password: str, *, address: str, client: str = "", code: str = ""
    ) -> SignedIn:
        """Open a session. Raises NotSignedIn, TooManyRequests."""
        ...

    async def prove(self, agent: Agent, password: str, *, address: str) -> None:
        """Make sure that it is the agent who asks. Raises NotPermitted, TooManyRequests."""
        ...

    async def who(self, token: str) -> tuple[Agent, Session] | None:
        """Return whose cookie or bearer token this is, while it is valid."""
        ...

    async def sign_out(self, token: str) -> None:
        """End a session."""
        ...

    async def create_token(self, agent: Agent, *, label: str, days: int) -> str:
        """Make a bearer token for a program. Raises InvalidInput."""
        ...
