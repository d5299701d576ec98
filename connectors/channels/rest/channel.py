"""The REST channel's HTTP side: admit, parse, accept, wait, render."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.errors import TooManyRequests
from bot.domain.message import Message
from bot.http.bodies import answer, read_json, read_query
from bot.http.peers import bearer, is_foreign_page, is_local, origin_of
from bot.http.routes import Access, Route
from bot.ports import Bus, Capabilities, Clock
from connectors.channels.core import Intake, Replies, Transcript
from connectors.channels.rest import parse, render, verify


@dataclass(frozen=True, kw_only=True, slots=True)
class RestLimits:
    """Bounds. `messages` per `window` seconds and sender; `turn_wait` is how long a reply is awaited."""

    messages: int = 30
    polls: int = 120
    window: float = 10.0
    turn_wait: float = 30.0


class MessagesQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose messages, after which number, and how many seconds to wait for the first one."""

    sender: str
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    wait: Annotated[float, msgspec.Meta(ge=0, le=55)] = 25.0


class Status(msgspec.Struct):
    """The channel is there."""

    status: str


class RestChannel:
    """Serves Rasa's REST channel; nothing is pushed, the other side fetches."""

    name = parse.NAME
    capabilities = Capabilities(pushes=False)

    def __init__(
        self,
        *,
        intake: Intake,
        replies: Replies,
        transcript: Transcript,
        bus: Bus,
        clock: Clock,
        token: str,
        demo: bool,
        identity_secret: str = "",
        public_url: str = "",
        limits: RestLimits | None = None,
        file_url: render.FileUrl = attrgetter("url"),
    ) -> None:
        """Admit by `token`; without one, only in `demo` mode and only from this machine.

        Without `identity_secret` every customer is anonymous, and a token for one is refused.
        `file_url` says where clients find files.
        """
        self._intake, self._replies, self._transcript = intake, replies, transcript
        self._bus, self._clock = bus, clock
        self._token, self._demo = token, demo
        self._identity_secret = identity_secret
        self._origin = origin_of(public_url)
        self._limits = limits or RestLimits()
        self._file_url = file_url
        self._polls: set[asyncio.Future[list[Message]]] = set()
        self._stopping = False

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        tag = "rest channel"
        return [
            Route(
                method="GET", path="/webhooks/rest/", handler=self.status, tag=tag, answer=Status,
                summary="Say that the channel is there, as Rasa does",
            ),
            Route(
                method="POST", path="/webhooks/rest/webhook", handler=self.webhook, tag=tag,
                access=Access.REST, body=parse.RestMessage, answer=list[render.RestReply],
                summary="Write as a customer; answers with the replies of that turn",
                errors=(400, 401, 403, 404, 409, 413, 415, 429, 503),
            ),
            Route(
                method="GET", path="/webhooks/rest/messages", handler=self.messages, tag=tag,
                access=Access.REST, query=MessagesQuery, answer=render.Entries,
                summary="Read what came after a number, agents' words included; waits for the first",
                errors=(400, 401, 403, 404, 429, 503),
            ),
        ]  # fmt: skip

    async def start(self) -> None:
        """Nothing runs beside the requests."""

    async def stop(self) -> None:
        """Let go of those who wait for messages; they ask again."""
        self._stopping = True
        for poll in self._polls:
            poll.cancel()

    def gauges(self) -> dict[str, float]:
        """Return how many wait for messages."""
        return {"rest_polls": float(len(self._polls))}

    async def status(self, request: Request) -> HTTPResponse:
        """Answer as Rasa's channel does."""
        return answer(Status("ok"))

    async def webhook(self, request: Request) -> HTTPResponse:
        """Take a message in and answer with what was said in return.

        An empty list means that a person has the conversation, or, with `X-Baton-Pending: 1`, that
        the answer is still being worked out and will be among the messages.
        """
        self._admit(request)
        body = read_json(request, parse.RestMessage)
        # Before the token is looked at: a wrong one costs work as well.
        address = parse.check_name("sender", body.sender, parse.MAX_SENDER)
        await self._limit(f"rest:message:{address}", self._limits.messages)
        inbound = parse.parse(body, now=self._clock.now(), identity_secret=self._identity_secret)
        accepted = await self._intake.accept(inbound)
        said = await self._replies.wait(accepted, self._limits.turn_wait)
        if said is None:
            return answer([], headers={"x-baton-pending": "1"})
        return answer(render.replies(said, recipient=body.sender, url=self._file_url))

    async def messages(self, request: Request) -> HTTPResponse:
        """Long poll: answer as soon as there is something after `after`."""
        self._admit(request)
        query = read_query(request, MessagesQuery)
        address = parse.check_name("sender", query.sender, parse.MAX_SENDER)
        await self._limit(f"rest:poll:{address}", self._limits.polls)
        found = await self._found(address, query)
        owner = await self._transcript.owner(self.name, "default", address)
        return answer(render.entries(found, after=query.after, owner=owner, url=self._file_url))

    async def _found(self, address: str, query: MessagesQuery) -> list[Message]:
        """Wait for messages, but not for longer than the server runs."""
        poll = asyncio.ensure_future(
            self._transcript.by_address(self.name, "default", address, after=query.after, wait=query.wait)
        )
        self._polls.add(poll)
        try:
            return await poll
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return []
        finally:
            self._polls.discard(poll)

    def _admit(self, request: Request) -> None:
        demo_only = not self._token and self._demo
        verify.admit(
            verify.Caller(
                token=bearer(request) if self._token else "",
                local=demo_only and is_local(request),
                foreign_page=demo_only and is_foreign_page(request, self._origin),
            ),
            token=self._token,
            demo=self._demo,
        )

    async def _limit(self, key: str, limit: int) -> None:
        wait = await self._bus.allow(key, limit=limit, window=self._limits.window)
        if wait > 0:
            raise TooManyRequests(retry_after=round(wait, 1))
