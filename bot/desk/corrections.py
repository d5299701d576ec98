"""What misread messages meant: agents say it, trainers read it."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.desk import correction_shapes as shapes
from bot.desk.guard import Caller, known_id
from bot.desk.services import DeskCorrections
from bot.domain.errors import NotFound
from bot.http.bodies import answer, read_json, read_query

MOST = 2**53
"""The largest number that every client can read."""


class Corrections:
    """Handlers about corrections."""

    def __init__(self, *, corrections: DeskCorrections) -> None:
        self._corrections = corrections

    async def intents(self, caller: Caller, request: Request) -> HTTPResponse:
        """List what a message may mean."""
        return answer({"intents": await self._corrections.intents(caller.agent)})

    async def correct(
        self, caller: Caller, request: Request, conversation_id: str, seq: str
    ) -> HTTPResponse:
        """Note what a message meant."""
        body = read_json(request, shapes.CorrectionBody)
        made = await self._corrections.correct(
            caller.agent, known_id(conversation_id), _number(seq), intent=body.intent, note=body.note
        )
        return answer(made)

    async def withdraw(
        self, caller: Caller, request: Request, conversation_id: str, seq: str
    ) -> HTTPResponse:
        """Take that back."""
        return answer(
            await self._corrections.withdraw(caller.agent, known_id(conversation_id), _number(seq))
        )

    async def list(self, caller: Caller, request: Request) -> HTTPResponse:
        """List corrections by status."""
        query = read_query(request, shapes.CorrectionsQuery)
        return answer({"corrections": await self._corrections.list(caller.agent, status=query.status)})

    async def drop(self, caller: Caller, request: Request, number: str) -> HTTPResponse:
        """Leave one out."""
        body = read_json(request, shapes.DropBody, optional=True)
        await self._corrections.drop(caller.agent, _number(number), reason=body.reason)
        return HTTPResponse(status=204)


def _number(text: str) -> int:
    """Return the number in an address. Raises NotFound for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= MOST):
        raise NotFound
    return int(text)
