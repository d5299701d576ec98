"""A person that the bot offers before it hands over: asked once, and taken, declined, or passed over.

The offer waits in a timer beside the dialogue, so that a form goes on underneath and no cut of the
dialogue's state loses it. A customer who declined, or spoke of something else, is not asked again for a
while; one who is still not understood, or still upset, goes to a person without more questions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.conversation import Conversation
from bot.domain.errors import EngineError
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.work import InboxRow, Timer, TimerKind
from bot.ports import DialogueEngine, Tx
from bot.services.choices import ACCEPT, DECLINE, typed
from bot.services.handoffs import Desk, Handoffs
from bot.services.record import Record

ASKED_AGAIN_AFTER = timedelta(minutes=10)
SURE = 0.6
"""Confidence from which typed words count as a yes or a no."""
FEW_WORDS = 8
"""Words up to which a message is an answer and nothing else."""
WORDS = {"affirm": True, "deny": False}


class Answer(StrEnum):
    """What a message says to an open offer; EXPIRED is a choice of an offer that is not open any more."""

    YES = "yes"
    NO = "no"
    OTHER = "other"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What was offered. `open` says that no answer came yet; otherwise it only keeps us from asking."""

    signal: HandoffSignal
    slots: dict[str, Any]
    open: bool
    typed: str = ""
    """The payload of the choice whose title the customer has just typed."""


class Offers:
    """Asks, and does what the answer says, inside the caller's transaction."""

    def __init__(self, *, record: Record, handoffs: Handoffs, engine: DialogueEngine) -> None:
        """`engine` tells a yes from a no in typed words."""
        self._record = record
        self._handoffs = handoffs
        self._engine = engine

    async def load(self, tx: Tx, conversation: Conversation, row: InboxRow) -> Offer | None:
        """Return the offer of the last minutes, if there was one."""
        timers = await tx.timers(conversation.id, TimerKind.OFFER)
        if not timers:
            return None
        kept = timers[0].payload
        offer = Offer(signal=_signal(kept["signal"]), slots=kept["slots"], open=kept["open"])
        said = "" if row.payload or not offer.open else await typed(tx, conversation, row.text)
        return replace(offer, typed=said)

    async def answer(self, offer: Offer | None, rows: tuple[InboxRow, ...]) -> Answer:
        """Read an answer to the offer out of what the customer wrote."""
        payload = rows[-1].payload or (offer.typed if offer else "")
        if payload in (ACCEPT, DECLINE):
            if offer is None or not offer.open:
                return Answer.EXPIRED
            return Answer.YES if payload == ACCEPT else Answer.NO
        text = " ".join(row.text for row in rows if row.text)
        if offer is None or not offer.open or payload or "?" in text or len(text.split()) > FEW_WORDS:
            return Answer.OTHER
        try:
            understood = await self._engine.understand(text)
        except EngineError:
            return Answer.OTHER
        best = understood.intents[0] if understood.intents and not understood.fallback else None
        if best is None or best.name not in WORDS or best.confidence < SURE:
            return Answer.OTHER
        return Answer.YES if WORDS[best.name] else Answer.NO

    async def settle(
        self,
        tx: Tx,
        conversation: Conversation,
        offer: Offer | None,
        answer: Answer,
        *,
        desk: Desk,
        now: datetime,
        reply_to: str,
    ) -> Conversation:
        """Hand over for the reason of the offer, or go on with the bot."""
        if offer is None or answer is Answer.EXPIRED:
            name = "utter_system_choice_expired"
        elif answer is Answer.YES:
            signal, slots = replace(offer.signal, offer=False), offer.slots
            return await self._handoffs.request(
                tx, conversation, signal, desk=desk, now=now, slots=slots, reply_to=reply_to
            )
        else:
            await self.close(tx, conversation, offer)
            conversation = await self._record.event(tx, conversation, "offer_declined", now)
            name = "utter_system_offer_declined"
        conversation, _ = await self._record.system(tx, conversation, name, now, reply_to=reply_to)
        return conversation

    async def request(
        self,
        tx: Tx,
        conversation: Conversation,
        offer: Offer | None,
        signal: HandoffSignal,
        *,
        desk: Desk,
        now: datetime,
        slots: dict[str, Any],
        reply_to: str,
    ) -> Conversation:
        """Do what a turn's signal wants: hand over at once, or ask first.

        Who was asked and still fails, or is still upset, is not asked twice. Who asks for a person after
        an offer goes for the reason of the offer.
        """
        if signal.offer and (offer is None or not offer.open):
            if offer is not None:
                return conversation
            return await self._ask(tx, conversation, signal, now=now, slots=slots, reply_to=reply_to)
        if offer is not None and offer.open and signal.reason is Reason.ASKED_FOR_HUMAN:
            signal = replace(offer.signal, evidence={**offer.signal.evidence, **signal.evidence})
        signal = replace(signal, offer=False)
        return await self._handoffs.request(
            tx, conversation, signal, desk=desk, now=now, slots=slots, reply_to=reply_to
        )

    async def close(self, tx: Tx, conversation: Conversation, offer: Offer | None) -> None:
        """Note that an open offer was not taken; it is not made again before its time is over."""
        if offer is None or not offer.open:
            return
        for timer in await tx.timers(conversation.id, TimerKind.OFFER):
            await tx.set_timer(replace(timer, payload={**timer.payload, "open": False}))

    async def _ask(
        self,
        tx: Tx,
        conversation: Conversation,
        signal: HandoffSignal,
        *,
        now: datetime,
        slots: dict[str, Any],
        reply_to: str,
    ) -> Conversation:
        payload = {"signal": asdict(signal), "slots": slots, "open": True}
        kind, due = TimerKind.OFFER, now + ASKED_AGAIN_AFTER
        timer = Timer(conversation_id=conversation.id, kind=kind, due_at=due, payload=payload)
        await tx.set_timer(timer)
        reason = signal.reason.value
        conversation = await self._record.event(tx, conversation, "handoff_offered", now, reason=reason)
        conversation, _ = await self._record.system(
            tx, conversation, f"utter_system_offer_{reason}", now, reply_to=reply_to
        )
        return conversation


def _signal(kept: dict[str, Any]) -> HandoffSignal:
    return HandoffSignal(**{**kept, "reason": Reason(kept["reason"]), "skills": tuple(kept["skills"])})
