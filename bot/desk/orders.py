"""A customer's orders, and what agents do for customers."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.desk import order_shapes as shapes
from bot.desk.guard import Caller, known_id
from bot.desk.services import DeskActions, DeskOrders
from bot.http.bodies import answer, read_json


class Orders:
    """Handlers about orders."""

    def __init__(self, *, orders: DeskOrders, actions: DeskActions) -> None:
        self._orders = orders
        self._actions = actions

    async def list(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Return the orders of the conversation's customer."""
        return answer(await self._orders.orders(caller.agent, known_id(conversation_id)))

    async def look_up(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Open one order, with a reason."""
        body = read_json(request, shapes.LookUpBody)
        found = await self._orders.look_up(
            caller.agent, known_id(conversation_id), number=body.number, reason=body.reason
        )
        return answer(found)

    async def act(self, caller: Caller, request: Request, conversation_id: str) -> HTTPResponse:
        """Do something for the customer."""
        body = read_json(request, shapes.ActionBody)
        done = await self._actions.act(
            caller.agent,
            known_id(conversation_id),
            action=body.action,
            arguments=body.arguments,
            client_id=body.client_id,
        )
        return answer(done)
