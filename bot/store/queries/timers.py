"""What is due later, and the installation's own values."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal_column, select

from bot.domain.work import Timer, TimerKind
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Statement, upsert
from bot.store.values import from_json, from_micros, from_micros_or_none, to_json, to_micros

_t, _m = tables.timers.c, tables.meta.c

SET_TIMER = upsert(tables.timers)
CLEAR_TIMER = Statement(
    lambda _: delete(tables.timers).where(
        _t.conversation_id == bindparam("conversation_id"),
        _t.kind == bindparam("kind"),
        _t.name == bindparam("name"),
    ),
    "conversation_id",
    "kind",
    "name",
)
CLEAR_UNTIL_WRITTEN = Statement(
    lambda _: delete(tables.timers).where(
        _t.conversation_id == bindparam("conversation_id"), _t.until_written == literal_column("1")
    ),
    "conversation_id",
)
TIMERS = Statement(
    lambda _: (
        select(tables.timers)
        .where(_t.conversation_id == bindparam("conversation_id"), _t.kind == bindparam("kind"))
        .order_by(_t.due_at, _t.name)
    ),
    "conversation_id",
    "kind",
)
DUE_TIMER = Statement(
    lambda _: (
        select(tables.timers)
        .where(_t.due_at <= bindparam("now"))
        .order_by(_t.due_at, _t.conversation_id, _t.kind, _t.name)
        .limit(1)
        .with_for_update(skip_locked=True)
    ),
    "now",
)
NEXT_TIMER_AT = Statement(lambda _: select(func.min(_t.due_at)))
META = Statement(lambda _: select(_m.value).where(_m.key == bindparam("key")), "key")
PUT_META = upsert(tables.meta)

_KIND = {kind.value: kind for kind in TimerKind}


def to_timer(row: Row) -> Timer:
    """Read a row of `timers`."""
    conversation_id, kind, name, due_at, payload, until_written = row
    return Timer(
        conversation_id=conversation_id,
        kind=_KIND[kind],
        name=name,
        due_at=from_micros(due_at),
        payload=from_json(payload),
        until_written=until_written == 1,
    )


class Timers(Part):
    """The part of `Tx` about timers, and the installation-wide values."""

    __slots__ = ()

    async def set_timer(self, timer: Timer) -> None:
        """Insert or move the timer of this kind and name for this conversation."""
        values = (
            timer.conversation_id,
            timer.kind.value,
            timer.name,
            to_micros(timer.due_at),
            to_json(timer.payload),
            int(timer.until_written),
        )
        await self.db.run(SET_TIMER, values)

    async def clear_timer(self, conversation_id: str, kind: TimerKind, name: str = "") -> None:
        """Remove it if it is there."""
        await self.db.run(CLEAR_TIMER, (conversation_id, kind.value, name))

    async def clear_until_written(self, conversation_id: str) -> None:
        """Remove the timers that go when the customer writes."""
        await self.db.run(CLEAR_UNTIL_WRITTEN, (conversation_id,))

    async def timers(self, conversation_id: str, kind: TimerKind) -> list[Timer]:
        """Return the conversation's timers of a kind, the nearest first."""
        return [to_timer(row) for row in await self.db.all(TIMERS, (conversation_id, kind.value))]

    async def take_timer(self, now: datetime) -> Timer | None:
        """Remove and return the timer that is due longest; the caller acts in the same transaction."""
        self.must_write()
        row = await self.db.one(DUE_TIMER, (to_micros(now),))
        if row is None:
            return None
        timer = to_timer(row)
        await self.clear_timer(timer.conversation_id, timer.kind, timer.name)
        return timer

    async def next_timer_at(self) -> datetime | None:
        """Return when the next timer is due."""
        row = await self.db.one(NEXT_TIMER_AT)
        return None if row is None else from_micros_or_none(row[0])

    async def meta(self, key: str) -> str | None:
        """Return an installation-wide value."""
        row = await self.db.one(META, (key,))
        return None if row is None else row[0]

    async def put_meta(self, key: str, value: str) -> None:
        """Set an installation-wide value."""
        await self.db.run(PUT_META, (key, value))
