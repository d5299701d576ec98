"""Who may see and change what of the company's data: the rules of `bot.ports.TurnDirectory`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot.domain.customer import TRUST_RANK, Answer, Order, Status, Trust, TurnContext
from bot.ports import CustomerDirectory, Store

READ_KEPT = 1_000
"""Orders that are kept for the turns under way."""

NOT_ALLOWED: Answer[Any] = Answer(status=Status.NOT_ALLOWED)
SIGN_IN: Answer[Any] = Answer(status=Status.NOT_ALLOWED, detail="sign_in")
"""Not allowed to whoever this is; it would be if the company's site vouched for them."""

Ask = Callable[[Awaitable[Answer[Any]], str], Awaitable[Answer[Any]]]
"""(call, method) -> answer, within the time limit."""


def knows_customer(context: TurnContext) -> bool:
    """Say whether somebody other than the customer vouches for who this is."""
    return _vouched_for(context, Trust.CHANNEL)


def signed_in(context: TurnContext) -> bool:
    """Say whether the company's own site vouches for who this is."""
    return _vouched_for(context, Trust.VERIFIED)


def _vouched_for(context: TurnContext, least: Trust) -> bool:
    return bool(context.directory_ref) and TRUST_RANK[context.trust] >= TRUST_RANK[least]


def refusal(context: TurnContext) -> Answer[Any]:
    """Return the answer to somebody who is not known well enough: with a hint if that can be helped."""
    return NOT_ALLOWED if context.trust is Trust.VERIFIED else SIGN_IN


def owns(context: TurnContext, order: Order) -> bool:
    """Say whether an order is this known customer's own; proving its number is not enough for that."""
    return knows_customer(context) and order.customer_ref == context.directory_ref


def shown(context: TurnContext, order: Order) -> Order:
    """Return an order as this customer may see it: where it goes is for those who it belongs to."""
    return order if owns(context, order) else replace(order, address="")


class Orders:
    """The orders that a turn may see; each is asked for once."""

    def __init__(self, *, directory: CustomerDirectory, store: Store, ask: Ask) -> None:
        self._directory = directory
        self._store = store
        self._ask = ask
        self._read: dict[tuple[str, str], Answer[Order]] = {}

    async def all(self, context: TurnContext) -> Answer[tuple[Order, ...]]:
        """Return the customer's own orders, or else those that this conversation has proved."""
        if knows_customer(context):
            return await self._ask(self._directory.orders(context.directory_ref), "orders")
        proved = await self._proved(context)
        if not proved:
            return refusal(context)
        answers = [await self._ask(self._directory.order(number), "order") for number in proved]
        found = tuple(shown(context, a.value) for a in answers if a.value is not None)
        if not found and any(a.status is Status.TRY_LATER for a in answers):
            return Answer(status=Status.TRY_LATER)
        return Answer(status=Status.OK, value=found)

    async def one(self, context: TurnContext, number: str) -> Answer[Order]:
        """Return an order if this customer may see it, else why not.

        The company's system is asked only about orders that were proved, or for somebody who is known:
        so neither an answer nor the time that it takes tells a stranger which numbers there are.
        """
        known = knows_customer(context)
        proved = number in await self._proved(context)
        if not known and not proved:
            return NOT_ALLOWED
        answer = self._read.get((context.inbox_id, number))
        if answer is None:
            answer = await self._ask(self._directory.order(number), "order")
            if answer.status is Status.TRY_LATER:
                return answer
            self.keep(context, number, answer)
        if answer.value is not None and (proved or owns(context, answer.value)):
            return Answer(status=Status.OK, value=shown(context, answer.value))
        return Answer(status=Status.NOT_FOUND) if known and not answer.ok else NOT_ALLOWED

    def keep(self, context: TurnContext, number: str, answer: Answer[Order]) -> None:
        """Keep an order for the length of a turn: forms ask for the same one several times."""
        self._read[(context.inbox_id, number)] = answer
        while len(self._read) > READ_KEPT:
            del self._read[next(iter(self._read))]

    def forget(self, number: str) -> None:
        """Read an order anew from now on, in every turn: it is not what it was."""
        for key in [key for key in self._read if key[1] == number]:
            del self._read[key]

    async def _proved(self, context: TurnContext) -> tuple[str, ...]:
        # Read anew: a proof given earlier in this very turn counts.
        return await self._store.read(lambda tx: tx.order_grants(context.conversation_id))
