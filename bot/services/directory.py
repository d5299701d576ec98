"""Stands between custom actions and the company's data: trust, time limits, one effect per key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

import structlog

from bot.domain.customer import Answer, Invoice, Order, Preferences, Product, Profile, Status, TurnContext
from bot.ports import Bus, Clock, CustomerDirectory, MetricsPort, Store
from bot.services.directory_arguments import PARAMETERS, checked
from bot.services.directory_calls import within
from bot.services.directory_effects import Call, Effects, effect_key, plain
from bot.services.directory_trust import SIGN_IN, Orders, knows_customer, owns, refusal, shown, signed_in

log = structlog.get_logger(__name__)

PROOFS_PER_CUSTOMER = 5
PROOFS_PER_ORDER = 20
PROOF_WINDOW = 3600.0
"""Seconds over which wrong proofs are counted, per conversation and per order number."""
CASES_PER_CUSTOMER = 10
CASE_WINDOW = 86_400.0
"""Seconds over which new cases are counted: somebody at the company has to read them."""
MOST_PRODUCTS = 5

_Method = Callable[..., Awaitable[Answer[Any]]]


class DirectoryGateway:
    """Carries out the calls of `TurnDirectory` for one turn at a time."""

    def __init__(
        self,
        *,
        directory: CustomerDirectory,
        store: Store,
        bus: Bus,
        clock: Clock,
        metrics: MetricsPort,
        time_limit: float = 10.0,
    ) -> None:
        """`time_limit` is in seconds for each call to the company's system."""
        self._directory = directory
        self._store = store
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._time_limit = time_limit
        self._orders_of = Orders(directory=directory, store=store, ask=self._ask)
        self._effects = Effects(store=store, clock=clock)
        self._methods: dict[str, _Method] = {name: getattr(self, f"_{name}") for name in PARAMETERS}

    async def call(
        self, context: TurnContext, action: str, ordinal: int, method: str, arguments: dict[str, Any]
    ) -> Answer[Any]:
        """Answer one call of an action; see `bot.ports.TurnDirectory` for the methods.

        `action` and `ordinal` make the idempotency key together with the inbox id and what is sent. A
        system that is slow or broken is answered with TRY_LATER; a method that does not exist, or
        arguments that cannot be, are NOT_ALLOWED.
        """
        handler = self._methods.get(method)
        if handler is None:
            return Answer(status=Status.NOT_ALLOWED, detail="unknown_method")
        try:
            given = checked(method, arguments)
        except ValueError as error:
            log.warning("directory_call_refused", action=action, method=method, error=str(error))
            answer: Answer[Any] = Answer(status=Status.NOT_ALLOWED, detail="invalid_arguments")
        else:
            answer = await handler(Call(context, action, ordinal, method), **given)
        self._metrics.count("directory_calls", method=method, status=answer.status.value)
        return answer

    async def _ask(self, call: Awaitable[Answer[Any]], method: str) -> Answer[Any]:
        return await within(self._time_limit, call, method)

    async def _change(self, call: Call, **sent: Any) -> Answer[Any]:
        """Make a changing call under its key: the arguments are those of `CustomerDirectory`."""
        key = effect_key(call, sent)
        method: _Method = getattr(self._directory, call.method)
        return await self._effects.change(
            call, key, sent, lambda: self._ask(method(**sent, key=key), call.method)
        )

    async def _change_order(self, call: Call, number: str, **sent: Any) -> Answer[Any]:
        try:
            return await self._change(call, number=number, **sent)
        finally:
            self._orders_of.forget(number)  # also when nobody knows: it may not be what it was

    # --- orders

    async def _orders(self, call: Call) -> Answer[tuple[Order, ...]]:
        return await self._orders_of.all(call.context)

    async def _order(self, call: Call, number: str) -> Answer[Order]:
        return await self._orders_of.one(call.context, number)

    async def _prove_order(self, call: Call, number: str, proof: str) -> Answer[Order]:
        context = call.context
        limits = {
            f"proof:customer:{context.customer_id}": PROOFS_PER_CUSTOMER,
            f"proof:order:{number}": PROOFS_PER_ORDER,
        }
        # Counted before it is checked, so that many guesses at once do not slip through together.
        for name, limit in limits.items():
            if await self._bus.allow(name, limit=limit, window=PROOF_WINDOW) > 0:
                return Answer(status=Status.THROTTLED)
        answer = await self._ask(self._directory.prove_order(number, proof), "prove_order")
        if answer.status is not Status.NOT_FOUND:  # only wrong ones count
            for name in limits:
                await self._bus.forgive(name)
        if answer.value is None:
            return answer
        order = answer.value
        now = self._clock.now()
        await self._store.write(lambda tx: tx.grant_order(context.conversation_id, order.number, now))
        self._orders_of.keep(context, number, answer)
        return replace(answer, value=shown(context, order))

    async def _cancel_order(self, call: Call, number: str) -> Answer[Any]:
        order = await self._orders_of.one(call.context, number)
        return await self._change_order(call, number) if order.ok else order

    async def _start_return(
        self, call: Call, number: str, reason: str, item: str, resolution: str
    ) -> Answer[Any]:
        order = await self._orders_of.one(call.context, number)
        if not order.ok:
            return order
        return await self._change_order(call, number, reason=reason, item=item, resolution=resolution)

    async def _refund_status(self, call: Call, number: str) -> Answer[Any]:
        order = await self._orders_of.one(call.context, number)
        if not order.ok:
            return order
        return await self._ask(self._directory.refund_status(number), "refund_status")

    async def _invoice(self, call: Call, number: str) -> Answer[Any]:
        order = await self._orders_of.one(call.context, number)
        if order.value is None:
            return order
        answer: Answer[Invoice] = await self._ask(self._directory.invoice(number), "invoice")
        if answer.value is None or owns(call.context, order.value):
            return answer
        return replace(answer, value=replace(answer.value, url=""))

    async def _change_address(self, call: Call, address: str, number: str) -> Answer[Any]:
        context = call.context
        if not (knows_customer(context) if number else signed_in(context)):
            return refusal(context)
        if number:
            order = await self._orders_of.one(context, number)
            if order.value is None:
                return order
            if not owns(context, order.value):
                return SIGN_IN  # as the one who ordered: a proof does not send parcels elsewhere
        if not address:
            return Answer(status=Status.REFUSED, detail="incomplete")
        if number:
            return await self._change_order(call, number, address=address)
        return await self._change(call, address=address, ref=context.directory_ref)

    # --- accounts

    async def _profile(self, call: Call) -> Answer[Profile]:
        context = call.context
        if not knows_customer(context):
            return refusal(context)
        answer = await self._ask(self._directory.profile(context.directory_ref), "profile")
        return await self._kept(context, answer)

    async def _set_preferences(self, call: Call, changes: dict[str, bool]) -> Answer[Preferences]:
        context = call.context
        if not knows_customer(context):
            return refusal(context)
        return await self._change(call, ref=context.directory_ref, changes=changes)

    async def _update_account_holder(self, call: Call, changes: dict[str, str]) -> Answer[Profile]:
        context = call.context
        if not signed_in(context):
            return refusal(context)
        if not all(changes.values()):
            return Answer(status=Status.REFUSED, detail="invalid")
        answer = await self._change(call, ref=context.directory_ref, changes=changes)
        return await self._kept(context, answer)

    async def _close_account(self, call: Call) -> Answer[Any]:
        context = call.context
        return (
            await self._change(call, ref=context.directory_ref) if signed_in(context) else refusal(context)
        )

    async def _kept(self, context: TurnContext, answer: Answer[Profile]) -> Answer[Profile]:
        """Keep what the directory said, so that an agent sees it with its source and age."""
        if answer.value is not None:
            now, data, source = self._clock.now(), plain(asdict(answer.value)), self._directory.name
            await self._store.write(lambda tx: tx.put_profile(context.customer_id, data, source, now))
        return answer

    # --- cases and products

    async def _open_case(self, call: Call, kind: str, text: str, number: str) -> Answer[Any]:
        context = call.context
        if number:
            order = await self._orders_of.one(context, number)
            if not order.ok:
                return order
        ref = context.directory_ref if knows_customer(context) else ""
        sent = {"kind": kind, "text": text, "ref": ref, "number": number}
        # A repeated turn is no new case.
        if not await self._effects.begun(effect_key(call, sent)):
            name = f"case:customer:{context.customer_id}"
            if await self._bus.allow(name, limit=CASES_PER_CUSTOMER, window=CASE_WINDOW) > 0:
                return Answer(status=Status.THROTTLED)
        return await self._change(call, **sent)

    async def _case(self, call: Call, number: str) -> Answer[Any]:
        context = call.context
        known = knows_customer(context)
        here = await self._effects.opened_here(context, number)
        if not known and not here:
            return refusal(context)
        answer = await self._ask(self._directory.case(number), "case")
        if here or answer.value is None or answer.value.customer_ref == context.directory_ref:
            return answer
        return Answer(status=Status.NOT_FOUND)

    async def _find_products(self, call: Call, text: str) -> Answer[tuple[Product, ...]]:
        answer = await self._ask(self._directory.find_products(text), "find_products")
        return answer if answer.value is None else replace(answer, value=answer.value[:MOST_PRODUCTS])
