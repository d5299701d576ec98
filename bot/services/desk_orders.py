"""What an agent sees of a customer's orders, and what may be done with them as they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.agents import Agent, AuditEntry, Permission, may
from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import LOOK_UP, Answer, Effect, Order, Status
from bot.domain.errors import InvalidInput, InvalidTransition, NotFound, TooManyRequests
from bot.domain.ids import new_id
from bot.ports import Bus, Clock, CustomerDirectory, Store, Tx
from bot.services.desk_views import get_conversation, require
from bot.services.directory_arguments import OF_AGENTS, checked
from bot.services.directory_calls import within
from bot.services.directory_effects import kept, plain

READ_WITHIN = 3.0
"""Seconds for the company's system, while an agent waits for the page."""
LOOK_UPS = 20
LOOK_UP_WINDOW = 3_600.0
"""Seconds over which an agent's looks into other people's orders are counted."""
GOODWILL_WINDOW = timedelta(days=30)
METHODS = {
    "cancel_order": "cancel_order",
    "change_address": "change_address",
    "start_return": "start_return",
    "goodwill": "grant_goodwill",
}
"""What agents do, and the directory's method for it."""
ACTIONS = {method: action for action, method in METHODS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class GoodwillLimits:
    """How much may be given at once, and to one customer in 30 days; each in the order's currency."""

    agent: Decimal = Decimal(20)
    supervisor: Decimal = Decimal(100)
    customer: Decimal = Decimal(100)

    def of(self, agent: Agent) -> Decimal:
        """Return how much this agent may give at once."""
        return self.supervisor if may(agent.role, Permission.SUPERVISE) else self.agent


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whose matters a conversation is about: the known customer's, and single orders."""

    ref: str
    proved: tuple[str, ...]
    looked_up: tuple[str, ...]

    def access(self, order: Order) -> str:
        """Say why an order belongs here: customer, proved, looked_up, or nothing."""
        if self.ref and order.customer_ref == self.ref:
            return "customer"
        if order.number in self.proved:
            return "proved"
        return "looked_up" if order.number in self.looked_up else ""


def acts(conversation: Conversation, agent: Agent) -> bool:
    """Say whether an agent may act for this customer now: its owner, or a supervisor while it is open."""
    if conversation.owner is Owner.NOBODY or not may(agent.role, Permission.ANSWER):
        return False
    mine = conversation.owner is Owner.AGENT and conversation.assignee == agent.id
    return mine or may(agent.role, Permission.SUPERVISE)


def must_act(conversation: Conversation, agent: Agent) -> None:
    """Raise NotPermitted or InvalidTransition unless `acts`."""
    require(agent, Permission.ANSWER)
    if not acts(conversation, agent):
        raise InvalidTransition(
            "Only the agent who owns the conversation may act for its customer.",
            owner=conversation.owner.value,
            assignee=conversation.assignee,
            owner_version=conversation.owner_version,
        )


def allowed(order: Order, access: str, agent: Agent) -> list[str]:
    """Return what can be done with an order as it stands."""
    elsewhere = access == "customer" or may(agent.role, Permission.SUPERVISE)
    wanted = {
        "cancel_order": order.cancellable,
        # Where nobody vouches for the customer, a parcel sent elsewhere is how orders are stolen.
        "change_address": order.changeable and elsewhere,
        "start_return": order.returnable,
        "goodwill": True,
    }
    return [action for action, can in wanted.items() if can and may(agent.role, Permission.ANSWER)]


async def reach_of(tx: Tx, conversation: Conversation) -> Reach:
    """Return whose matters a conversation is about."""
    customer = await tx.customer(conversation.customer_id)
    effects = await tx.effects(conversation.id)
    return Reach(
        ref=customer.directory_ref if customer else "",
        proved=await tx.order_grants(conversation.id),
        looked_up=tuple(e.arguments["number"] for e in effects if e.method == LOOK_UP),
    )


def given(effects: Sequence[Effect]) -> Decimal:
    """Add up goodwill; what may have been given counts."""
    counted = (e for e in effects if e.status in (None, Status.OK))
    return sum((Decimal(str(e.arguments["amount"])) for e in counted), Decimal(0))


@dataclass(frozen=True, slots=True)
class _Facts:
    conversation: Conversation
    reach: Reach
    unknown: list[dict[str, Any]]


class DeskOrders:
    """Reads orders for agents; who looks into those of a stranger says why."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        directory: CustomerDirectory,
        limits: GoodwillLimits,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._directory = directory
        self._limits = limits

    async def orders(self, agent: Agent, conversation_id: str) -> dict[str, Any]:
        """Return the orders of the conversation's customer, with what may be done with each now."""
        require(agent, Permission.READ)
        facts = await self._store.read(lambda tx: _facts(tx, conversation_id))
        status, found = await self._found(facts.reach)
        ref = facts.reach.ref or next((order.customer_ref for order in found), "")
        profile = await within(READ_WITHIN, self._directory.profile(ref), "profile") if ref else None
        return {
            "orders": [_shown(order, facts.reach.access(order), agent) for order in found],
            "customer": plain(asdict(profile.value)) if profile and profile.value else None,
            "source": self._directory.name,
            "status": status,
            "acting": acts(facts.conversation, agent),
            "unknown": facts.unknown,
            "goodwill": await self._goodwill(agent, ref),
        }

    async def look_up(
        self, agent: Agent, conversation_id: str, *, number: str, reason: str
    ) -> dict[str, Any]:
        """Return an order by its number, for whoever says why; the audit log keeps it.

        Raises:
            NotFound: there is no such order, or it cannot be read now (field: status).
            TooManyRequests: this agent has looked into too many.
        """
        try:
            wanted = checked("look_up", {"number": number, "reason": reason}, OF_AGENTS)
        except ValueError as error:
            raise InvalidInput(f"{error}.".capitalize(), field=str(error).partition(" ")[0]) from None
        conversation = await self._store.read(lambda tx: get_conversation(tx, conversation_id))
        must_act(conversation, agent)
        wait = await self._bus.allow(f"lookup:{agent.id}", limit=LOOK_UPS, window=LOOK_UP_WINDOW)
        if wait > 0:
            raise TooManyRequests(retry_after=round(wait, 1))
        answer: Answer[Order] = await within(READ_WITHIN, self._directory.order(wanted["number"]), "order")
        reach = await self._store.write(
            lambda tx: self._note(tx, agent, conversation_id, wanted, answer.status)
        )
        if answer.value is None:
            later = answer.status is Status.TRY_LATER
            words = "The company's system cannot be reached now." if later else "There is no such order."
            raise NotFound(words, status=answer.status.value)
        return _shown(answer.value, reach.access(answer.value), agent)

    async def _found(self, reach: Reach) -> tuple[str, list[Order]]:
        """Return how that went, and the customer's orders before the single ones."""
        ask = self._directory
        own: Answer[tuple[Order, ...]] = Answer(status=Status.OK, value=())
        if reach.ref:
            own = await within(READ_WITHIN, ask.orders(reach.ref), "orders")
        found = {order.number: order for order in own.value or ()}
        single = [n for n in dict.fromkeys((*reach.proved, *reach.looked_up)) if n not in found]
        answers = await asyncio.gather(*(within(READ_WITHIN, ask.order(n), "order") for n in single))
        found |= {a.value.number: a.value for a in answers if a.value is not None}
        if any(a.status is Status.TRY_LATER for a in (own, *answers)):
            return "try_later", list(found.values())
        stranger = not reach.ref and not single
        return "stranger" if stranger else own.status.value, list(found.values())

    async def _goodwill(self, agent: Agent, ref: str) -> dict[str, Any]:
        since, limits = self._clock.now() - GOODWILL_WINDOW, self._limits
        method = METHODS["goodwill"]
        effects = await self._store.read(lambda tx: tx.effects_for(ref, method, since)) if ref else []
        had = given(effects)
        left = max(Decimal(0), min(limits.of(agent), limits.customer - had))
        return {
            "limit": str(limits.of(agent)),
            "given": str(had),
            "left": str(left),
            "days": GOODWILL_WINDOW.days,
        }

    async def _note(
        self, tx: Tx, agent: Agent, conversation_id: str, wanted: dict[str, Any], status: Status
    ) -> Reach:
        """Keep a look: also one that found nothing, since somebody tried."""
        conversation, now = await get_conversation(tx, conversation_id, lock=True), self._clock.now()
        must_act(conversation, agent)
        look = kept(wanted)
        if status is Status.OK:
            await tx.put_effect(_look(agent, conversation_id, look, now))
        entry = AuditEntry(
            id=new_id(now),
            at=now,
            actor=agent.id,
            action="order.looked_up",
            conversation_id=conversation_id,
            detail={**look, "status": status.value},
        )
        await tx.add_audit(entry)
        return await reach_of(tx, conversation)


def _look(agent: Agent, conversation_id: str, look: dict[str, Any], now: datetime) -> Effect:
    return Effect(
        key=f"desk:{agent.id}:{LOOK_UP}:{new_id(now)}",
        conversation_id=conversation_id,
        inbox_id="",
        action="desk",
        method=LOOK_UP,
        arguments=look,
        started_at=now,
        finished_at=now,
        status=Status.OK,
        agent_id=agent.id,
    )


async def _facts(tx: Tx, conversation_id: str) -> _Facts:
    conversation = await get_conversation(tx, conversation_id)
    names = {agent.id: agent.name for agent in await tx.agents()}
    unknown = [
        {
            "action": ACTIONS.get(effect.method, effect.method),
            "number": str(effect.arguments.get("number", "")),
            "by": names.get(effect.agent_id, ""),
            "at": effect.started_at.isoformat(),
        }
        for effect in await tx.effects(conversation_id)
        if effect.finished_at is None
    ]
    return _Facts(conversation, await reach_of(tx, conversation), unknown)


def _shown(order: Order, access: str, agent: Agent) -> dict[str, Any]:
    return {**plain(asdict(order)), "access": access, "may": allowed(order, access, agent)}
