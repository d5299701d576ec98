"""Stands between custom actions and the company's data: trust, time limits, one effect per key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import structlog

from bot.domain.customer import TRUST_RANK, Answer, Effect, Order, Profile, Status, Trust, TurnContext
from bot.ports import Bus, Clock, CustomerDirectory, MetricsPort, Store, Tx

log = structlog.get_logger(__name__)

PROOFS_PER_CUSTOMER = 5
PROOFS_PER_ORDER = 20
READ_KEPT = 1_000
"""Orders that are kept for the turns under way."""
PROOF_WINDOW = 3600.0
"""Seconds over which wrong proofs are counted, per conversation and per order number."""

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
        self._read: dict[tuple[str, str], Answer[Order]] = {}
        self._methods: dict[str, _Method] = {
            "profile": self._profile,
            "orders": self._orders,
            "order": self._order,
            "prove_order": self._prove_order,
            "cancel_order": self._cancel_order,
            "start_return": self._start_return,
            "refund_status": self._refund_status,
        }

    async def call(
        self, context: TurnContext, action: str, ordinal: int, method: str, arguments: dict[str, Any]
    ) -> Answer[Any]:
        """Answer one call of an action; see `bot.ports.TurnDirectory` for the methods.

        `action` and `ordinal` make the idempotency key together with the inbox id. A system that is
        slow or broken is answered with TRY_LATER; a method that does not exist is NOT_ALLOWED.
        """
        handler = self._methods.get(method)
        if handler is None:
            return Answer(status=Status.NOT_ALLOWED, detail="unknown_method")
        arguments = {name: str(value) for name, value in arguments.items()}
        if "number" in arguments:
            arguments["number"] = normal_number(arguments["number"])
        # The number too: a repeated turn may have read more fragments and mean another order.
        key = f"{context.inbox_id}:{action}:{ordinal}:{arguments.get('number', '')}"
        answer = await handler(context, key, action, **arguments)
        self._metrics.count("directory_calls", method=method, status=answer.status.value)
        return answer

    async def _ask(self, call: Awaitable[Answer[Any]], method: str) -> Answer[Any]:
        try:
            async with asyncio.timeout(self._time_limit):
                return await call
        except TimeoutError:
            log.warning("directory_timeout", method=method, seconds=self._time_limit)
        except Exception as error:  # whatever the company's client raises must not end the turn
            log.warning("directory_error", method=method, error=type(error).__name__)
        return Answer(status=Status.TRY_LATER)

    async def _grants(self, context: TurnContext) -> tuple[str, ...]:
        # Read anew: a proof given earlier in this very turn counts.
        return await self._store.read(lambda tx: tx.order_grants(context.conversation_id))

    async def _access(self, context: TurnContext, number: str) -> Answer[Order]:
        """Return the order if this customer may see and change it, else why not.

        The company's system is asked only about orders that were proved, or for somebody who is known:
        so neither an answer nor the time that it takes tells a stranger which numbers there are.
        """
        known = knows_customer(context)
        proved = number in await self._grants(context)
        if not known and not proved:
            return Answer(status=Status.NOT_ALLOWED)
        answer = self._read.get((context.inbox_id, number))
        if answer is None:
            answer = await self._ask(self._directory.order(number), "order")
            if answer.status is Status.TRY_LATER:
                return answer
            self._remember(context, number, answer)
        own = answer.value is not None and answer.value.customer_ref == context.directory_ref
        if answer.ok and (proved or (known and own)):
            return answer
        return Answer(status=Status.NOT_FOUND if known and not answer.ok else Status.NOT_ALLOWED)

    def _remember(self, context: TurnContext, number: str, answer: Answer[Order]) -> None:
        """Keep an order for the length of a turn: forms ask for the same one several times."""
        self._read[(context.inbox_id, number)] = answer
        while len(self._read) > READ_KEPT:
            del self._read[next(iter(self._read))]

    async def _profile(self, context: TurnContext, key: str, action: str) -> Answer[Profile]:
        if not knows_customer(context):
            return Answer(status=Status.NOT_ALLOWED)
        answer = await self._ask(self._directory.profile(context.directory_ref), "profile")
        if answer.value is not None:
            await self._keep_profile(context, answer.value)
        return answer

    async def _orders(self, context: TurnContext, key: str, action: str) -> Answer[tuple[Order, ...]]:
        if knows_customer(context):
            return await self._ask(self._directory.orders(context.directory_ref), "orders")
        proved = await self._grants(context)
        if not proved:
            return Answer(status=Status.NOT_ALLOWED)
        answers = [await self._ask(self._directory.order(number), "order") for number in proved]
        return Answer(status=Status.OK, value=tuple(a.value for a in answers if a.value is not None))

    async def _order(self, context: TurnContext, key: str, action: str, number: str) -> Answer[Order]:
        return await self._access(context, number)

    async def _prove_order(
        self, context: TurnContext, key: str, action: str, number: str, proof: str
    ) -> Answer[Order]:
        for name, limit in (
            (f"proof:customer:{context.customer_id}", PROOFS_PER_CUSTOMER),
            (f"proof:order:{number}", PROOFS_PER_ORDER),
        ):
            if await self._bus.allow(name, limit=limit, window=PROOF_WINDOW) > 0:
                return Answer(status=Status.THROTTLED)
        answer = await self._ask(self._directory.prove_order(number, proof), "prove_order")
        if answer.value is None:
            return answer
        order = answer.value
        now = self._clock.now()
        await self._store.write(lambda tx: tx.grant_order(context.conversation_id, order.number, now))
        self._remember(context, number, answer)
        return answer

    async def _keep_profile(self, context: TurnContext, profile: Profile) -> None:
        """Keep what the directory said, so that an agent sees it with its source and age."""
        now, data = self._clock.now(), plain(asdict(profile))
        source = self._directory.name
        await self._store.write(lambda tx: tx.put_profile(context.customer_id, data, source, now))

    async def _refund_status(self, context: TurnContext, key: str, action: str, number: str) -> Answer[Any]:
        order = await self._access(context, number)
        if not order.ok:
            return order
        return await self._ask(self._directory.refund_status(number), "refund_status")

    async def _cancel_order(self, context: TurnContext, key: str, action: str, number: str) -> Answer[Any]:
        return await self._change(
            context,
            key,
            action,
            "cancel_order",
            {"number": number},
            lambda: self._directory.cancel_order(number, key=key),
        )

    async def _start_return(
        self, context: TurnContext, key: str, action: str, number: str, reason: str
    ) -> Answer[Any]:
        return await self._change(
            context,
            key,
            action,
            "start_return",
            {"number": number, "reason": reason},
            lambda: self._directory.start_return(number, reason, key=key),
        )

    async def _change(
        self,
        context: TurnContext,
        key: str,
        action: str,
        method: str,
        arguments: dict[str, Any],
        call: Callable[[], Awaitable[Answer[Any]]],
    ) -> Answer[Any]:
        """Do a changing call under its key, with a note before and after.

        The note before makes an effect visible to agents even if this process ends before the answer
        is known. A repeated turn asks again with the same key; the directory does it once.
        """
        order = await self._access(context, arguments["number"])
        if not order.ok:
            return order
        self._read.pop((context.inbox_id, arguments["number"]), None)  # it will not be what it was
        begun = Effect(
            key=key,
            conversation_id=context.conversation_id,
            inbox_id=context.inbox_id,
            action=action,
            method=method,
            arguments=arguments,
            started_at=self._clock.now(),
        )
        await self._store.write(lambda tx: _begin(tx, begun))
        answer = await self._ask(call(), method)
        if answer.status is Status.TRY_LATER:
            return answer  # the note stays open: nobody knows yet whether it was done
        result = plain(asdict(answer.value)) if answer.value is not None else {"detail": answer.detail}
        done = replace(begun, finished_at=self._clock.now(), status=answer.status, result=result)
        await self._store.write(lambda tx: tx.put_effect(done))
        return answer


async def _begin(tx: Tx, effect: Effect) -> None:
    if await tx.effect(effect.key) is None:
        await tx.put_effect(effect)


def knows_customer(context: TurnContext) -> bool:
    """Say whether somebody other than the customer vouches for who this is."""
    return bool(context.directory_ref) and TRUST_RANK[context.trust] >= TRUST_RANK[Trust.CHANNEL]


def normal_number(number: str) -> str:
    """Return an order number as the directory writes it: no blanks, no leading #, upper case."""
    return "".join(number.split()).lstrip("#").upper()


def plain(value: Any) -> Any:
    """Return `value` with dates and decimals as strings, for JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
