"""Finds the conversation that a customer's message belongs to; begins one, or opens it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.customer import ChannelIdentity
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.ids import new_id
from bot.domain.message import InboundMessage
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx
from bot.services.addresses import whose
from bot.services.customers import learn, new_customer
from bot.services.handoffs import Handoffs
from bot.services.record import Record


class Openings:
    """Works inside the caller's transaction; the caller stores the conversation."""

    def __init__(self, *, record: Record, handoffs: Handoffs, expiry: timedelta) -> None:
        """`expiry` is how long a silent talk with the bot stays open."""
        self._record, self._handoffs, self._expiry = record, handoffs, expiry

    async def conversation(self, tx: Tx, inbound: InboundMessage, now: datetime) -> Conversation:
        """Return the conversation of this address, begun or reopened if need be."""
        place = (inbound.channel, inbound.account, inbound.address)
        identity = await whose(tx, *place, inbound.aliases)
        if identity is None:
            return await self._begin(tx, inbound, now)
        conversation = await tx.conversation(identity.conversation_id, lock=True)
        if conversation is None:  # pruned or erased; the address is known, the talk is new
            conversation = await self._begin(tx, inbound, now, customer_id=identity.customer_id)
            identity = replace(identity, conversation_id=conversation.id)
        if inbound.identity is not None:
            conversation = await learn(tx, self._record, conversation, identity, inbound.identity, now)
        if conversation.owner is Owner.NOBODY:
            return await self._reopen(tx, conversation, now)
        return conversation

    async def _begin(
        self, tx: Tx, inbound: InboundMessage, now: datetime, customer_id: str = ""
    ) -> Conversation:
        if not customer_id or await tx.customer(customer_id) is None:
            customer_id = (await new_customer(tx, inbound, now)).id
        conversation = Conversation(
            id=new_id(now),
            customer_id=customer_id,
            channel=inbound.channel,
            account=inbound.account,
            address=inbound.address,
            language=inbound.language or "en",
            created_at=now,
            updated_at=now,
        )
        await tx.put_conversation(conversation)
        for address in dict.fromkeys((inbound.address, *inbound.aliases)):
            await tx.put_identity(
                ChannelIdentity(
                    channel=inbound.channel,
                    account=inbound.account,
                    address=address,
                    customer_id=customer_id,
                    conversation_id=conversation.id,
                    created_at=now,
                )
            )
        await self._arm_expiry(tx, conversation, now)
        return conversation

    async def _reopen(self, tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
        if conversation.reopens_to_queue:
            signal = HandoffSignal(reason=Reason.AGENT_REQUESTED, evidence={"reopened": True})
            event = OwnerEvent.CUSTOMER_WROTE_AGAIN
            opened = await self._handoffs.open(tx, conversation, signal, now=now, event=event)
            # The timer service knows who is at the desk and says in a moment what to expect.
            kind = TimerKind.QUEUE_UPDATE
            await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=now))
            return replace(opened, reopens_to_queue=False)
        await self._arm_expiry(tx, conversation, now)
        # Told to the engine as a fresh start: what was half asked in the old talk is not continued.
        conversation = await self._record.move(tx, conversation, OwnerEvent.CUSTOMER_WROTE, now=now)
        return replace(conversation, returned_at=now)

    async def _arm_expiry(self, tx: Tx, conversation: Conversation, now: datetime) -> None:
        due = now + self._expiry
        kind = TimerKind.SESSION_EXPIRY
        await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=due))
