"""People of the company who answer outside of the desk, in the platform's own app.

Their word counts as a person taking over. They cannot be seen or asked, so a customer who then gets no
answer goes to the queue as with any silent agent, and after a long silence the bot may speak again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.agents import OUTSIDE, OUTSIDE_NAME, SYSTEM
from bot.domain.arrival import Echo
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import MAX_TEXT, Author, Delivery, Draft
from bot.domain.work import InboxOutcome, Timer, TimerKind
from bot.ports import Tx
from bot.services.attention import Attention
from bot.services.handoffs import Handoffs, quietly
from bot.services.record import Record, Say
from bot.services.remote_files import to_fetch


class OtherHands:
    """Takes conversations for people who are not at the desk; the caller stores the conversation."""

    def __init__(
        self, *, record: Record, handoffs: Handoffs, attention: Attention, expiry: timedelta
    ) -> None:
        """`expiry` is how long after their last word the conversation stays theirs."""
        self._record, self._handoffs, self._attention = record, handoffs, attention
        self._expiry = expiry

    async def wrote(self, tx: Tx, conversation: Conversation, echo: Echo, now: datetime) -> Conversation:
        """Note what they wrote; the bot is silent from now on."""
        if conversation.owner is not Owner.AGENT:
            conversation = await self._take(tx, conversation, now)
        say = Say(
            author=Author.AGENT, author_id=OUTSIDE, author_name=OUTSIDE_NAME, external_id=echo.external_id
        )
        draft = Draft(text=echo.text[:MAX_TEXT], attachments=echo.attachments)
        conversation, message = await self._record.append(
            tx, conversation, say, draft, now, already=Delivery.SENT
        )
        await to_fetch(tx, message, (echo.channel, echo.account, echo.address), now)
        if conversation.assignee == OUTSIDE:
            await self._attention.over(tx, conversation.id)
            kind, due = TimerKind.CUSTOMER_SILENT, now + self._expiry
            await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=due))
        return conversation

    async def _take(self, tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
        signal = HandoffSignal(reason=Reason.AGENT_REQUESTED, evidence={"where": OUTSIDE_NAME})
        event = OwnerEvent.CLAIMED
        if conversation.owner is Owner.NOBODY:
            conversation = await self._handoffs.begin(tx, conversation, quietly(signal), now=now)
            event = OwnerEvent.REOPENED_BY_AGENT
        elif conversation.owner is Owner.BOT:
            conversation = await self._handoffs.open(tx, conversation, quietly(signal), now=now, by=SYSTEM)
        await self._handoffs.accepted(tx, conversation, OUTSIDE, now)
        rows = await tx.pending(conversation.id)
        await tx.finish_inbox([row.id for row in rows], InboxOutcome.WITH_PERSON)
        moved = await self._record.move(tx, conversation, event, now=now, by=SYSTEM, assignee=OUTSIDE)
        return await self._record.event(tx, moved, "claimed", now, agent=OUTSIDE_NAME)
