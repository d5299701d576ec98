"""Reading, answering and moving conversations."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.desk import shapes
from bot.desk.guard import Caller, known_id
from bot.desk.services import DeskService
from bot.desk.sessions import last_id
from bot.http.bodies import answer, read_json, read_query


class Conversations:
    """Handlers about conversations."""

    def __init__(self, *, desk: DeskService) -> None:
        """Let `desk` do the work and refuse what the role does not allow."""
        self._desk = desk

    async def list(self, caller: Caller, request: Request) -> HTTPResponse:
        """List one page by owner."""
        query = read_query(request, shapes.ConversationsQuery)
        found = await self._desk.conversations(
            caller.agent,
            owner=query.owner,
            after=query.after,
            limit=query.limit,
            team=query.team,
            channel=query.channel,
            reason=query.reason,
            unread=query.unread == 1,
        )
        return answer({"conversations": found, "after": last_id(found, query.limit)})

    async def counts(self, caller: Caller, request: Request) -> HTTPResponse:
        """Count what is in each list."""
        return answer(await self._desk.counts(caller.agent))

    async def show(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Return one with customer and packet."""
        return answer(await self._desk.conversation(caller.agent, known_id(conversation_id)))

    async def messages(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Return entries after a sequence number."""
        query = read_query(request, shapes.MessagesQuery)
        found = await self._desk.messages(
            caller.agent, known_id(conversation_id), after=query.after, limit=query.limit
        )
        return answer({"messages": found, "last": found[-1]["seq"] if found else query.after})

    async def say(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Add a reply or a note."""
        body = read_json(request, shapes.SayBody)
        said = await self._desk.say(
            caller.agent,
            known_id(conversation_id),
            text=body.text,
            kind=body.kind,
            client_id=body.client_id,
            files=body.files,
        )
        return answer(said)

    async def claim(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Take it."""
        body = read_json(request, shapes.ClaimBody, optional=True)
        return answer(await self._desk.claim(caller.agent, known_id(conversation_id), take=body.take))

    async def release(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Give it back to the bot."""
        body = read_json(request, shapes.ReleaseBody, optional=True)
        return answer(await self._desk.release(caller.agent, known_id(conversation_id), note=body.note))

    async def transfer(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Pass it on."""
        body = read_json(request, shapes.TransferBody)
        moved = await self._desk.transfer(
            caller.agent,
            known_id(conversation_id),
            to_agent=body.to_agent,
            to_team=body.to_team,
            note=body.note,
        )
        return answer(moved)

    async def resolve(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Close it."""
        body = read_json(request, shapes.ResolveBody, optional=True)
        closed = await self._desk.resolve(
            caller.agent, known_id(conversation_id), note=body.note, reopens_to=body.reopens_to
        )
        return answer(closed)

    async def close_task(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Mark its task as done."""
        body = read_json(request, shapes.TaskCloseBody, optional=True)
        return answer(await self._desk.close_task(caller.agent, known_id(conversation_id), note=body.note))
