"""What a page asks for by plain requests, each with its session: the transcript, and taking files."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.errors import NotPermitted, NotSignedIn
from bot.domain.media import media_id
from bot.domain.message import Attachment
from bot.domain.visit import Ticket
from bot.http.bodies import answer, read_json, read_query
from bot.http.uploads import FileQuery, file_body
from connectors.channels.core import identity as tokens
from connectors.channels.webchat import transcript
from connectors.channels.webchat.guest import Reception
from connectors.channels.webchat.limits import network


class SessionEnded(NotSignedIn):
    """The session is not ours, was changed, or is over."""

    code: ClassVar[str] = "session_ended"
    public_message: ClassVar[str] = "The session is not valid any more: say hello again."


class TranscriptBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose transcript: the session of the last `ready`, and the identity token of who is signed in."""

    session: str
    identity: str = ""


class Uploaded(msgspec.Struct, kw_only=True):
    """A file that is kept: `id` goes into a message's `files`."""

    id: str
    kind: str
    name: str
    mime: str
    size: int | None
    url: str


class Errands:
    """Answers requests of those who have a session."""

    def __init__(self, desk: Reception) -> None:
        self._desk = desk

    async def transcript(self, request: Request) -> HTTPResponse:
        """Return the conversation as a text file."""
        await self._count("change", request, self._desk.door.limits.changes)
        body = read_json(request, TranscriptBody)
        ticket, ref = await self._visitor(body.session, body.identity)
        messages = await self._desk.visits.transcript(ticket.address, ref)
        return HTTPResponse(
            transcript.write(messages, now=self._desk.clock.now()),
            content_type="text/plain; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="conversation.txt"'},
        )

    async def keep(self, request: Request) -> HTTPResponse:
        """Take one file in, to be sent with a message."""
        desk, headers = self._desk, request.headers
        await self._count("upload", request, desk.door.limits.uploads)
        ticket, _ = await self._visitor(
            headers.getone("x-baton-session", ""), headers.getone("x-baton-identity", "")
        )
        body = file_body(request, limit=desk.media.max_bytes)
        name = read_query(request, FileQuery).name
        kept = await desk.media.keep(body, name=name, owner=ticket.address)
        return answer(_uploaded(kept, desk.media.url(kept)), status=201)

    async def _count(self, what: str, request: Request, limit: int) -> None:
        await self._desk.door.check(what, network(request.client_ip), limit)

    async def _visitor(self, session: str, identity: str) -> tuple[Ticket, str]:
        """Return where somebody may be, and as whom.

        Raises:
            SessionEnded: the session is not valid.
            IdentityRefused: the identity token is not.
            OtherCustomer: the session is somebody else's.
        """
        desk, now = self._desk, self._desk.clock.now()
        ref = ""
        if identity:
            try:
                ref = tokens.verify(identity, secret=desk.identity_secret, now=now).directory_ref
            except NotPermitted as error:
                raise NotSignedIn(error.message, field="identity") from None
        found = desk.sessions.read(session, now=now)
        if found is None:
            raise SessionEnded
        ticket = desk.sessions.ticket(found, ref)
        await desk.visits.check(ticket, ref)
        return ticket, ref


def _uploaded(kept: Attachment, url: str) -> Uploaded:
    return Uploaded(
        id=media_id(kept), kind=kept.kind, name=kept.name, mime=kept.mime, size=kept.size, url=url
    )
