"""What customers were promised: noted when they leave a message, ended by an answer, raised when late."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.handoff import HandoffSignal, Outcome, Reason
from bot.domain.ids import new_id
from bot.domain.task import Task, TaskKind, TaskOutcome
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx
from bot.services.handoffs import PRIORITY_AGAIN, Desk, Handoffs, next_in_line
from bot.services.record import Record
from bot.services.reminders import may_write

LATE = "utter_system_message_late"
LOOK_AGAIN = timedelta(hours=1)
"""Until an overdue task is looked at once more, as long as it is open."""


class Tasks:
    """Keeps promises inside the caller's transaction."""

    def __init__(self, *, record: Record, handoffs: Handoffs, target: timedelta) -> None:
        """`target` is the open time within which a left message is to be answered."""
        self._record = record
        self._handoffs = handoffs
        self._target = target

    async def promise(self, tx: Tx, conversation: Conversation, text: str, now: datetime) -> Task:
        """Note what the customer left and until when they hear."""
        task = Task(
            id=new_id(now),
            conversation_id=conversation.id,
            handoff_id=conversation.handoff_id,
            kind=TaskKind.MESSAGE,
            text=text,
            team=conversation.team,
            created_at=now,
            due_at=self._handoffs.hours.after(now, self._target),
        )
        await tx.put_task(task)
        await tx.set_timer(_timer(task, task.due_at))
        return task

    async def end(
        self, tx: Tx, conversation_id: str, *, by: str, outcome: TaskOutcome, now: datetime
    ) -> list[Task]:
        """End all open tasks of a conversation; return them."""
        ended = await tx.open_tasks(conversation_id)
        for task in ended:
            await tx.close_task(task.id, by=by, outcome=outcome, at=now)
            await tx.clear_timer(conversation_id, TimerKind.TASK_DUE, task.id)
        return ended

    async def overdue(
        self, tx: Tx, conversation: Conversation, timer: Timer, desk: Desk, now: datetime
    ) -> Conversation | None:
        """Put a promise that was not kept before people; the caller stores what is returned.

        It is looked at again until it is done. A customer who was told and went back to the assistant
        is left in peace: it stays in the list of work.
        """
        task = await tx.task(timer.name)
        if task is None or task.closed_at is not None or await _let_be(tx, conversation, task):
            return None
        await tx.set_timer(_timer(task, now + LOOK_AGAIN, raised=True))
        if not desk.open:
            return None
        if conversation.owner in (Owner.BOT, Owner.NOBODY):
            return await self._raise(tx, conversation, task, desk, now)
        if timer.payload.get("raised"):
            return None
        if conversation.owner is Owner.QUEUE:
            conversation = next_in_line(conversation)
        return await self._record.event(tx, conversation, "task_overdue", now, task=task.id, text=task.text)

    async def _raise(
        self, tx: Tx, conversation: Conversation, task: Task, desk: Desk, now: datetime
    ) -> Conversation:
        evidence = {"task": task.id, "left": task.text, "promised": task.due_at.isoformat()}
        signal = HandoffSignal(
            reason=Reason.BUSINESS_RULE, evidence=evidence, priority=PRIORITY_AGAIN, team=task.team
        )
        event = OwnerEvent.PROMISE_DUE
        if not may_write(conversation, now):
            return await self._handoffs.open_quietly(tx, conversation, signal, now=now, event=event)
        conversation = await self._handoffs.open(tx, conversation, signal, now=now, event=event)
        return await self._handoffs.tell_place(tx, conversation, desk=desk, now=now, sentence=LATE)


async def _let_be(tx: Tx, conversation: Conversation, task: Task) -> bool:
    last = (await tx.handoffs(conversation.id))[-1:]
    return any(h.evidence.get("task") == task.id and h.outcome is Outcome.CUSTOMER_LEFT for h in last)


def _timer(task: Task, due: datetime, *, raised: bool = False) -> Timer:
    kind = TimerKind.TASK_DUE
    payload = {"raised": raised}
    return Timer(conversation_id=task.conversation_id, kind=kind, name=task.id, due_at=due, payload=payload)
