"""Corrections: agents say what misread messages meant, trainers see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot.domain.agents import Agent, AuditEntry, Permission, may
from bot.domain.correction import Correction, CorrectionStatus
from bot.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from bot.domain.ids import new_id
from bot.domain.message import Author, Message
from bot.ports import Bus, Clock, Hint, IntentInfo, Store, Tx
from bot.services.desk_views import get_conversation, require
from bot.services.packet import as_json

LONGEST_NOTE = 500
ALIKE = 0.5
"""Share of common words from which two messages count as alike."""

_May = Sequence[Permission]
_MAKES: _May = (Permission.ANSWER, Permission.TRAIN)
_READS: _May = (Permission.TRAIN, Permission.SUPERVISE)


class Corrections:
    """Every call names the agent who makes it."""

    def __init__(
        self, *, store: Store, bus: Bus, clock: Clock, intents: Callable[[], tuple[IntentInfo, ...]]
    ) -> None:
        """`intents` returns the project's intents; it reads files and is called on a thread."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._intents = intents

    async def intents(self, agent: Agent) -> list[dict[str, Any]]:
        """Return what a message may have meant."""
        require(agent, Permission.READ)
        return [asdict(info) for info in await asyncio.to_thread(self._intents)]

    async def correct(
        self, agent: Agent, conversation_id: str, seq: int, *, intent: str, note: str
    ) -> dict[str, Any]:
        """Note what a customer's message meant, in place of what was noted before.

        Raises:
            NotFound: there is no such message of a customer.
            InvalidInput: there is no such intent, or the message has no words.
            Conflict: the trainers have taken the correction over.
        """
        _require_one(agent, _MAKES)
        titles = {info.name: info.title for info in await asyncio.to_thread(self._intents)}
        if intent not in titles:
            raise InvalidInput("There is no such intent.", field="intent")

        async def work(tx: Tx) -> tuple[Message, Correction]:
            message, before = await _message(tx, conversation_id, seq)
            now = self._clock.now()
            made = _made(message, before, agent, intent, note, now)
            made = made if before else replace(made, number=await tx.next_correction())
            await tx.put_correction(made)
            await self._audit(tx, agent, "correction.made", made, now)
            return message, made

        message, made = await self._store.write(work)
        return await self._told(agent, message, made)

    async def withdraw(self, agent: Agent, conversation_id: str, seq: int) -> dict[str, Any]:
        """Take a correction back. Raises NotFound, or Conflict once the trainers have taken it over."""
        _require_one(agent, _MAKES)

        async def work(tx: Tx) -> Message:
            message, before = await _message(tx, conversation_id, seq)
            if before is None:
                raise NotFound("There is no correction of this message.")
            await tx.drop_correction(before.number)
            await self._audit(tx, agent, "correction.withdrawn", before, self._clock.now())
            return message

        return await self._told(agent, await self._store.write(work), None)

    async def list(self, agent: Agent, *, status: str) -> list[dict[str, Any]]:
        """Return corrections of a status: the open ones oldest first, others latest decision first."""
        _require_one(agent, _READS)
        wanted = CorrectionStatus(status)
        found, names = await self._store.read(lambda tx: _listed(tx, wanted))
        titles = {info.name: info.title for info in await asyncio.to_thread(self._intents)}
        alike = similar(found)
        return [
            {
                **_shown(one, names),
                "number": one.number,
                "conversation_id": one.conversation_id,
                "seq": one.message_seq,
                "text": one.text,
                "guessed": one.guessed,
                "guessed_title": titles.get(one.guessed, one.guessed),
                "confidence": one.confidence,
                "title": titles.get(one.intent, one.intent),
                "decided_by": names.get(one.decided_by, one.decided_by),
                "decided_at": one.decided_at.isoformat() if one.decided_at else None,
                "similar": alike[one.number],
            }
            for one in found
        ]

    async def drop(self, agent: Agent, number: int, *, reason: str) -> None:
        """Leave a correction out of the training data. Raises NotFound, or Conflict if it is decided."""
        _require_one(agent, _READS)
        await self._store.write(
            lambda tx: decide(
                tx, number, CorrectionStatus.DROPPED, by=agent.id, now=self._clock.now(), reason=reason
            )
        )

    async def _audit(self, tx: Tx, agent: Agent, action: str, about: Correction, now: datetime) -> None:
        facts = {"seq": about.message_seq, "guessed": about.guessed, "intent": about.intent}
        entry = AuditEntry(
            id=new_id(now),
            at=now,
            actor=agent.id,
            action=action,
            conversation_id=about.conversation_id,
            detail=facts,
        )
        await tx.add_audit(entry)

    async def _told(self, agent: Agent, message: Message, made: Correction | None) -> dict[str, Any]:
        await self._bus.publish(
            Hint(conversation_id=message.conversation_id, seq=message.seq, kind="correction")
        )
        shown = _shown(made, {agent.id: agent.name}) if made else None
        return {**as_json(message), "correction": shown}


def _require_one(agent: Agent, permissions: _May) -> None:
    if not any(may(agent.role, permission) for permission in permissions):
        raise NotPermitted(f"The role {agent.role.value} does not allow this.", role=agent.role.value)


async def with_corrections(
    tx: Tx, conversation_id: str, messages: Iterable[Message]
) -> list[dict[str, Any]]:
    """Return messages as the desk shows them, with what agents say that they meant."""
    made = {one.message_seq: one for one in await tx.corrections_of(conversation_id)}
    names = {agent.id: agent.name for agent in await tx.agents()} if made else {}
    return [
        {**as_json(message), "correction": _shown(made[message.seq], names)}
        if message.seq in made
        else as_json(message)
        for message in messages
    ]


async def decide(
    tx: Tx,
    number: int,
    status: CorrectionStatus,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    intent: str = "",
) -> Correction:
    """Close an open correction, with its entry in the audit log. Raises NotFound or Conflict.

    `intent` is another one than the agent's, if the trainers know better.
    """
    found = await tx.correction(number)
    if found is None:
        raise NotFound(f"There is no correction {number}.")
    if found.status is not CorrectionStatus.OPEN:
        raise Conflict(f"Correction {number} has been {found.status.value} already.")
    done = replace(
        found,
        status=status,
        decided_by=by,
        decided_at=now,
        reason=reason.strip()[:LONGEST_NOTE],
        intent=intent or found.intent,
    )
    await tx.put_correction(done)
    entry = AuditEntry(
        id=new_id(now),
        at=now,
        actor=by,
        action=f"correction.{status.value}",
        conversation_id=found.conversation_id,
        detail={"number": number, "intent": done.intent} | ({"reason": done.reason} if reason else {}),
    )
    await tx.add_audit(entry)
    return done


def similar(found: Sequence[Correction]) -> dict[int, int]:
    """Return by number how many of these, itself included, say much the same and mean the same."""
    words = {one.number: frozenset(one.text.casefold().split()) for one in found}

    def alike(one: Correction, other: Correction) -> bool:
        a, b = words[one.number], words[other.number]
        return one.intent == other.intent and len(a & b) >= ALIKE * len(a | b)

    return {one.number: sum(alike(one, other) for other in found) for one in found}


async def _message(tx: Tx, conversation_id: str, seq: int) -> tuple[Message, Correction | None]:
    """Return a customer's message with its correction, which may still be changed."""
    await get_conversation(tx, conversation_id, lock=True)
    message = await tx.message(conversation_id, seq)
    if message is None or message.author is not Author.CUSTOMER:
        raise NotFound("There is no such message of the customer.")
    if not message.text.strip():
        raise InvalidInput("The message has no words to learn from.", field="seq")
    made = await tx.corrections_of(conversation_id)
    before = next((one for one in made if one.message_seq == seq), None)
    if before is not None and before.status is CorrectionStatus.ACCEPTED:
        raise Conflict("The trainers have taken this correction over already.")
    return message, before


def _made(
    message: Message, before: Correction | None, agent: Agent, intent: str, note: str, now: datetime
) -> Correction:
    best = message.nlu.intents[0] if message.nlu and message.nlu.intents else None
    return Correction(
        id=before.id if before else new_id(now),
        number=before.number if before else 0,
        conversation_id=message.conversation_id,
        message_seq=message.seq,
        text=message.text,
        guessed=best.name if best else "",
        confidence=best.confidence if best else 0.0,
        intent=intent,
        note=note.strip()[:LONGEST_NOTE],
        agent_id=agent.id,
        at=now,
    )


def _shown(one: Correction, names: dict[str, str]) -> dict[str, Any]:
    return {
        "intent": one.intent,
        "note": one.note,
        "by": one.agent_id,
        "by_name": names.get(one.agent_id, ""),
        "at": one.at.isoformat(),
        "status": one.status.value,
        "reason": one.reason,
    }


async def _listed(tx: Tx, status: CorrectionStatus) -> tuple[list[Correction], dict[str, str]]:
    names = {agent.id: agent.name for agent in await tx.agents()}
    return await tx.corrections(status), names
