"""What an agent does for a customer in the company's system: once each, noted, and told in plain words.

The agent's own permissions decide, not the customer's trust: the owner of the conversation may act for
its customer, and so may a supervisor. Each action has a key made of the agent and the page's
`client_id`; one whose outcome is unknown is asked about under its first key and never begun again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.agents import Agent, AuditEntry
from bot.domain.conversation import Conversation
from bot.domain.customer import ASKED_AGAIN, Answer, Effect, Order, Status
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ids import new_id
from bot.ports import Bus, Clock, CustomerDirectory, Hint, MetricsPort, Store, Tx
from bot.services.desk_orders import (
    GOODWILL_WINDOW,
    METHODS,
    GoodwillLimits,
    Reach,
    allowed,
    given,
    must_act,
    reach_of,
)
from bot.services.desk_views import get_conversation
from bot.services.desk_words import limit_words, told
from bot.services.directory_arguments import OF_AGENTS, checked
from bot.services.directory_calls import within
from bot.services.directory_effects import DIGEST, ended, kept, plain
from bot.services.record import Record

LONGEST_CLIENT_ID = 128

_Call = Callable[..., Awaitable[Answer[Any]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """One click: who wants what, under which id."""

    agent: Agent
    conversation_id: str
    action: str
    arguments: dict[str, Any]
    client_id: str

    @property
    def method(self) -> str:
        return METHODS[self.action]

    @property
    def source(self) -> str:
        """Return what an effect has in place of an inbox id."""
        return f"desk:{self.agent.id}:{self.client_id}"

    @property
    def key(self) -> str:
        """Return the idempotency key; it goes into a header, where a client's own id might not fit."""
        whole = [self.conversation_id, self.source, self.method, plain(self.arguments)]
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[: 2 * DIGEST]
        return f"desk:{self.agent.id}:{self.method}:{digest}"


@dataclass(frozen=True, slots=True)
class _No:
    """Not done, and surely so; or, as `unknown`, not done again."""

    status: str
    detail: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Begun:
    """An effect under way; `fresh` if this click began it."""

    effect: Effect
    fresh: bool


class DeskActions:
    """Cancels, changes, returns and gives, for agents."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        directory: CustomerDirectory,
        record: Record,
        metrics: MetricsPort,
        limits: GoodwillLimits,
        time_limit: float = 6.0,
    ) -> None:
        """`time_limit` is in seconds for each call to the company's system."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._directory = directory
        self._record = record
        self._metrics = metrics
        self._limits = limits
        self._time_limit = time_limit

    async def act(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        action: str,
        arguments: Mapping[str, Any],
        client_id: str,
    ) -> dict[str, Any]:
        """Do one of `METHODS`; the same `client_id` again changes nothing and says what it did.

        Raises:
            InvalidTransition: the caller does not own the conversation, or it is closed.
            InvalidInput: there is no such action, or an argument cannot be.
            Conflict: the caller used this `client_id` for something else.
        """
        wish = _wish(agent, conversation_id, action, arguments, client_id)
        before, reach = await self._store.read(lambda tx: _before(tx, wish))
        if before is not None and before.finished_at is not None:
            return _view(wish, before)
        sent = await self._sent(wish, reach)
        if isinstance(sent, _No):
            return _refused(wish, sent)
        begun = await self._store.write(lambda tx: self._begin(tx, wish, sent))
        if isinstance(begun, _No):
            return _refused(wish, begun)
        effect = begun.effect
        if effect.finished_at is None:
            call: _Call = getattr(self._directory, wish.method)
            answer = await within(self._time_limit, call(**sent, key=effect.key), wish.method)
            effect = await self._finish(wish, begun, answer)
        return _view(wish, effect)

    # --- before

    async def _sent(self, wish: _Wish, reach: Reach) -> dict[str, Any] | _No:
        """Return what the directory's method takes, or why it cannot be asked."""
        number, sent, order = str(wish.arguments["number"]), dict(wish.arguments), None
        if number:
            answer: Answer[Order] = await within(self._time_limit, self._directory.order(number), "order")
            order = answer.value
            if order is None:
                later = answer.status is Status.TRY_LATER
                return _no("try_later", "") if later else _no("refused", "not_found")
            if problem := _not_allowed(wish, reach, order):
                return problem
        ref = reach.ref or (order.customer_ref if order else "")
        if wish.action == "change_address" and not number:
            return {**sent, "ref": ref} if ref else _no("not_allowed", "unknown_customer")
        if wish.action != "goodwill":
            return sent
        if not ref:
            return _no("not_allowed", "unknown_customer")
        currency = order.currency if order else sent["currency"]
        if not currency:
            raise InvalidInput("Name an order, or a currency.", field="arguments.currency")
        return {**sent, "ref": order.customer_ref if order else ref, "currency": currency}

    async def _begin(self, tx: Tx, wish: _Wish, sent: dict[str, Any]) -> _Begun | _No:
        """Note what will be asked, unless it was asked before; one click after the other."""
        conversation = await get_conversation(tx, wish.conversation_id, lock=True)
        must_act(conversation, wish.agent)
        effects = await tx.effects(wish.conversation_id)
        before = _earlier(effects, wish)
        if before is not None:
            return _Begun(before, fresh=False)
        now, notes = self._clock.now(), kept(sent)
        for effect in effects:
            same = effect.method == wish.method and effect.arguments.get("number") == notes["number"]
            if same and effect.finished_at is None:
                if effect.arguments != notes:
                    return _no("unknown", "unfinished", at=effect.started_at.isoformat())
                await tx.put_effect(_again(wish, effect, now))
                return _Begun(effect, fresh=False)
        ref = str(sent.get("ref", ""))
        if wish.action == "goodwill" and (problem := await self._over(tx, wish, sent, now)):
            return problem
        begun = _effect(wish, wish.method, notes, now, ref=ref)
        await tx.put_effect(begun)
        return _Begun(begun, fresh=True)

    async def _over(self, tx: Tx, wish: _Wish, sent: dict[str, Any], now: datetime) -> _No | None:
        """Return why this is more than may be given."""
        effects = await tx.effects_for(sent["ref"], wish.method, now - GOODWILL_WINDOW)
        limits, amount = self._limits, sent["amount"]
        had, may_give = given(effects), limits.of(wish.agent)
        if amount <= may_give and had + amount <= limits.customer:
            return None
        facts = limit_words(limits, may_give, had)
        return _no("not_allowed", "over_limit" if amount > may_give else "over_customer_limit", **facts)

    # --- after

    async def _finish(self, wish: _Wish, begun: _Begun, answer: Answer[Any]) -> Effect:
        """Note the answer where agents see it, once: in the transcript, the packet and the audit log."""
        effect, conversation = await self._store.write(lambda tx: self._noted(tx, wish, begun, answer))
        self._metrics.count("desk_actions", action=wish.action)
        if conversation is not None:
            await self._bus.publish(Hint(conversation_id=conversation.id, seq=conversation.seq))
        return effect

    async def _noted(
        self, tx: Tx, wish: _Wish, begun: _Begun, answer: Answer[Any]
    ) -> tuple[Effect, Conversation | None]:
        conversation = await tx.conversation(wish.conversation_id, lock=True)
        effect = await tx.effect(begun.effect.key) or begun.effect
        if effect.finished_at is not None:
            return effect, None  # another click heard of it first
        now = self._clock.now()
        known = answer.status is not Status.TRY_LATER
        effect = ended(effect, answer, now) if known else effect
        if conversation is None or not (known or begun.fresh):
            return effect, None
        await tx.put_effect(effect)
        facts = _facts(wish, effect)
        conversation = await self._record.event(
            tx, conversation, "customer_action", now, agent=wish.agent.name, **facts
        )
        await tx.put_conversation(conversation)
        await tx.add_audit(
            AuditEntry(
                id=new_id(now),
                at=now,
                actor=wish.agent.id,
                action=f"customer.{wish.action}",
                conversation_id=wish.conversation_id,
                detail={**facts, "arguments": effect.arguments, "result": effect.result},
            )
        )
        return effect, conversation


def _wish(
    agent: Agent, conversation_id: str, action: str, arguments: Mapping[str, Any], client_id: str
) -> _Wish:
    if action not in METHODS:
        raise InvalidInput(f"action must be one of {', '.join(METHODS)}.", field="action")
    if not 0 < len(client_id) <= LONGEST_CLIENT_ID:
        raise InvalidInput(f"client_id must have 1 to {LONGEST_CLIENT_ID} characters.", field="client_id")
    try:
        found = checked(action, arguments, OF_AGENTS)
    except ValueError as error:
        name = str(error).partition(" ")[0]
        field = f"arguments.{name}" if name in OF_AGENTS[action] else "arguments"
        raise InvalidInput(f"{error}.", field=field) from None
    return _Wish(
        agent=agent,
        conversation_id=conversation_id,
        action=action,
        arguments=found,
        client_id=client_id,
    )


async def _before(tx: Tx, wish: _Wish) -> tuple[Effect | None, Reach]:
    """Return what this click began earlier, and whose matters the conversation is about."""
    conversation = await get_conversation(tx, wish.conversation_id)
    before = _earlier(await tx.effects(wish.conversation_id), wish)
    if before is None or before.finished_at is None:
        must_act(conversation, wish.agent)
    return before, await reach_of(tx, conversation)


def _earlier(effects: list[Effect], wish: _Wish) -> Effect | None:
    """Return what was begun under the same id of the same agent."""
    found = next((effect for effect in effects if effect.inbox_id == wish.source), None)
    if found is None:
        return None
    if found.key != wish.key:
        raise Conflict("This client_id was used for something else.", field="client_id")
    if found.method != ASKED_AGAIN:
        return found
    return next(effect for effect in effects if effect.key == found.arguments["key"])


def _again(wish: _Wish, effect: Effect, now: datetime) -> Effect:
    """Return the note that a click asks about an effect that somebody began before."""
    return _effect(wish, ASKED_AGAIN, {"key": effect.key}, now)


def _effect(wish: _Wish, method: str, arguments: dict[str, Any], now: datetime, *, ref: str = "") -> Effect:
    return Effect(
        key=wish.key,
        conversation_id=wish.conversation_id,
        inbox_id=wish.source,
        action="desk",
        method=method,
        arguments=arguments,
        started_at=now,
        finished_at=now if method == ASKED_AGAIN else None,
        agent_id=wish.agent.id,
        customer_ref=ref,
    )


def _not_allowed(wish: _Wish, reach: Reach, order: Order) -> _No | None:
    """Return why this agent may not do this with this order, whatever its state."""
    access = reach.access(order)
    if not access:
        return _no("not_allowed", "not_theirs", number=order.number)
    if wish.action == "change_address" and order.changeable:
        able = wish.action in allowed(order, access, wish.agent)
        return None if able else _no("not_allowed", "needs_supervisor", number=order.number)
    return None


def _no(status: str, detail: str, **facts: str) -> _No:
    return _No(status, detail, facts)


def _facts(wish: _Wish, effect: Effect) -> dict[str, Any]:
    """Return what the transcript and the audit log say of an action."""
    status, detail = _outcome(effect)
    facts = {"action": wish.action, "status": status, "number": effect.arguments.get("number", "")}
    facts |= {"detail": detail} if detail else {}
    result = effect.result or {}
    amount = result.get("refund") or result.get("amount") or effect.arguments.get("amount")
    currency = result.get("currency") or effect.arguments.get("currency")
    return facts | ({"amount": amount, "currency": currency} if amount else {})


def _outcome(effect: Effect) -> tuple[str, str]:
    if effect.status is None:
        return "unknown", ""
    detail = str((effect.result or {}).get("detail", ""))
    if effect.status is Status.OK:
        return "ok", ""
    missing = effect.status is Status.NOT_FOUND
    return "refused", "not_found" if missing else detail or effect.status.value


def _view(wish: _Wish, effect: Effect) -> dict[str, Any]:
    status, detail = _outcome(effect)
    known = {**effect.arguments, **(effect.result or {}), "number": effect.arguments.get("number", "")}
    facts = {name: str(value) for name, value in known.items()}
    return {
        "status": status,
        "detail": detail,
        "message": told(wish.action, status, detail, facts),
        "result": effect.result if status == "ok" else None,
    }


def _refused(wish: _Wish, no: _No) -> dict[str, Any]:
    facts = {"number": str(wish.arguments["number"]), **no.facts}
    message = told(wish.action, no.status, no.detail, facts)
    return {"status": no.status, "detail": no.detail, "message": message, "result": None}
