"""What customers were promised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select, update

from bot.domain.task import Task, TaskKind, TaskOutcome
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, upsert
from bot.store.values import from_micros, from_micros_or_none, to_micros, to_micros_or_none

_t = tables.tasks.c

PUT_TASK = upsert(tables.tasks)
TASK = Statement(lambda _: select(tables.tasks).where(_t.id == bindparam("task_id")), "task_id")
OPEN_TASKS = Statement(
    lambda _: (
        select(tables.tasks)
        .where(_t.conversation_id == bindparam("conversation_id"), _t.closed_at.is_(None))
        .order_by(_t.due_at, _t.id)
    ),
    "conversation_id",
)
CLOSE_TASK = Statement(
    lambda _: (
        update(tables.tasks)
        .where(_t.id == bindparam("task_id"), _t.closed_at.is_(None))
        .values(
            closed_at=bindparam("ended_at"), closed_by=bindparam("ended_by"), outcome=bindparam("ended_as")
        )
    ),
    "ended_at",
    "ended_by",
    "ended_as",
    "task_id",
)


def to_task(row: Row) -> Task:
    """Read a row of `tasks`."""
    return Task(
        id=row[0],
        conversation_id=row[1],
        handoff_id=row[2],
        kind=TaskKind(row[3]),
        text=row[4],
        team=row[5],
        created_at=from_micros(row[6]),
        due_at=from_micros(row[7]),
        closed_at=from_micros_or_none(row[8]),
        closed_by=row[9],
        outcome=None if row[10] is None else TaskOutcome(row[10]),
    )


class Tasks(Part):
    """The part of `Tx` about tasks."""

    __slots__ = ()

    async def put_task(self, task: Task) -> None:
        """Insert or replace by id."""
        values = (
            task.id,
            task.conversation_id,
            task.handoff_id,
            task.kind.value,
            task.text,
            task.team,
            to_micros(task.created_at),
            to_micros(task.due_at),
            to_micros_or_none(task.closed_at),
            task.closed_by,
            None if task.outcome is None else task.outcome.value,
        )
        await self.db.run(PUT_TASK, values)

    async def task(self, task_id: str) -> Task | None:
        """Return a task."""
        row = await self.db.one(TASK, (task_id,))
        return None if row is None else to_task(row)

    async def open_tasks(self, conversation_id: str) -> list[Task]:
        """Return the open tasks of a conversation, the nearest due first."""
        return [to_task(row) for row in await self.db.all(OPEN_TASKS, (conversation_id,))]

    async def close_task(self, task_id: str, *, by: str, outcome: TaskOutcome, at: datetime) -> bool:
        """End an open task; false if it was not open."""
        return await self.db.run(CLOSE_TASK, (to_micros(at), by, outcome.value, task_id)) > 0
