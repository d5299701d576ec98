"""How far each side has read, and how customers found it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.sql import ClauseElement

from bot.domain.feedback import Rating, ReadMark
from bot.domain.message import Author
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Flavour, Statement, insert_of, names_of, upsert
from bot.store.values import from_micros, to_micros

_r, _g = tables.read_marks.c, tables.ratings.c


def _move_mark(flavour: Flavour) -> ClauseElement:
    """Insert a mark, or move it on; never back."""
    names = names_of(tables.read_marks)
    statement = insert_of(flavour)(tables.read_marks).values({name: bindparam(name) for name in names})
    result: ClauseElement = statement.on_conflict_do_update(
        index_elements=["conversation_id", "who"],
        set_={"seq": statement.excluded.seq, "at": statement.excluded.at},
        where=_r.seq < statement.excluded.seq,
    )
    return result


MOVE_MARK = Statement(_move_mark, *names_of(tables.read_marks))
READ_MARKS = Statement(
    lambda _: select(_r.who, _r.seq, _r.at).where(_r.conversation_id == bindparam("conversation_id")),
    "conversation_id",
)
PUT_RATING = upsert(tables.ratings)
RATING = Statement(
    lambda _: select(tables.ratings).where(
        _g.conversation_id == bindparam("conversation_id"), _g.handoff_id == bindparam("handoff_id")
    ),
    "conversation_id",
    "handoff_id",
)
RATINGS = Statement(
    lambda _: (
        select(tables.ratings)
        .where(_g.conversation_id == bindparam("conversation_id"))
        .order_by(_g.at, _g.handoff_id)
    ),
    "conversation_id",
)


def to_rating(row: Row) -> Rating:
    """Read a row of `ratings`."""
    return Rating(
        conversation_id=row[0], handoff_id=row[1], score=row[2], comment=row[3], at=from_micros(row[4])
    )


class Feedback(Part):
    """The part of `Tx` about read marks and ratings."""

    __slots__ = ()

    async def mark_read(self, conversation_id: str, who: Author, seq: int, at: datetime) -> bool:
        """Note that somebody has read up to `seq`; false if they had read as far before."""
        return await self.db.run(MOVE_MARK, (conversation_id, who.value, seq, to_micros(at))) > 0

    async def read_marks(self, conversation_id: str) -> dict[Author, ReadMark]:
        """Return how far the customer and the agents have read; who has read nothing is left out."""
        rows = await self.db.all(READ_MARKS, (conversation_id,))
        return {Author(row[0]): ReadMark(seq=row[1], at=from_micros(row[2])) for row in rows}

    async def put_rating(self, rating: Rating) -> None:
        """Insert or replace by conversation and handoff."""
        values = (
            rating.conversation_id,
            rating.handoff_id,
            rating.score,
            rating.comment,
            to_micros(rating.at),
        )
        await self.db.run(PUT_RATING, values)

    async def rating(self, conversation_id: str, handoff_id: str) -> Rating | None:
        """Return the rating of a handoff."""
        row = await self.db.one(RATING, (conversation_id, handoff_id))
        return None if row is None else to_rating(row)

    async def ratings(self, conversation_id: str) -> list[Rating]:
        """Return the ratings of a conversation, oldest first."""
        return [to_rating(row) for row in await self.db.all(RATINGS, (conversation_id,))]
