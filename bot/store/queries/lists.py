"""The desk's lists: a page of conversations, what it shows of each, and the counts beside it.

However long a page is, it costs the same number of statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)

from bot.domain.conversation import Conversation, Owner
from bot.domain.message import Author, Kind, Message
from bot.domain.overview import UNREAD_COUNTED, DeskCounts, Overview
from bot.domain.task import Task
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.queries.conversations import COUNT_BY_OWNER, OWNERS, to_conversation
from bot.store.queries.messages import to_message
from bot.store.queries.tasks import to_task
from bot.store.statements import Flavour, Statement
from bot.store.values import from_json, from_micros_or_none, to_json

_c, _m, _h = tables.conversations.c, tables.messages.c, tables.handoffs.c
_r, _t, _cu, _p = tables.read_marks.c, tables.tasks.c, tables.customers.c, tables.profiles.c


def _word(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'")


_NEVER: ColumnElement[int] = literal_column(str(2**62))
_QUEUE_ORDER = (
    -_c.priority,
    func.coalesce(_c.reply_until, _NEVER),
    func.coalesce(_c.waiting_since, literal_column("0")),
    _c.id,
)
"""`bot.domain.handoff.queue_key` in SQL, with the reply window as the deadline."""
_BY_CHANGE = (_c.updated_at, _c.id)

_MARK = (
    select(_r.seq)
    .where(_r.conversation_id == _c.id, _r.who == _word(Author.AGENT.value))
    .correlate(tables.conversations)
    .scalar_subquery()
)
_UNREAD: Select[Any] = (
    select(literal_column("1"))
    .select_from(tables.messages)
    .where(_m.conversation_id == _c.id, _m.seq > func.coalesce(_MARK, literal_column("0")))
    .where(_m.author == _word(Author.CUSTOMER.value))
    .correlate(tables.conversations)
)
_OPEN = _t.closed_at.is_(None)
_OF_HERE = _t.conversation_id == _c.id


@cache
def listing(
    filters: tuple[str, ...], *, queue: bool = False, work: bool = False, unread: bool = False,
    after: bool = False,
) -> Statement:  # fmt: skip
    """Return the statement that lists by these columns (and `reason`).

    The order is the queue's, for `work` the nearest due first, otherwise the last change first.
    """
    names = (*filters, *(("after",) if after else ()), "limit")

    def build(_: object) -> Select[Any]:
        statement = select(tables.conversations).where(*map(_condition, filters))
        if unread:
            statement = statement.where(_UNREAD.exists())
        if work:
            return _by_due(statement, after).limit(bindparam("limit"))
        return _by_owner(statement, queue, after).limit(bindparam("limit"))

    return Statement(build, *names)


def _condition(name: str) -> ColumnElement[bool]:
    if name == "reason":
        return exists().where(_h.id == _c.handoff_id, _h.reason == bindparam("reason"))
    if name == "assignee":
        # The partial index serves only a query that repeats its condition word for word.
        return (_c.assignee == bindparam("assignee")) & (_c.assignee != _word(""))
    equal: ColumnElement[bool] = _c[name] == bindparam(name)
    return equal


def _by_owner(statement: Select[Any], queue: bool, after: bool) -> Select[Any]:
    order = _QUEUE_ORDER if queue else _BY_CHANGE
    if after:
        # The place in the list is looked up by id: a conversation that left it still has one.
        seen = select(*order).where(_c.id == bindparam("after")).correlate(None).subquery()
        place = select(*seen.c).scalar_subquery()
        here = tuple_(*order)
        statement = statement.where(here > place if queue else here < place)
    return statement.order_by(*(order if queue else tuple(column.desc() for column in order)))


def _by_due(statement: Select[Any], after: bool) -> Select[Any]:
    nearest = select(func.min(_t.due_at)).where(_OF_HERE, _OPEN).correlate(tables.conversations)
    due = nearest.scalar_subquery()
    statement = statement.where(
        _c.id.in_(select(_t.conversation_id).where(_OPEN)),
    )
    if after:
        there = _t.conversation_id == bindparam("after")
        first = select(func.min(_t.due_at)).where(there, _OPEN).correlate(None).scalar_subquery()
        closed = select(func.max(_t.due_at)).where(there).correlate(None).scalar_subquery()
        place = select(func.coalesce(first, closed), bindparam("after")).scalar_subquery()
        statement = statement.where(tuple_(due, _c.id) > place)
    return statement.order_by(due, _c.id)


def ids_of(flavour: Flavour) -> Select[Any]:
    """Return the ids in the parameter `ids`, a JSON list of texts, as rows."""
    ids: ColumnElement[Any] = bindparam("ids")
    if flavour is Flavour.SQLITE:
        rows: Any = func.json_each(ids).table_valued("value", name="ids")
    else:
        rows = func.json_array_elements_text(cast(ids, JSON)).table_valued("value", name="ids")
    return select(rows.c.value)


def _facts(flavour: Flavour) -> Select[Any]:
    unread = _UNREAD.limit(literal_column(str(UNREAD_COUNTED))).subquery("unread")
    newest = (
        select(_m.failed)
        .where(_m.conversation_id == _c.id, _m.author == _word(Author.CUSTOMER.value))
        .order_by(_m.seq.desc())
        .limit(literal_column("1"))
        .correlate(tables.conversations)
    )
    named = func.coalesce(_cu.name, _word(""))
    return (
        select(
            _c.id,
            named,
            case((named == _word(""), _p.data)),
            _h.reason,
            select(func.count()).select_from(unread).scalar_subquery(),
            newest.scalar_subquery(),
        )
        .select_from(
            tables.conversations.outerjoin(tables.customers, _cu.id == _c.customer_id)
            .outerjoin(tables.profiles, _p.customer_id == _c.customer_id)
            .outerjoin(tables.handoffs, _h.id == _c.handoff_id)
        )
        .where(_c.id.in_(ids_of(flavour)))
    )


def _newest(flavour: Flavour) -> Select[Any]:
    said = tables.messages.alias()
    seq = (
        select(said.c.seq)
        .where(
            said.c.conversation_id == _c.id,
            said.c.kind != _word(Kind.EVENT.value),
            said.c.author != _word(Author.SYSTEM.value),
        )
        .order_by(said.c.seq.desc())
        .limit(literal_column("1"))
        .correlate(tables.conversations)
        .scalar_subquery()
    )
    both = tables.conversations.join(tables.messages, (_m.conversation_id == _c.id) & (_m.seq == seq))
    return select(tables.messages).select_from(both).where(_c.id.in_(ids_of(flavour)))


BY_ID = Statement(lambda flavour: select(tables.conversations).where(_c.id.in_(ids_of(flavour))), "ids")
FACTS = Statement(_facts, "ids")
NEWEST = Statement(_newest, "ids")
TASKS = Statement(
    lambda flavour: (
        select(tables.tasks)
        .where(_OPEN, _t.conversation_id.in_(ids_of(flavour)))
        .order_by(_t.due_at.desc(), _t.id.desc())
    ),
    "ids",
)
_IN_QUEUE = _c.owner == _word(Owner.QUEUE.value)
_IS_MINE = (
    (_c.assignee == bindparam("agent"))
    & (_c.assignee != _word(""))
    & (_c.owner == _word(Owner.AGENT.value))
)
_SEEN = case((_UNREAD.exists(), literal_column("1")), else_=literal_column("0"))
QUEUE_COUNTS = Statement(
    lambda _: select(func.coalesce(func.sum(_SEEN), literal_column("0")), func.min(_c.waiting_since)).where(
        _IN_QUEUE
    )
)
MINE_COUNTS = Statement(
    lambda _: select(func.count(), func.coalesce(func.sum(_SEEN), literal_column("0"))).where(_IS_MINE),
    "agent",
)
WORK_COUNT = Statement(lambda _: select(func.count(func.distinct(_t.conversation_id))).where(_OPEN))


class Lists(Part):
    """The part of `Tx` about the desk's lists."""

    __slots__ = ()

    async def conversations(
        self,
        *,
        owner: Owner | None = None,
        assignee: str = "",
        customer_id: str = "",
        team: str = "",
        channel: str = "",
        reason: str = "",
        unread: bool = False,
        work: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> list[Conversation]:
        """List conversations; see `bot.ports.Tx`. An `after` that is unknown ends the list."""
        narrow = {"assignee": assignee, "customer_id": customer_id, "owner": owner.value if owner else ""}
        narrow |= {"team": team, "channel": channel, "reason": reason}
        filters = {name: value for name, value in narrow.items() if value}
        page = _Page(filters, unread=unread, work=work, after=after, limit=limit)
        if work or {"owner", "assignee", "customer_id"} & filters.keys():
            return await self._page(page)
        # One short walk on the index for each owner, instead of an index more to write for everyone.
        found: list[Conversation] = []
        for value in OWNERS:
            found += await self._page(page.of(value), queue=False)
        found.sort(key=_recency, reverse=True)
        return found[:limit]

    async def _page(self, page: _Page, *, queue: bool | None = None) -> list[Conversation]:
        in_order = page.filters.get("owner") == Owner.QUEUE.value if queue is None else queue
        statement = listing(
            tuple(page.filters), queue=in_order, work=page.work, unread=page.unread, after=bool(page.after)
        )
        place = (page.after,) if page.after else ()
        values = (*page.filters.values(), *place, page.limit)
        return [to_conversation(row) for row in await self.db.all(statement, values)]

    async def conversations_by_id(self, ids: Sequence[str]) -> list[Conversation]:
        """Return these conversations, in no order, without those that are not there."""
        rows = await self.db.all(BY_ID, (to_json(list(ids)),)) if ids else ()
        return [to_conversation(row) for row in rows]

    async def overviews(self, conversation_ids: Sequence[str]) -> dict[str, Overview]:
        """Return what a list shows of these conversations, by id."""
        if not conversation_ids:
            return {}
        ids = (to_json(list(conversation_ids)),)
        newest = {row[0]: to_message(row) for row in await self.db.all(NEWEST, ids)}
        tasks = {row[1]: to_task(row) for row in await self.db.all(TASKS, ids)}
        return {
            row[0]: _to_overview(row, newest.get(row[0]), tasks.get(row[0]))
            for row in await self.db.all(FACTS, ids)
        }

    async def desk_counts(self, agent_id: str) -> DeskCounts:
        """Count what is in each of this agent's lists."""
        owners = await self.db.all(COUNT_BY_OWNER)
        unread_queue, oldest = await self.db.one(QUEUE_COUNTS) or (0, None)
        mine, unread_mine = await self.db.one(MINE_COUNTS, (agent_id,)) or (0, 0)
        work = await self.db.one(WORK_COUNT)
        return DeskCounts(
            owners=dict.fromkeys(Owner, 0) | {OWNERS[row[0]]: row[1] for row in owners},
            mine=mine,
            work=work[0] if work else 0,
            unread_mine=unread_mine,
            unread_queue=unread_queue,
            oldest_waiting_since=from_micros_or_none(oldest),
        )


class _Page:
    """Which page of which list is wanted."""

    def __init__(
        self, filters: dict[str, str], *, unread: bool, work: bool, after: str, limit: int
    ) -> None:
        self.filters = filters
        self.unread = unread
        self.work = work
        self.after = after
        self.limit = limit

    def of(self, owner: str) -> _Page:
        """Return the same for one owner alone."""
        return _Page(
            {**self.filters, "owner": owner},
            unread=self.unread,
            work=self.work,
            after=self.after,
            limit=self.limit,
        )


def _recency(conversation: Conversation) -> tuple[datetime, str]:
    return conversation.updated_at, conversation.id


def _to_overview(row: Row, newest: Message | None, task: Task | None) -> Overview:
    _, name, profile, reason, unread, failed = row
    known = from_json(profile) if profile else {}
    return Overview(
        customer_name=name or str(known.get("name", "")),
        reason=reason,
        unread=unread,
        failed=failed == 1,
        last_message=newest,
        task=task,
    )
