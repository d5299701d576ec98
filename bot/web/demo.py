"""The demo shop's page at `/`: who one can be there, and tokens for them. There in demo mode only."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.customer import Answer, Order
from bot.domain.errors import NotFound, NotPermitted
from bot.http.bodies import answer, read_json
from bot.http.files import ServedFile
from bot.http.peers import is_foreign_page, is_local, origin_of
from bot.http.routes import Route
from bot.ports import CustomerDirectory

T = TypeVar("T")

_PATIENCE = 3.0
"""Seconds for a question to the shop."""
_STATIC = Path(__file__).parent / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoVisitor:
    """Who one can be on the page; a stranger has no `ref`."""

    ref: str
    name: str
    tier: str
    language: str
    about: str
    tries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoShop:
    """What the page is given: its visitors, what the shop knows of them, and who signs for them."""

    visitors: tuple[DemoVisitor, ...]
    directory: CustomerDirectory
    mint: Callable[[str], str]


class DemoIdentity(msgspec.Struct, forbid_unknown_fields=True):
    """Who the page's reader wants to be."""

    customer: str


class DemoToken(msgspec.Struct):
    """An identity token as a shop's own server would sign it, good for a few minutes."""

    token: str


class DemoOrder(msgspec.Struct):
    """An order at a glance."""

    number: str
    status: str
    total: Decimal
    currency: str
    items: list[str]
    expected: date | None
    delivered: date | None


class DemoCustomer(msgspec.Struct):
    """A visitor of the page; `orders` are as the shop has them now, newest first."""

    ref: str
    name: str
    tier: str
    language: str
    about: str
    tries: list[str]
    points: int | None
    orders: list[DemoOrder]


class DemoPage:
    """Serves the page and what it asks for."""

    def __init__(self, shop: DemoShop, *, public_url: str) -> None:
        """Read the page's files."""
        self._shop = shop
        self._origin = origin_of(public_url)
        self._known = frozenset(visitor.ref for visitor in shop.visitors if visitor.ref)
        self._page = ServedFile(
            (_STATIC / "shop.html").read_bytes(),
            content_type="text/html; charset=utf-8",
            headers={"content-security-policy": _POLICY},
        )
        self._style = ServedFile(
            (_STATIC / "shop.css").read_bytes(), content_type="text/css; charset=utf-8"
        )
        self._script = ServedFile(
            (_STATIC / "shop.js").read_bytes(), content_type="text/javascript; charset=utf-8"
        )

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        tag = "demo"
        return [
            Route(
                method="GET", path="/", handler=self.page, tag=tag, answer=str, media="text/html",
                summary="Show the demo shop",
            ),
            Route(
                method="GET", path="/demo/shop.css", handler=self.style, tag=tag, answer=str,
                media="text/css", summary="Its style",
            ),
            Route(
                method="GET", path="/demo/shop.js", handler=self.script, tag=tag, answer=str,
                media="text/javascript", summary="Its script",
            ),
            Route(
                method="GET", path="/demo/customers", handler=self.customers, tag=tag,
                answer=list[DemoCustomer], errors=(403,),
                summary="List who one can be there, with their orders as they are now",
            ),
            Route(
                method="POST", path="/demo/identity", handler=self.identity, tag=tag,
                body=DemoIdentity, answer=DemoToken, errors=(400, 403, 404, 413, 415),
                summary="Sign who one is there, as a shop's own server would",
            ),
        ]  # fmt: skip

    async def page(self, request: Request) -> HTTPResponse:
        """Return the page."""
        return self._page.answer(request)

    async def style(self, request: Request) -> HTTPResponse:
        """Return its style sheet."""
        return self._style.answer(request)

    async def script(self, request: Request) -> HTTPResponse:
        """Return its script."""
        return self._script.answer(request)

    async def customers(self, request: Request) -> HTTPResponse:
        """Return the visitors; what the shop cannot say at the moment is left out."""
        self._admit(request)
        return answer(await asyncio.gather(*map(self._customer, self._shop.visitors)))

    async def identity(self, request: Request) -> HTTPResponse:
        """Return a token for one of the page's visitors, never for another customer."""
        self._admit(request, from_page="origin" in request.headers)
        body = read_json(request, DemoIdentity)
        if body.customer not in self._known:
            raise NotFound("The demo page has no such customer.", field="customer")
        return answer(DemoToken(self._shop.mint(body.customer)))

    async def _customer(self, visitor: DemoVisitor) -> DemoCustomer:
        directory, profile, orders = self._shop.directory, None, None
        if visitor.ref:
            profile = await _known(directory.profile(visitor.ref))
            orders = await _known(directory.orders(visitor.ref))
        return DemoCustomer(
            ref=visitor.ref,
            name=profile.name if profile else visitor.name,
            tier=profile.tier if profile else visitor.tier,
            language=visitor.language,
            about=visitor.about,
            tries=list(visitor.tries),
            points=profile.points if profile else None,
            orders=[_order(order) for order in orders or ()],
        )

    def _admit(self, request: Request, *, from_page: bool = True) -> None:
        """Admit programs on this machine, and our own page wherever it is read."""
        ours = from_page and self._is_our_name(request.headers.getone("host", ""))
        if is_foreign_page(request, self._origin) or not (is_local(request) or ours):
            raise NotPermitted("This is for the demo page only.")

    def _is_our_name(self, host: str) -> bool:
        """Say whether a page at `host` is ours: by our name, or by a number.

        Other names can be pointed at this server by whoever owns them (DNS rebinding).
        """
        if self._origin and host.lower() == urlsplit(self._origin).netloc:
            return True
        try:
            ipaddress.ip_address(urlsplit("//" + host).hostname or "")
        except ValueError:
            return False
        return True


async def _known(question: Awaitable[Answer[T]]) -> T | None:
    """Return what the shop says, if it does so soon: it can be told to be slow or to fail."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await question).value
    except Exception:
        return None


def _order(order: Order) -> DemoOrder:
    return DemoOrder(
        number=order.number,
        status=order.status,
        total=order.total,
        currency=order.currency,
        items=[f"{i.quantity} x {i.name}" if i.quantity > 1 else i.name for i in order.items],
        expected=order.expected_on,
        delivered=order.delivered_on,
    )
