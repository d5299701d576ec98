"""A company's own system as the `CustomerDirectory`: asks by `wire`, sends by `client`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from bot.domain.customer import (
    AddressChange,
    Answer,
    Cancellation,
    Case,
    Closure,
    Goodwill,
    Invoice,
    Order,
    Preferences,
    Product,
    Profile,
    Refund,
    Status,
)
from bot.ports import Clock, MetricsPort
from connectors.customers.http import shapes, wire
from connectors.customers.http.breaker import Breaker, Limits
from connectors.customers.http.client import Access, Client, LeftAlone, Unavailable
from connectors.customers.http.wire import AnswerInvalid, NotAuthorised, Read, Request

T = TypeVar("T")
log = structlog.get_logger(__name__)


class HttpDirectory:
    """Speaks the interface of openapi.yaml; what fails is logged for operators, and "try later"."""

    def __init__(
        self, access: Access, *, clock: Clock, metrics: MetricsPort, limits: Limits | None = None
    ) -> None:
        """`limits` are the circuit breaker's."""
        self.name = urlsplit(access.url).hostname or access.url
        self.limit = access.limit
        breaker = Breaker(clock=clock, metrics=metrics, limits=limits)
        self._client = Client(access, breaker=breaker, clock=clock, metrics=metrics)

    async def start(self) -> None:
        """Make the connections' pool; the system need not answer yet."""
        await self._client.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.stop()

    async def check(self) -> str:
        """Return what the interface calls itself. Raises Unavailable, NotAuthorised or AnswerInvalid."""
        reply = await self._client.call(wire.status())
        return wire.answer(reply, lambda body: str(wire.decoded(body, shapes.Status).name)).value or ""

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        """Find a customer by e-mail, or else by phone."""
        return await self._ask(wire.find(email=email, phone=phone), wire.read(shapes.Profile))

    async def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer's profile."""
        return await self._ask(wire.profile(ref), wire.read(shapes.Profile, ref=ref))

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        """Return a customer's recent orders, newest first."""
        return await self._ask(wire.orders(ref), wire.read(shapes.Orders, customer_ref=ref))

    async def order(self, number: str) -> Answer[Order]:
        """Return an order by number."""
        return await self._ask(wire.order(number), wire.read(shapes.Order, number=number.upper()))

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode."""
        request = wire.prove_order(number, proof)
        return await self._ask(request, wire.read(shapes.Order, number=number.upper()))

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        """Cancel, once for each key."""
        request = wire.cancel_order(number, key=key)
        return await self._ask(request, wire.read(shapes.Cancellation, number=number.upper()))

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund", key: str
    ) -> Answer[Refund]:
        """Open a return, once for each key."""
        request = wire.start_return(number, reason, item=item, resolution=resolution, key=key)
        return await self._ask(request, wire.read(shapes.Refund, order_number=number.upper()))

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund of an order."""
        request = wire.refund_status(number)
        return await self._ask(request, wire.read(shapes.Refund, order_number=number.upper()))

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Return the invoice of an order."""
        return await self._ask(wire.invoice(number), wire.read(shapes.Invoice, order_number=number.upper()))

    async def change_address(
        self, address: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[AddressChange]:
        """Change the address of order `number`, or of customer `ref` if that is empty."""
        request = wire.change_address(address, ref=ref, number=number, key=key)
        return await self._ask(request, wire.read(shapes.AddressChange, number=number.upper()))

    async def grant_goodwill(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, *, key: str
    ) -> Answer[Goodwill]:
        """Give something, once for each key; an answer of another amount is no answer to it."""
        request = wire.grant_goodwill(ref, number, amount, currency, reason, key=key)
        return await self._ask(request, wire.read(shapes.Goodwill, amount=amount, currency=currency))

    async def set_preferences(
        self, ref: str, changes: Mapping[str, bool], *, key: str
    ) -> Answer[Preferences]:
        """Change some preferences; return them all."""
        return await self._ask(wire.set_preferences(ref, changes, key=key), wire.read(shapes.Preferences))

    async def update_account_holder(
        self, ref: str, changes: Mapping[str, str], *, key: str
    ) -> Answer[Profile]:
        """Change a customer's name, e-mail or phone."""
        request = wire.update_account_holder(ref, changes, key=key)
        return await self._ask(request, wire.read(shapes.Profile, ref=ref))

    async def close_account(self, ref: str, *, key: str) -> Answer[Closure]:
        """Close an account."""
        return await self._ask(wire.close_account(ref, key=key), wire.read(shapes.Closure))

    async def open_case(
        self, kind: str, text: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[Case]:
        """Open a case, of a customer or an order if known."""
        request = wire.open_case(kind, text, ref=ref, number=number, key=key)
        return await self._ask(request, wire.read(shapes.Case, kind=kind))

    async def case(self, number: str) -> Answer[Case]:
        """Return a case."""
        return await self._ask(wire.case(number), wire.read(shapes.Case, number=number.upper()))

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return the articles that fit a text best."""
        return await self._ask(wire.find_products(text), wire.read(shapes.Products))

    async def _ask(self, request: Request | None, read: Read[T]) -> Answer[T]:
        if request is None:
            return Answer(status=Status.NOT_FOUND)
        facts: dict[str, str] = {"operation": request.operation}
        try:
            return wire.answer(await self._client.call(request), read)
        except LeftAlone:
            log.debug("directory_left_alone", **facts)  # the breaker said so once, and calls are counted
        except Unavailable as error:
            log.warning("directory_unavailable", reason=error.reason, **facts)
        except NotAuthorised:
            log.error("directory_not_authorised", advice="check BATON_CUSTOMERS_TOKEN", **facts)  # noqa: TRY400
        except AnswerInvalid as error:
            # The exception itself says all; a traceback would only hide it.
            log.error("directory_answer_invalid", field=error.field, problem=error.problem, **facts)  # noqa: TRY400
        return Answer(status=Status.TRY_LATER)
