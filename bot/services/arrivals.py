"""Takes in what platforms report: messages by way of intake, and all that happens to messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from bot.domain.arrival import (
    Arrival,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Moved,
    Reach,
    Reaction,
    Receipt,
    Report,
)
from bot.domain.conversation import Conversation, Owner
from bot.domain.ids import new_id
from bot.domain.message import MAX_TEXT, Author, Delivery, InboundMessage, Message
from bot.ports import Bus, Clock, Hint, MetricsPort, Store, Tx
from bot.services.addresses import whose
from bot.services.intake import Intake
from bot.services.masking import mask
from bot.services.other_hands import OtherHands
from bot.services.record import Record

log = structlog.get_logger(__name__)

CORRECTED_WITHIN = timedelta(minutes=2)
"""A message that is changed so soon is meant anew; later changes are noted and not answered."""
MAX_NOTE = 300

_Told = tuple[Conversation, str, int] | None
"""The conversation that changed, with kind and number for the hint."""


class Arrivals:
    """What has been taken is stored for good; what a platform tells twice counts once."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        intake: Intake,
        other_hands: OtherHands,
        metrics: MetricsPort,
    ) -> None:
        """Messages go to `intake`; `other_hands` are people who answer outside of the desk."""
        self._store, self._bus, self._clock = store, bus, clock
        self._record, self._intake, self._other_hands = record, intake, other_hands
        self._metrics = metrics

    async def take(self, arrival: Arrival) -> None:
        """Take one thing in.

        Raises:
            InvalidInput: a message that is empty or over a limit: telling it again would not help.
            StoreError: it could not be stored: the platform may tell it again.
        """
        if isinstance(arrival, InboundMessage):
            await self._intake.accept(arrival)
            return
        if isinstance(arrival, Ignored):
            self._metrics.count("ignored", channel=arrival.channel, reason=arrival.reason)
            return
        if isinstance(arrival, Edited) and (again := await self._meant_anew(arrival)):
            await self._intake.accept(again)
            return
        told = await self._store.write(lambda tx: self._once(tx, arrival))
        if told is not None:
            conversation, kind, seq = told
            await self._bus.publish(Hint(conversation_id=conversation.id, seq=seq, kind=kind))

    async def _once(self, tx: Tx, report: Report) -> _Told:
        # A receipt says the same however often it is told, and there are many of them.
        if not isinstance(report, Receipt):
            place = (report.channel, report.account, report.address)
            if await tx.remember(*place, report.key, new_id(report.at), self._clock.now()) is not None:
                return None
        match report:
            case Edited():
                return await self._edited(tx, report)
            case Deleted():
                return await self._event(tx, report, "customer_deleted")
            case Reaction():
                return await self._event(tx, report, "customer_reacted", emoji=report.emoji[:32])
            case Receipt():
                return await self._receipt(tx, report)
            case Reach():
                reached = "customer_unblocked" if report.reachable else "customer_blocked"
                return await self._event(tx, report, reached)
            case Echo():
                return await self._echo(tx, report)
            case Moved():
                return await self._moved(tx, report)
        return None

    async def _conversation(self, tx: Tx, report: Report) -> Conversation | None:
        place = (report.channel, report.account, report.address)
        identity = await whose(tx, *place, report.aliases, moved=isinstance(report, Moved))
        found = await tx.conversation(identity.conversation_id, lock=True) if identity else None
        if found is None:
            self._metrics.count("ignored", channel=report.channel, reason="unknown_address")
        return found

    async def _event(self, tx: Tx, report: Report, name: str, **facts: object) -> _Told:
        """Note what happened, for the agents and the record."""
        conversation = await self._conversation(tx, report)
        if conversation is None:
            return None
        about = getattr(report, "external_id", "")
        message = await _message(tx, conversation, about) if about else None
        facts |= {"seq": message.seq} if message else {}
        conversation = await self._record.event(tx, conversation, name, self._clock.now(), **facts)
        await tx.put_conversation(conversation)
        return conversation, "message", conversation.seq

    async def _edited(self, tx: Tx, report: Edited) -> _Told:
        conversation = await self._conversation(tx, report)
        before = (
            await tx.message_from_customer(conversation.id, report.external_id) if conversation else None
        )
        if before is not None and before.text == _text(report):
            return None  # its place or its picture moved, not its words
        return await self._event(tx, report, "customer_edited", text=_text(report))

    async def _moved(self, tx: Tx, report: Moved) -> _Told:
        before = [await tx.identity(report.channel, report.account, alias) for alias in report.aliases]
        conversation = await self._conversation(tx, report)
        if conversation is None:
            return None
        for old in {one.conversation_id for one in before if one} - {conversation.id}:
            # They have written from the new address before we heard of the move: who has the old
            # conversation must see that nobody reads there any more.
            await self._left(tx, old)
        if conversation.address == report.address:
            return None
        conversation = replace(conversation, address=report.address)
        conversation = await self._record.event(tx, conversation, "customer_moved", self._clock.now())
        await tx.put_conversation(conversation)
        return conversation, "message", conversation.seq

    async def _left(self, tx: Tx, conversation_id: str) -> None:
        conversation = await tx.conversation(conversation_id, lock=True)
        if conversation is not None:
            conversation = await self._record.event(tx, conversation, "customer_moved", self._clock.now())
            await tx.put_conversation(conversation)

    async def _receipt(self, tx: Tx, report: Receipt) -> _Told:
        message = await _sent(tx, report)
        if message is None:
            self._metrics.count("ignored", channel=report.channel, reason="receipt_of_unknown")
            return None
        note = report.reason[:MAX_NOTE]
        sending = await tx.outbox_of(message.conversation_id, message.seq)
        if sending is not None:
            # Parts of it may still have to go, so its end is for the delivery to note.
            if _rank(report.delivery.value) > _rank(sending.early):
                await tx.note_early(sending.id, report.delivery.value)
            await _known_as(tx, message, report)
            return None
        await _known_as(tx, message, report)
        name = "" if message.external_id else report.external_id
        if not await tx.set_delivery(message.conversation_id, message.seq, report.delivery, name, note):
            return None  # it has come further already
        self._metrics.count("receipts", channel=report.channel, status=report.delivery.value)
        conversation = await tx.conversation(message.conversation_id)
        return (conversation, "delivery", message.seq) if conversation else None

    async def _echo(self, tx: Tx, report: Echo) -> _Told:
        if await tx.message_by_external_id(report.channel, report.account, report.external_id) is not None:
            return None  # our own words
        conversation = await self._conversation(tx, report)
        if conversation is None:
            return None
        conversation = await self._other_hands.wrote(tx, conversation, report, self._clock.now())
        await tx.put_conversation(conversation)
        return conversation, "owner", conversation.seq

    async def _meant_anew(self, report: Edited) -> InboundMessage | None:
        """Return the message that a correction stands for, if the bot is to answer it."""
        now = self._clock.now()

        async def work(tx: Tx) -> InboundMessage | None:
            place = (report.channel, report.account, report.address)
            identity = await tx.identity(*place)
            conversation = await tx.conversation(identity.conversation_id) if identity else None
            if conversation is None or conversation.owner is not Owner.BOT:
                return None
            before = await tx.message_from_customer(conversation.id, report.external_id)
            if before is None or before.text == _text(report) or now - before.created_at > CORRECTED_WITHIN:
                return None
            later = await tx.messages(conversation.id, after=before.seq, limit=50)
            if any(m.author is Author.CUSTOMER for m in later) or not report.text.strip():
                return None
            return InboundMessage(
                channel=report.channel,
                account=report.account,
                address=report.address,
                aliases=report.aliases,
                external_id=report.key,
                received_at=report.at,
                text=report.text[:MAX_TEXT],
                authentic=True,
                reply_to_external=report.external_id,
            )

        return await self._store.read(work)


async def _known_as(tx: Tx, message: Message, report: Receipt) -> None:
    """Keep a name that the platform has for a message, or a part of it, besides the one we know."""
    if report.external_id and report.external_id != message.external_id:
        place = (message.conversation_id, message.seq, report.channel, report.account)
        await tx.add_sent_part(*place, report.external_id)


def _rank(status: str) -> int:
    order = ("", Delivery.SENT.value, Delivery.DELIVERED.value, Delivery.READ.value, Delivery.FAILED.value)
    return order.index(status) if status in order else 0


def _text(report: Edited) -> str:
    return mask(report.text[:MAX_TEXT].strip())


async def _message(tx: Tx, conversation: Conversation, external_id: str) -> Message | None:
    """Return a message of either side by the platform's id."""
    found = await tx.message_from_customer(conversation.id, external_id)
    if found is None:
        found = await tx.message_by_external_id(conversation.channel, conversation.account, external_id)
    return found if found and found.conversation_id == conversation.id else None


async def _sent(tx: Tx, report: Receipt) -> Message | None:
    """Return the message that a receipt is about: by our own name, else by the platform's.

    Our name comes first: a receipt may be here before the answer to the call that sent it.
    """
    conversation_id, _, seq = report.ref.rpartition(":")
    if conversation_id and seq.isascii() and seq.isdecimal() and len(seq) < 16:
        conversation = await tx.conversation(conversation_id)
        theirs = (report.channel, report.account)
        if conversation is not None and (conversation.channel, conversation.account) == theirs:
            found = await tx.message(conversation_id, int(seq))
            if found is not None and found.author is not Author.CUSTOMER:
                return found
    if not report.external_id:
        return None
    return await tx.message_by_external_id(report.channel, report.account, report.external_id)
