"""Files that agents send and see, and how far they have read."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.desk import shapes
from bot.desk.guard import Caller, known_id
from bot.desk.services import DeskFiles
from bot.http.bodies import answer, read_json, read_query
from bot.http.downloads import send_file
from bot.http.uploads import FileQuery, file_body


class Files:
    """Handlers about files and read marks."""

    def __init__(self, *, files: DeskFiles) -> None:
        """Let `files` do the work and refuse what the role does not allow."""
        self._files = files

    async def keep(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Take one file in."""
        query = read_query(request, FileQuery)
        body = file_body(request, limit=self._files.max_bytes)
        kept = await self._files.keep(caller.agent, known_id(conversation_id), body, name=query.name)
        return answer(kept, status=201)

    async def show(self, caller: Caller, request: Request, media_id: str) -> HTTPResponse | None:
        """Return a file, or a part of it."""
        media = await self._files.open(caller.agent, media_id)
        return await send_file(request, media, self._files, seconds=0)

    async def read(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Note how far the agent has read."""
        body = read_json(request, shapes.ReadBody)
        return answer(await self._files.mark_read(caller.agent, known_id(conversation_id), body.seq))
