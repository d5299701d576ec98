"""Who owes whom an answer while an agent has a conversation, and what follows from silence.

A customer who waits for their agent gets somebody else when the agent says nothing, or is gone. An
agent whose customer says nothing more is told so. Each wait is a timer, so it survives a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.agents import OUTSIDE, OUTSIDE_NAME, SYSTEM
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.handoff import Outcome
from bot.domain.message import Author
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx
from bot.services.handoffs import Desk, Handoffs, next_in_line
from bot.services.record import Record

LOOK_EVERY = timedelta(seconds=30)
"""How often it is looked whether the agent of a customer who waits is there."""
OWED = (TimerKind.AGENT_SILENT, TimerKind.AGENT_GONE)
LOOKED_AT = 30
AT_ONCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long each side is waited for; 0 for `gone` means that nobody looks who is there."""

    agent: timedelta
    gone: timedelta
    customer: timedelta


class Attention:
    """Starts and ends the waits inside the caller's transaction, and does what they lead to."""

    def __init__(self, *, record: Record, handoffs: Handoffs, patience: Patience) -> None:
        """`patience` says how long is waited."""
        self._record = record
        self._handoffs = handoffs
        self._patience = patience

    async def owed(self, tx: Tx, conversation_id: str, now: datetime, *, anew: bool = False) -> None:
        """The agent owes a word from now on; more words of the customer's do not start the wait anew."""
        await tx.clear_timer(conversation_id, TimerKind.CUSTOMER_SILENT)
        if not anew and await tx.timers(conversation_id, TimerKind.AGENT_SILENT):
            return
        await _set(tx, conversation_id, TimerKind.AGENT_SILENT, now + self._patience.agent)
        if self._patience.gone:
            await _set(tx, conversation_id, TimerKind.AGENT_GONE, now + LOOK_EVERY)

    async def given(self, tx: Tx, conversation_id: str, now: datetime) -> None:
        """The agent has answered; the next word is the customer's."""
        await self.over(tx, conversation_id)
        await _set(tx, conversation_id, TimerKind.CUSTOMER_SILENT, now + self._patience.customer)

    async def over(self, tx: Tx, conversation_id: str) -> None:
        """No agent has the conversation any more."""
        for kind in (*OWED, TimerKind.CUSTOMER_SILENT):
            await tx.clear_timer(conversation_id, kind)

    async def customer_is_silent(self, tx: Tx, conversation: Conversation, now: datetime) -> bool:
        """Say whether an agent's answer has stood there unanswered for long."""
        if conversation.owner is not Owner.AGENT:
            return False
        people = (Author.CUSTOMER, Author.AGENT)
        last = await tx.last_messages(conversation.id, limit=LOOKED_AT)
        said = [m for m in last if m.author in people and m.visible_to_customer][-1:]
        return any(m.author is Author.AGENT and now - m.created_at >= self._patience.customer for m in said)

    # --- what is due

    async def agent_silent(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        """Give a customer whose agent does not answer back to the queue, and tell both sides."""
        if conversation.owner is not Owner.AGENT:
            return None
        return await self.give_back(tx, conversation, "agent_silent", desk, now)

    async def agent_gone(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        """Give back what an agent has who went away while the customer waits: a lid was closed.

        They are gone when they were seen neither now nor at the look before, `gone` ago.
        """
        if conversation.owner is not Owner.AGENT or conversation.assignee == OUTSIDE:
            return None
        if desk.present is None or conversation.assignee in desk.present:
            await _set(tx, conversation.id, TimerKind.AGENT_GONE, now + LOOK_EVERY)
            return None
        if not timer.payload.get("missed"):
            due = now + self._patience.gone
            await _set(tx, conversation.id, TimerKind.AGENT_GONE, due, missed=True)
            return None
        return await self.give_back(tx, conversation, "agent_gone", desk, now)

    async def customer_silent(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        """Tell the agent that nothing came back; what to make of it is theirs.

        Who answers outside of the desk cannot be told: their part ends here.
        """
        if conversation.owner is Owner.AGENT and conversation.assignee == OUTSIDE:
            conversation = await self._handoffs.close(tx, conversation, Outcome.RESOLVED, now)
            event = OwnerEvent.RESOLVED
            conversation = await self._record.move(tx, conversation, event, now=now, by=SYSTEM)
            return await self._record.event(tx, conversation, "resolved", now, agent=OUTSIDE_NAME)
        if not await self.customer_is_silent(tx, conversation, now):
            return None
        minutes = int(self._patience.customer.total_seconds() // 60)
        return await self._record.event(tx, conversation, "customer_silent", now, minutes=minutes)

    # --- who goes

    async def all_of(
        self, tx: Tx, agent_id: str, desk: Desk, now: datetime, *, by: str
    ) -> list[Conversation]:
        """Give back, and store, all that an agent has who may not stay; `by` is who decided that."""
        given: list[Conversation] = []
        while found := await tx.conversations(owner=Owner.AGENT, assignee=agent_id, limit=AT_ONCE):
            for listed in found:
                conversation = await tx.conversation(listed.id, lock=True)
                if conversation is None or conversation.assignee != agent_id:
                    continue  # somebody took it meanwhile
                moved = await self.give_back(tx, conversation, "agent_gone", desk, now, by=by)
                await tx.put_conversation(moved)
                given.append(moved)
        return given

    async def give_back(
        self, tx: Tx, conversation: Conversation, why: str, desk: Desk, now: datetime, *, by: str = ""
    ) -> Conversation:
        """Move what an agent has to the queue, and tell both sides; the caller stores it."""
        agent = await tx.agent(conversation.assignee)
        name = OUTSIDE_NAME if conversation.assignee == OUTSIDE else agent.name if agent else ""
        await self.over(tx, conversation.id)
        moved = next_in_line(
            await self._record.move(tx, conversation, OwnerEvent.AGENT_GONE, now=now, by=by)
        )
        moved = await self._record.event(tx, moved, why, now, agent=name)
        if await self._handoffs.untold(tx, conversation):
            await self._handoffs.wait_quietly(tx, moved, now)
            return moved
        moved, _ = await self._record.system(tx, moved, "utter_system_agent_left", now)
        return await self._handoffs.tell_place(tx, moved, desk=desk, now=now)


async def _set(tx: Tx, conversation_id: str, kind: TimerKind, due: datetime, **payload: bool) -> None:
    await tx.set_timer(Timer(conversation_id=conversation_id, kind=kind, due_at=due, payload=payload))
