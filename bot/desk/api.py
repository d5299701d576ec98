"""The agents' API as one part: its route table, and the guard around every handler."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from sanic import HTTPResponse, Request

from bot.desk import admin_shapes, correction_shapes, order_shapes, shapes
from bot.desk.admin import Admin
from bot.desk.admin_people import AdminPeople
from bot.desk.admin_records import AdminRecords
from bot.desk.admin_services import Administration
from bot.desk.conversations import Conversations
from bot.desk.corrections import Corrections
from bot.desk.files import Files
from bot.desk.guard import Caller, Guard
from bot.desk.live import Live
from bot.desk.orders import Orders
from bot.desk.page import DeskPage
from bot.desk.search import Searching, SearchQuery, SearchView
from bot.desk.services import (
    DeskActions,
    DeskCorrections,
    DeskFiles,
    DeskOrders,
    DeskSearch,
    DeskService,
    SignIn,
)
from bot.desk.sessions import Sessions
from bot.http.routes import Access, Handler, Route
from bot.http.uploads import FileQuery
from bot.ports import Bus, Clock

_READ = (400, 401, 403, 429, 503)
_WRITE = (400, 401, 403, 413, 415, 429, 503)
_MOVE = (*_WRITE, 404, 409)
_BASE = "/api/v1"
_ONE = f"{_BASE}/conversations/{{conversation_id}}"

_Guarded = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]


class DeskApi:
    """What agents, supervisors and their programs call."""

    def __init__(
        self,
        *,
        desk: DeskService,
        files: DeskFiles,
        orders: DeskOrders,
        actions: DeskActions,
        corrections: DeskCorrections,
        search: DeskSearch,
        sign_in: SignIn,
        admin: Administration,
        bus: Bus,
        clock: Clock,
        public_url: str = "",
    ) -> None:
        """Serve `desk`, `files` and `admin` to those whom `sign_in` knows."""
        self._guard = Guard(sign_in=sign_in, bus=bus, public_url=public_url)
        self.live = Live(desk=desk, sign_in=sign_in, guard=self._guard, bus=bus, clock=clock)
        self._sessions = Sessions(
            desk=desk,
            sign_in=sign_in,
            people=admin.people,
            guard=self._guard,
            live=self.live,
            bus=bus,
            clock=clock,
        )
        self._admin = (Admin(admin), AdminPeople(admin, desk=desk, sign_in=sign_in), AdminRecords(admin))
        self._conversations = Conversations(desk=desk)
        self._files = Files(files=files)
        self._corrections = Corrections(corrections=corrections)
        self._orders = Orders(orders=orders, actions=actions)
        self._searching = Searching(search=search)
        self._page = DeskPage()

    async def start(self) -> None:
        """Begin to pass hints on."""
        await self.live.start()

    async def stop(self) -> None:
        """Close the live connections."""
        await self.live.stop()

    def gauges(self) -> dict[str, float]:
        """Return how many desks are connected."""
        return {"live_sockets": float(self.live.count)}

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        return [
            *self._page.routes,
            *self._people(),
            *self._reading(),
            *self._changing(),
            *self._with_files(),
            *self._for_customers(),
            *self._for_trainers(),
            *(route for part in self._admin for route in part.routes(_BASE, self._route)),
        ]

    def _people(self) -> list[Route]:
        s, tag = self._sessions, "people"
        return [
            Route(
                method="POST", path=f"{_BASE}/session", handler=s.open, tag=tag, errors=_WRITE,
                body=shapes.SignInBody, answer=shapes.SessionView,
                summary="Sign in: sets the session cookie",
            ),
            self._route("DELETE", f"{_BASE}/session", s.close, tag, "Sign out", status=204, errors=_READ),
            self._route(
                "GET", f"{_BASE}/me", s.me, tag, "Say who is signed in",
                answer=shapes.MeView, errors=_READ,
            ),
            self._route(
                "PUT", f"{_BASE}/me", s.rename, tag, "Give yourself another name",
                body=admin_shapes.NameBody, answer=shapes.MeView, errors=_WRITE,
            ),
            self._route(
                "PUT", f"{_BASE}/me/availability", s.set_availability, tag, "State your own presence",
                body=shapes.AvailabilityBody, answer=shapes.AvailabilityView, errors=_WRITE,
            ),
            self._route(
                "POST", f"{_BASE}/tokens", s.create_token, tag, "Make a bearer token for a program",
                body=shapes.TokenBody, answer=shapes.TokenView, status=201, errors=_WRITE,
            ),
            self.live.route(f"{_BASE}/live"),
        ]  # fmt: skip

    def _reading(self) -> list[Route]:
        c, tag = self._conversations, "conversations"
        return [
            self._route(
                "GET", f"{_BASE}/conversations", c.list, tag, "List conversations by owner",
                query=shapes.ConversationsQuery, answer=shapes.ConversationList, errors=_READ,
            ),
            self._route(
                "GET", f"{_BASE}/counts", c.counts, tag, "Count the conversations in each list",
                answer=shapes.CountsView, errors=_READ,
            ),
            self._route(
                "GET", f"{_BASE}/search", self._searching.find, tag, "Find conversations and customers",
                query=SearchQuery, answer=SearchView, errors=_READ,
            ),
            self._route(
                "GET", _ONE, c.show, tag, "Return a conversation with its customer and handoff packet",
                answer=shapes.ConversationWithPacket, errors=(*_READ, 404),
            ),
            self._route(
                "GET", f"{_ONE}/messages", c.messages, tag, "Return entries after a sequence number",
                query=shapes.MessagesQuery, answer=shapes.MessageList, errors=(*_READ, 404),
            ),
        ]  # fmt: skip

    def _changing(self) -> list[Route]:
        c, tag = self._conversations, "conversations"
        moves = (
            ("claim", c.claim, shapes.ClaimBody, True, "Take a conversation that no person has"),
            ("release", c.release, shapes.ReleaseBody, True, "Give a conversation back to the bot"),
            ("transfer", c.transfer, shapes.TransferBody, False, "Pass a conversation on"),
            ("resolve", c.resolve, shapes.ResolveBody, True, "Close a conversation"),
            ("task/close", c.close_task, shapes.TaskCloseBody, True, "Mark what was promised as done"),
        )
        return [
            self._route(
                "POST", f"{_ONE}/messages", c.say, tag, "Reply to the customer, or leave a note",
                body=shapes.SayBody, answer=shapes.MessageView, errors=_MOVE,
            ),
            *(
                self._route(
                    "POST", f"{_ONE}/{word}", handler, tag, summary, body=body, body_optional=optional,
                    answer=shapes.ConversationDetail, errors=_MOVE,
                )
                for word, handler, body, optional, summary in moves
            ),
        ]  # fmt: skip

    def _with_files(self) -> list[Route]:
        f, tag = self._files, "files"
        return [
            self._route(
                "POST", f"{_ONE}/files", f.keep, tag, "Upload a file, to be sent with a message",
                stream=True, query=FileQuery, answer=shapes.FileView, status=201,
                errors=(*_WRITE, 404, 408),
            ),
            self._route(
                "GET", f"{_BASE}/media/{{media_id}}", f.show, tag, "Return a file",
                answer=str, media="application/octet-stream", errors=(*_READ, 404, 416),
            ),
            self._route(
                "POST", f"{_ONE}/read", f.read, "conversations", "Say how far you have read",
                body=shapes.ReadBody, answer=shapes.MarksView, errors=(*_WRITE, 404),
            ),
        ]  # fmt: skip

    def _for_customers(self) -> list[Route]:
        o, tag, shape = self._orders, "orders", order_shapes
        return [
            self._route(
                "GET", f"{_ONE}/orders", o.list, tag, "Return the customer's orders, and what may be done",
                answer=shape.OrdersView, errors=(*_READ, 404),
            ),
            self._route(
                "POST", f"{_ONE}/orders", o.look_up, tag, "Open an order by its number, with a reason",
                body=shape.LookUpBody, answer=shape.OrderView, errors=_MOVE,
            ),
            self._route(
                "POST", f"{_ONE}/actions", o.act, tag, "Cancel, change, return or give for the customer",
                body=shape.ActionBody, answer=shape.ActionView, errors=_MOVE,
            ),
        ]  # fmt: skip

    def _for_trainers(self) -> list[Route]:
        c, tag, shape = self._corrections, "corrections", correction_shapes
        one = f"{_ONE}/messages/{{seq}}/correction"
        return [
            self._route(
                "GET", f"{_BASE}/intents", c.intents, tag, "List what a message may mean",
                answer=shape.IntentList, errors=_READ,
            ),
            self._route(
                "POST", one, c.correct, tag, "Say what a customer's message meant",
                body=shape.CorrectionBody, answer=shapes.MessageView, errors=_MOVE,
            ),
            self._route(
                "DELETE", one, c.withdraw, tag, "Take that back",
                answer=shapes.MessageView, errors=(*_READ, 404, 409),
            ),
            self._route(
                "GET", f"{_BASE}/corrections", c.list, tag, "List corrections by status",
                query=shape.CorrectionsQuery, answer=shape.CorrectionList, errors=_READ,
            ),
            self._route(
                "POST", f"{_BASE}/corrections/{{number}}/drop", c.drop, tag,
                "Leave a correction out of the training data",
                body=shape.DropBody, body_optional=True, status=204, errors=_MOVE,
            ),
        ]  # fmt: skip

    def _route(
        self, method: str, path: str, handler: _Guarded, tag: str, summary: str, **values: Any
    ) -> Route:
        """Return a route that only who is signed in reaches; everything but GET is a change."""
        guarded = self._guarded(handler, changing=method != "GET")
        return Route(
            method=method,
            path=path,
            handler=guarded,
            tag=tag,
            summary=summary,
            access=Access.AGENT,
            **values,
        )

    def _guarded(self, handler: _Guarded, *, changing: bool) -> Handler:
        async def guarded(request: Request, **parameters: str) -> HTTPResponse | None:
            caller: Caller = await self._guard.caller(request, changing=changing)
            return await handler(caller, request, **parameters)

        return guarded
