"""What a waiting customer may choose: go on waiting, leave a message, or go back to the assistant.

Each step returns the conversation, the response that answers it, and the values for that. Leaving a
message takes two steps: they are asked what to pass on, and what they write next is it. Who then writes
nothing has left what they had written before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.agents import CUSTOMER
from bot.domain.agents import SYSTEM as BY_ITSELF
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.handoff import Outcome
from bot.domain.message import Author, Message
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx
from bot.services.choices import AS_IT_IS, LEAVE_MESSAGE, LEAVE_QUEUE, SYSTEM
from bot.services.handoffs import Handoffs
from bot.services.record import Record
from bot.services.tasks import Tasks

ASKED_FOR = timedelta(minutes=10)
"""How long a customer may think about what to leave."""
LOOKED_THROUGH = 40
EARLIER = 3
"""Messages that stand for one that was not written."""

Step = tuple[Conversation, str, dict[str, str]]


class Waiting:
    """Carries the choices out inside the caller's transaction."""

    def __init__(self, *, record: Record, handoffs: Handoffs, tasks: Tasks, expiry: timedelta) -> None:
        """`expiry` ends a silent talk with the bot, to which the customer returns."""
        self._record = record
        self._handoffs = handoffs
        self._tasks = tasks
        self._expiry = expiry

    async def choose(self, tx: Tx, conversation: Conversation, payload: str, now: datetime) -> Step:
        """Do what was chosen; who does not wait any more has nothing to choose."""
        if conversation.owner is not Owner.QUEUE:
            return conversation, "utter_system_choice_expired", {}
        if payload == LEAVE_QUEUE:
            left = await self._back(tx, conversation, Outcome.CUSTOMER_LEFT, now)
            left = await self._record.event(tx, left, OwnerEvent.CUSTOMER_LEFT_QUEUE.value, now)
            return left, "utter_system_left_queue", {}
        if payload == LEAVE_MESSAGE:
            kind = TimerKind.LEAVE_MESSAGE
            timer = Timer(conversation_id=conversation.id, kind=kind, due_at=now + ASKED_FOR)
            await tx.set_timer(timer)
            return conversation, "utter_system_ask_message", {}
        if payload == AS_IT_IS:
            return await self.leave(tx, conversation, "", now)
        await tx.clear_timer(conversation.id, TimerKind.LEAVE_MESSAGE)
        return conversation, "utter_system_keeps_waiting", {}

    async def asked(self, tx: Tx, conversation: Conversation) -> bool:
        """Say whether a waiting customer's next words are the message that they leave."""
        if conversation.owner is not Owner.QUEUE:
            return False
        return bool(await tx.timers(conversation.id, TimerKind.LEAVE_MESSAGE))

    async def leave(
        self, tx: Tx, conversation: Conversation, text: str, now: datetime, *, by: str = CUSTOMER
    ) -> Step:
        """Make a task of the message, and give the customer back to the bot with a promise.

        Without a text it is what they wrote before.
        """
        text = text or _earlier(await tx.last_messages(conversation.id, limit=LOOKED_THROUGH))
        task = await self._tasks.promise(tx, conversation, text, now)
        left = await self._back(tx, conversation, Outcome.MESSAGE_LEFT, now, by)
        left = await self._record.event(
            tx, left, "message_left", now, task=task.id, text=text, due=task.due_at.isoformat()
        )
        due = self._handoffs.hours.moment(task.due_at)
        return left, "utter_system_message_left", {"due": due}

    async def silent(self, tx: Tx, conversation: Conversation, now: datetime) -> Conversation | None:
        """Take what was written before for the message of somebody who wrote nothing more."""
        if conversation.owner is not Owner.QUEUE:
            return None
        left, sentence, values = await self.leave(tx, conversation, "", now, by=BY_ITSELF)
        left, _ = await self._record.system(tx, left, sentence, now, **values)
        return left

    async def _back(
        self, tx: Tx, conversation: Conversation, outcome: Outcome, now: datetime, by: str = CUSTOMER
    ) -> Conversation:
        conversation = await self._handoffs.close(tx, conversation, outcome, now)
        event = OwnerEvent.CUSTOMER_LEFT_QUEUE
        moved = await self._record.move(tx, conversation, event, now=now, by=by)
        kind, due = TimerKind.SESSION_EXPIRY, now + self._expiry
        await tx.set_timer(Timer(conversation_id=moved.id, kind=kind, due_at=due))
        return replace(moved, returned_at=now)


def _earlier(messages: list[Message]) -> str:
    """Return what the customer wrote last, without what the system's choices say."""
    titles = {c.title for m in messages for c in m.choices if c.payload.startswith(SYSTEM)}
    said = [m.text for m in messages if m.author is Author.CUSTOMER and m.text]
    return "\n".join([text for text in said if text not in titles][-EARLIER:])
