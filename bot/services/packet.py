"""Builds the handoff packet: the whole story for the person who takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from bot.domain.conversation import Conversation
from bot.domain.customer import ASKED_AGAIN, LOOK_UP, TRUST_RANK, Customer, Effect, Order, Status, Trust
from bot.domain.handoff import Handoff, HandoffPacket, PacketTurn, Reason
from bot.domain.media import media_id, remote_ref
from bot.domain.message import Attachment, Author, Kind, Message
from bot.domain.mood import Mood, in_words
from bot.ports import Clock, CustomerDirectory, Store, Tx
from bot.services.directory_effects import plain
from bot.services.handoffs import TOLD

log = structlog.get_logger(__name__)

DIRECTORY_WITHIN = 3.0
"""Seconds for the company's system, while an agent waits for the page."""
TRANSCRIPT = 200
"""Messages in a packet, newest last."""
WORTH_SHOWING = 0.005
"""Intents below this confidence would be shown as nought."""
TURNS = 8
"""Customer messages whose understanding is shown."""

SMALL_TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "inform", "contact_human_agent"})
"""Intents that do not say what a customer came for."""

_METHODS = {"change_shipping_address": "change_address", "get_refund": "start_return"}
"""What is done in the company's system at the end of a form, where it is called otherwise."""

_REASONS = {
    Reason.ASKED_FOR_HUMAN: "The customer asked for a person.",
    Reason.NOT_UNDERSTOOD: "The assistant did not understand twice in a row.",
    Reason.FRUSTRATED: "The customer is frustrated.",
    Reason.BUSINESS_RULE: "A rule of the business wants a person for this.",
    Reason.VIP: "An important customer.",
    Reason.ENGINE_DOWN: "The assistant broke down on the last message.",
    Reason.AGENT_REQUESTED: "An agent asked for this conversation.",
}


class Packets:
    """Reads everything that is known at the moment; nothing is copied, so nothing is stale."""

    def __init__(self, *, store: Store, clock: Clock, directory: CustomerDirectory) -> None:
        """`directory` gives recent orders of customers that are known."""
        self._store = store
        self._clock = clock
        self._directory = directory

    async def build(self, conversation_id: str) -> HandoffPacket | None:
        """Return the packet of the newest handoff; None when there has been none."""
        facts = await self._store.read(lambda tx: _facts(tx, conversation_id))
        if facts is None or not facts.handoffs:
            return None
        orders: Sequence[Order] = ()
        try:
            async with asyncio.timeout(DIRECTORY_WITHIN):
                orders = await self._orders(facts)
                await self._profile(facts, orders)
        except Exception as error:  # the company's system is down or slow: the agent sees all the rest
            log.warning("directory_not_read", error=type(error).__name__)
        shown = tuple(plain(asdict(order)) for order in orders)
        return _packet(facts, self._clock.now(), shown)

    async def _orders(self, facts: _Facts) -> Sequence[Order]:
        """Return the orders that this conversation is entitled to speak of."""
        if facts.customer.directory_ref:
            return (await self._directory.orders(facts.customer.directory_ref)).value or ()
        answers = [await self._directory.order(number) for number in facts.grants]
        return [a.value for a in answers if a.value is not None]

    async def _profile(self, facts: _Facts, orders: Sequence[Order]) -> None:
        """Read the profile anew and keep it, for the times when the company's system is away.

        Behind a proved order stands its customer; the packet says that this is all the proof there is.
        """
        ref = facts.customer.directory_ref or next((order.customer_ref for order in orders), "")
        answer = await self._directory.profile(ref) if ref else None
        if answer is None or answer.value is None:
            return
        data, source, now = plain(asdict(answer.value)), self._directory.name, self._clock.now()
        facts.profile = (data, source, now)
        await self._store.write(lambda tx: tx.put_profile(facts.customer.id, data, source, now))


class _Facts:
    """One consistent reading of the store."""

    def __init__(self, conversation: Conversation, customer: Customer) -> None:
        self.conversation = conversation
        self.customer = customer
        self.handoffs: list[Handoff] = []
        self.messages: list[Message] = []
        self.effects: list[Effect] = []
        self.names: dict[str, str] = {}
        """Of agents, by their ids."""
        self.grants: tuple[str, ...] = ()
        self.trust = Trust.ANONYMOUS
        self.profile: tuple[dict[str, Any], str, datetime] | None = None
        self.others: list[Conversation] = []


async def _facts(tx: Tx, conversation_id: str) -> _Facts | None:
    conversation = await tx.conversation(conversation_id)
    customer = await tx.customer(conversation.customer_id) if conversation else None
    if conversation is None or customer is None:
        return None
    facts = _Facts(conversation, customer)
    facts.handoffs = await tx.handoffs(conversation_id)
    facts.messages = await tx.last_messages(conversation_id, limit=TRANSCRIPT)
    effects = await tx.effects(conversation_id)
    facts.effects = [effect for effect in effects if effect.method not in (LOOK_UP, ASKED_AGAIN)]
    facts.names = {agent.id: agent.name for agent in await tx.agents()}
    facts.grants = await tx.order_grants(conversation_id)
    facts.trust = await tx.last_trust(conversation_id)
    facts.profile = await tx.profile(customer.id)
    related = await tx.conversations(customer_id=customer.id, limit=20)
    facts.others = [other for other in related if other.id != conversation_id]
    return facts


def _packet(facts: _Facts, now: datetime, orders: tuple[dict[str, Any], ...]) -> HandoffPacket:
    handoff, conversation = facts.handoffs[-1], facts.conversation
    # Only what led up to the handoff explains it.
    turns = tuple(_turn(m) for m in facts.messages if m.author is Author.CUSTOMER)[-TURNS:]
    done = tuple(_done(effect, facts.names) for effect in facts.effects)
    still_open = _still_open(facts, handoff)
    profile, source, at = facts.profile or (None, "", now)
    upset = next((turn for turn in reversed(turns) if turn.mood), None)
    evidence = ({"signs": upset.signs} if upset else {}) | _evidence(facts, handoff)
    return HandoffPacket(
        idempotency_key=handoff.id,
        conversation_id=conversation.id,
        reason=handoff.reason,
        reason_text=_reason(handoff),
        evidence=evidence,
        priority=handoff.priority,
        requested_at=handoff.requested_at,
        summary=_summary(handoff, turns, done, still_open),
        turns=turns,
        failed_turns=sum(1 for turn in turns if turn.failed or turn.fallback),
        slots=handoff.slots,
        done=done,
        still_open=still_open,
        profile=profile,
        profile_source=source,
        profile_age=(now - at).total_seconds() if profile else None,
        trust=_trust(facts),
        orders=orders,
        other_conversations=tuple(_other(other) for other in facts.others),
        channel=conversation.channel,
        language=conversation.language,
        reply_until=conversation.reply_until,
        sentiment=str(handoff.evidence.get("sentiment") or (upset.mood if upset else "")),
        team=handoff.team,
        skills=handoff.skills,
        transcript=tuple(as_json(message) for message in facts.messages),
    )


def _reason(handoff: Handoff) -> str:
    if "promised" in handoff.evidence:
        return "A message that the customer left was not answered in time."
    return _REASONS[handoff.reason]


def _trust(facts: _Facts) -> str:
    """Say what the newest message was vouched for, and what was better before it.

    A phone that is vouched for and that the company does not know says nothing of whose order was proved.
    """
    now, best = facts.trust, facts.customer.trust
    said = f"order ({', '.join(facts.grants)})" if facts.grants else now.value
    if facts.grants and not facts.customer.directory_ref:
        return said
    if TRUST_RANK[now] >= TRUST_RANK[Trust.CHANNEL]:
        return now.value
    return f"{said}, earlier {best.value}" if TRUST_RANK[best] > TRUST_RANK[now] else said


def _turn(message: Message) -> PacketTurn:
    nlu = message.nlu
    return PacketTurn(
        seq=message.seq,
        text=_said(message),
        intents=tuple(i for i in nlu.intents if i.confidence >= WORTH_SHOWING) if nlu else (),
        entities={e.name: e.value for e in nlu.entities} if nlu else {},
        fallback=nlu.fallback if nlu else False,
        failed=message.failed,
        **_felt(nlu.mood if nlu else None),
    )


def _felt(mood: Mood | None) -> dict[str, str]:
    """Return how a message sounds and by what one sees it, if it is an upset one."""
    if mood is None or not mood.upset:
        return {}
    return {"mood": mood.level.replace("_", " "), "signs": in_words(mood.evidence)}


def _said(message: Message) -> str:
    """Return the words of a message, and what came with them."""
    files = [f"[{a.kind}: {a.name}]" if a.name else f"[{a.kind}]" for a in message.attachments]
    return " ".join([message.text, *files] if message.text else files)


def _done(effect: Effect, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "what": effect.method,
        "by": names.get(effect.agent_id, "agent") if effect.agent_id else "bot",
        "arguments": effect.arguments,
        "status": effect.status.value if effect.status else "unknown",
        "result": effect.result,
        "at": effect.started_at.isoformat(),
        "key": effect.key,
    }


def _still_open(facts: _Facts, handoff: Handoff) -> tuple[str, ...]:
    found = [f"Answer: {_said(m)}" for m in facts.messages if m.author is Author.CUSTOMER and m.failed]
    unknown = [e for e in facts.effects if e.finished_at is None]
    found += [f"Check whether {e.method} {e.arguments.get('number', '')} was done." for e in unknown]
    missed = [m for m in facts.messages if m.nlu is not None and m.nlu.fallback]
    found += [f"Not understood: {m.text}" for m in missed[-2:]]
    found += _interrupted(facts, handoff)
    return (*found, *_unasked(_evidence(facts, handoff, "left")))


def _interrupted(facts: _Facts, handoff: Handoff) -> list[str]:
    """Say in the middle of what the assistant was, unless that was done since."""
    form, asking = handoff.evidence.get("form"), handoff.evidence.get("asking")
    if not form:
        return []
    doing = str(form).removesuffix("_form")
    method = _METHODS.get(doing, doing)
    later = (e for e in facts.effects if e.started_at >= handoff.requested_at)
    if any(e.method == method and e.status is Status.OK for e in later):
        return []
    wanted = "a yes or no" if asking == "confirmed" else str(asking).replace("_", " ")
    question = f": it had asked for {wanted}" if asking else ""
    return [f"The assistant was in the middle of “{doing.replace('_', ' ')}”{question}."]


def _evidence(facts: _Facts, handoff: Handoff, *settled: str) -> dict[str, Any]:
    """Return what the handoff rests on; once an agent wrote to the customer, without what that settles."""
    wrote = any(
        m.author is Author.AGENT and m.visible_to_customer and m.created_at >= handoff.requested_at
        for m in facts.messages
    )
    gone = (TOLD, *settled) if wrote else ()
    return {key: value for key, value in handoff.evidence.items() if key not in gone}


def _unasked(evidence: Mapping[str, Any]) -> list[str]:
    """Say what came due without the customer's doing, and what they know of it."""
    found = [f"Due: {evidence['due']}."] if evidence.get("due") else []
    found += [f"Answer what was left: {evidence['left']}"] if evidence.get("left") else []
    if evidence.get("case_number"):
        found.append(
            f"Case {evidence['case_number']} ({evidence.get('state', 'unknown')}): tell the customer."
        )
    if evidence.get("wants_no_messages"):
        found.append("The customer wants no messages here that they did not ask for.")
    elif evidence.get(TOLD) is False:
        found.append("The customer has not been told of this.")
    return found


def _summary(
    handoff: Handoff,
    turns: Sequence[PacketTurn],
    done: Sequence[dict[str, Any]],
    still_open: Sequence[str],
) -> str:
    asked: list[str] = []
    for turn in turns:
        name = turn.intents[0].name if turn.intents and not turn.fallback else ""
        if name and name not in asked and name not in SMALL_TALK:
            asked.append(name)
    parts = [_REASONS[handoff.reason]]
    if asked:
        parts.append("Asked about: " + ", ".join(name.replace("_", " ") for name in asked) + ".")
    for item in done:
        number = item["arguments"].get("number", "")
        parts.append(f"{item['what'].replace('_', ' ').capitalize()} {number}: {item['status']}.")
    return " ".join([*parts, *still_open])


def _other(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "channel": conversation.channel,
        "owner": conversation.owner.value,
        "updated_at": conversation.updated_at.isoformat(),
    }


def file_json(attachment: Attachment) -> dict[str, Any]:
    """Return a file with the address at which agents find it."""
    stored = media_id(attachment)
    # The platform's own name of a file is good for its server and nobody else.
    fetching = bool(remote_ref(attachment))
    url = f"/api/v1/media/{stored}" if stored else "" if fetching else attachment.url
    state = "fetching" if fetching else "missing" if attachment.note else "here"
    return {"id": stored, **asdict(attachment), "url": url, "state": state}


def as_json(message: Message, *, for_agents: bool = True) -> dict[str, Any]:
    """Return a message in the agents' API shape; payloads of choices are left out."""
    data: dict[str, Any] = {
        "id": message.id,
        "seq": message.seq,
        "author": message.author.value,
        "author_id": message.author_id,
        "author_name": message.author_name,
        "kind": message.kind.value,
        "text": message.text,
        "choices": [choice.title for choice in message.choices],
        "attachments": [file_json(attachment) for attachment in message.attachments],
        "custom": message.custom,
        "created_at": message.created_at.isoformat(),
        "delivery": message.delivery.value,
        "delivery_note": message.delivery_note,
        "client_id": message.client_id,
        "failed": message.failed,
    }
    if for_agents and message.nlu is not None:
        data["nlu"] = asdict(message.nlu)
    if message.kind is Kind.EVENT:
        data["event"] = message.text
    return data
