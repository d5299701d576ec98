"""What a page asks for by plain requests, each with its session: the transcript, and taking files."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.errors import NotSignedIn
from bot.domain.media import media_id
from bot.domain.message import Attachment
from bot.domain.visit import Ticket
from bot.http.bodies import answer, read_json, read_query
from bot.http.uploads import FileQuery, file_body
from connectors.channels.webchat import papers, transcript
from connectors.channels.webchat.limits import network
from connectors.channels.webchat.reception import Reception


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

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def transcript(self, request: Request) -> HTTPResponse:
        """Return the conversation as a text file."""
        await self._count("change", request, self._reception.door.limits.changes)
        body = read_json(request, TranscriptBody)
        ticket, ref = await self._visitor(body.session, body.identity)
        messages = await self._reception.visits.transcript(ticket.address, ref)
        return HTTPResponse(
            transcript.write(messages, now=self._reception.clock.now()),
            content_type="text/plain; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="chat.txt"'},
        )

    async def keep(self, request: Request) -> HTTPResponse:
        """Take one file in, to be sent with a message."""
        reception, headers = self._reception, request.headers
        await self._count("upload", request, reception.door.limits.uploads)
        ticket, _ = await self._visitor(
            headers.getone("x-baton-session", ""), headers.getone("x-baton-identity", "")
        )
        body = file_body(request, limit=reception.media.max_bytes)
        name = read_query(request, FileQuery).name
        kept = await reception.media.keep(body, name=name, owner=ticket.address)
        return answer(_uploaded(kept, reception.media.url(kept)), status=201)

    async def _count(self, what: str, request: Request, limit: int) -> None:
        await self._reception.door.check(what, network(request.client_ip), limit)

    async def _visitor(self, session: str, identity: str) -> tuple[Ticket, str]:
        """Return where somebody may be, and as whom.

        Raises:
            SessionEnded: the session is not valid.
            IdentityRefused: the identity token is not.
            OtherCustomer: the session is somebody else's.
        """
        reception, now = self._reception, self._reception.clock.now()
        ref = papers.check(identity, secret=reception.identity_secret, now=now).ref
        found = reception.sessions.read(session, now=now)
        if found is None:
            raise SessionEnded
        ticket = reception.sessions.ticket(found, ref)
        await reception.visits.check(ticket, ref)
        return ticket, ref


def _uploaded(kept: Attachment, url: str) -> Uploaded:
    return Uploaded(
        id=media_id(kept), kind=kept.kind, name=kept.name, mime=kept.mime, size=kept.size, url=url
    )
