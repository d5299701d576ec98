"""Finding messages and customers by words, and on SQLite the index that this needs.

PostgreSQL keeps its indexes itself. On SQLite `index_conversation` takes in what is new, beside the
message path, and whatever deletes a conversation or a customer takes them out in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, text

from bot.domain.customer import Customer
from bot.domain.message import Kind, Message
from bot.domain.words import LEAST_BEGUN, WORDS_VERSION, folded, holds, may_begin, names_hold
from bot.store import tables
from bot.store.queries.base import Part
from bot.store.queries.customers import to_customer
from bot.store.queries.messages import to_message
from bot.store.queries.timers import META, PUT_META
from bot.store.search_schema import CUSTOMER_WORDS, MESSAGE_WORDS, PROFILE_WORDS
from bot.store.statements import Flavour, Statement
from bot.store.values import from_json

_SLOT = 1 << 10
"""Numbers for each microsecond; who finds one taken takes the next."""
_NEAR = 1 << 20
_EXPANDED = 200
"""Words that one beginning of a word may stand for before the index is asked for all of them at once."""
_VERSION = "search.words"

_PIECES = {
    "<message>": ", ".join(f"m.{column.name}" for column in tables.messages.columns),
    "<customer>": ", ".join(f"c.{column.name}" for column in tables.customers.columns),
    "<message words>": MESSAGE_WORDS,
    "<customer words>": CUSTOMER_WORDS,
    "<profile words>": PROFILE_WORDS,
    "<query>": "to_tsquery('simple', CAST(:query AS TEXT))",
}


def _filled(sql: str) -> TextClause:
    for name, piece in _PIECES.items():
        sql = sql.replace(name, piece)
    return text(sql)


def _sqlite(sql: str, *names: str) -> Statement:
    return Statement(lambda _: _filled(sql), *names, only=Flavour.SQLITE)


def _postgres(sql: str, *names: str) -> Statement:
    return Statement(lambda _: _filled(sql), *names, only=Flavour.POSTGRES)


SQLITE_MESSAGES = _sqlite(
    "SELECT <message> FROM (SELECT rowid FROM search_index"
    " WHERE search_index MATCH :query ORDER BY rowid DESC LIMIT :limit) AS found"
    " JOIN search_entries AS e ON e.entry = found.rowid"
    " JOIN search_conversations AS s ON s.number = e.number"
    " JOIN messages AS m ON m.conversation_id = s.conversation_id AND m.seq = e.seq"
    " ORDER BY found.rowid DESC",
    "query",
    "limit",
)
SQLITE_CUSTOMERS = _sqlite(
    "SELECT <customer>, s.words FROM (SELECT rowid FROM search_names"
    " WHERE search_names MATCH :query ORDER BY rowid DESC LIMIT :limit) AS found"
    " JOIN search_customers AS s ON s.number = found.rowid"
    " JOIN customers AS c ON c.id = s.customer_id ORDER BY found.rowid DESC",
    "query",
    "limit",
)
VOCABULARY = _sqlite(
    "SELECT term FROM search_vocabulary WHERE term >= :begins AND term < :ends LIMIT :limit",
    "begins",
    "ends",
    "limit",
)
BEHIND = _sqlite(
    "SELECT c.id, c.seq > coalesce(s.indexed_to, 0) FROM conversations AS c"
    " LEFT JOIN search_conversations AS s ON s.conversation_id = c.id"
    " WHERE c.id > :after ORDER BY c.id LIMIT :limit",
    "after",
    "limit",
)
HOW_FAR = _sqlite(
    "SELECT number, indexed_to FROM search_conversations WHERE conversation_id = :conversation_id",
    "conversation_id",
)
BEGIN = _sqlite(
    "INSERT INTO search_conversations (conversation_id, indexed_to) VALUES (:conversation_id, 0)",
    "conversation_id",
)
GET_ON = _sqlite(
    "UPDATE search_conversations SET indexed_to = :indexed_to WHERE number = :number",
    "indexed_to",
    "number",
)
TO_INDEX = _sqlite(
    "SELECT seq, kind, created_at, text FROM messages"
    " WHERE conversation_id = :conversation_id AND seq > :after ORDER BY seq LIMIT :limit",
    "conversation_id",
    "after",
    "limit",
)
LAST_NEAR = _sqlite(
    "SELECT max(entry) FROM search_entries WHERE entry >= :first AND entry < :last", "first", "last"
)
ADD_ENTRY = _sqlite(
    "INSERT INTO search_entries (entry, number, seq) VALUES (:entry, :number, :seq)"
    " ON CONFLICT (entry) DO NOTHING",
    "entry",
    "number",
    "seq",
)
ADD_WORDS = _sqlite("INSERT INTO search_index (rowid, words) VALUES (:entry, :words)", "entry", "words")
DROP_WORDS = _sqlite(
    "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', :entry, :words)",
    "entry",
    "words",
)
ENTRIES_OF = _sqlite(
    "SELECT e.entry, m.text FROM search_entries AS e JOIN messages AS m"
    " ON m.conversation_id = :conversation_id AND m.seq = e.seq WHERE e.number = :number",
    "conversation_id",
    "number",
)
DROP_ENTRIES = _sqlite("DELETE FROM search_entries WHERE number = :number", "number")
DROP_CONVERSATION = _sqlite("DELETE FROM search_conversations WHERE number = :number", "number")
TIDY = _sqlite("INSERT INTO search_index (search_index, rank) VALUES ('merge', :pages)", "pages")
NAMES_OF = _sqlite(
    "SELECT c.id, c.name, c.email, c.directory_ref, p.data, s.number, s.words FROM customers AS c"
    " LEFT JOIN profiles AS p ON p.customer_id = c.id"
    " LEFT JOIN search_customers AS s ON s.customer_id = c.id"
    " WHERE c.id = (SELECT customer_id FROM conversations WHERE id = :conversation_id)",
    "conversation_id",
)
CUSTOMER_INDEXED = _sqlite(
    "SELECT number, words FROM search_customers WHERE customer_id = :customer_id", "customer_id"
)
ADD_CUSTOMER = _sqlite(
    "INSERT INTO search_customers (customer_id, words) VALUES (:customer_id, :words)",
    "customer_id",
    "words",
)
ADD_NAMES = _sqlite("INSERT INTO search_names (rowid, words) VALUES (:number, :words)", "number", "words")
DROP_NAMES = _sqlite(
    "INSERT INTO search_names (search_names, rowid, words) VALUES ('delete', :number, :words)",
    "number",
    "words",
)
DROP_CUSTOMER = _sqlite("DELETE FROM search_customers WHERE number = :number", "number")
START_ANEW = tuple(
    _sqlite(sql)
    for sql in (
        "INSERT INTO search_index (search_index) VALUES ('delete-all')",
        "INSERT INTO search_names (search_names) VALUES ('delete-all')",
        "DELETE FROM search_entries",
        "DELETE FROM search_conversations",
        "DELETE FROM search_customers",
    )
)

POSTGRES_MESSAGES = _postgres(
    "SELECT <message> FROM messages AS m WHERE kind <> 'event' AND (<message words>) @@ <query>"
    " ORDER BY m.conversation_id DESC, m.seq DESC LIMIT :limit",
    "query",
    "limit",
)
POSTGRES_CUSTOMERS = _postgres(
    "SELECT <customer>, p.data FROM customers AS c LEFT JOIN profiles AS p ON p.customer_id = c.id"
    " WHERE c.id IN (SELECT id FROM customers WHERE (<customer words>) @@ <query>"
    " UNION SELECT customer_id FROM profiles WHERE (<profile words>) @@ <query>)"
    " ORDER BY c.id DESC LIMIT :limit",
    "query",
    "limit",
)


_KNOWN = len(tables.customers.columns)
"""Where a row that begins with a customer has what else is known of them."""


class Search(Part):
    """The part of `Tx` about finding, and about the index behind it."""

    __slots__ = ()

    async def search_messages(self, words: Sequence[str], *, limit: int) -> list[Message]:
        """Return messages with all these words (see `bot.domain.words.asked`), about the newest first.

        On PostgreSQL the newest conversations come first.
        """
        if not words:
            return []
        if self.db.flavour is Flavour.POSTGRES:
            rows = await self.db.all(POSTGRES_MESSAGES, (_tsquery(words), limit))
        else:
            rows = await self.db.all(SQLITE_MESSAGES, (await self._match(words), limit))
        found = (to_message(row) for row in rows)
        # The databases' ideas of a word differ from ours at the edges of Unicode.
        return [message for message in found if holds(message.text, words)]

    async def search_customers(self, words: Sequence[str], *, limit: int) -> list[Customer]:
        """Return customers whose name, e-mail address or reference has all these words."""
        if not words:
            return []
        if self.db.flavour is Flavour.POSTGRES:
            query = " & ".join(f"'{word}':*" for word in words)
            rows = await self.db.all(POSTGRES_CUSTOMERS, (query, limit))
            found = [(row, _names(row[3], row[4], row[2], row[_KNOWN])) for row in rows]
        else:
            query = " AND ".join(f'"{word}"*' for word in words)
            found = [(row, row[_KNOWN]) for row in await self.db.all(SQLITE_CUSTOMERS, (query, limit))]
        return [to_customer(tuple(row)[:_KNOWN]) for row, known in found if names_hold(known, words)]

    async def _match(self, words: Sequence[str]) -> str:
        """Return a query of whole words, which the index answers from its end.

        Asked for the beginning of a word, it would first collect every message that has it.
        """
        return " AND ".join([f"({await self._meanings(word)})" for word in words])

    async def _meanings(self, word: str) -> str:
        if len(word) <= LEAST_BEGUN:
            return _term(word)
        rows = await self.db.all(VOCABULARY, (word, f"{word}\U0010ffff", _EXPANDED + 1))
        if not 0 < len(rows) <= _EXPANDED:
            return _term(word)
        return " OR ".join(f'"{row[0]}"' for row in rows)

    # --- the index, on SQLite

    async def conversations_behind(self, after: str, *, limit: int) -> tuple[list[str], str]:
        """Look at `limit` conversations after an id, in order of ids.

        Returns those with messages that the index has not taken in, and the last id that was looked
        at, which is empty at the end.
        """
        if self.db.flavour is Flavour.POSTGRES:
            return [], ""
        rows = await self.db.all(BEHIND, (after, limit))
        return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == limit else ""

    async def index_conversation(self, conversation_id: str, *, limit: int) -> int:
        """Take at most `limit` new messages into the index, and what is new about the customer.

        Returns how many messages there were; fewer than `limit` means that it is up to date.
        """
        if self.db.flavour is Flavour.POSTGRES:
            return 0
        if await self.db.one(HOW_FAR, (conversation_id,)) is None:
            await self.db.run(BEGIN, (conversation_id,))
        number, indexed_to = await self.db.one(HOW_FAR, (conversation_id,)) or (0, 0)
        await self._index_names(conversation_id)
        rows = await self.db.all(TO_INDEX, (conversation_id, indexed_to, limit))
        for seq, kind, created_at, said in rows:
            words = "" if kind == Kind.EVENT.value else folded(said)
            if words:
                await self._add(number, seq, created_at, words)
        if rows:
            await self.db.run(GET_ON, (rows[-1][0], number))
        return len(rows)

    async def tidy_index(self, pages: int) -> None:
        """Merge what was added in small pieces, about this many pages of it."""
        if self.db.flavour is Flavour.SQLITE:
            await self.db.run(TIDY, (pages,))

    async def renew_index(self) -> bool:
        """Empty an index that was made by other rules; say whether it was."""
        if self.db.flavour is Flavour.POSTGRES:
            return False
        made_by = await self.db.one(META, (_VERSION,))
        if made_by is not None and made_by[0] == WORDS_VERSION:
            return False
        for statement in START_ANEW:
            await self.db.run(statement)
        await self.db.run(PUT_META, (_VERSION, WORDS_VERSION))
        return True

    async def _add(self, number: int, seq: int, created_at: int, words: str) -> None:
        entry = first = created_at * _SLOT
        while not await self.db.run(ADD_ENTRY, (entry, number, seq)):
            row = await self.db.one(LAST_NEAR, (first, max(entry + 1, first + _NEAR)))
            entry = row[0] + 1 if row is not None and row[0] is not None else entry + 1
        await self.db.run(ADD_WORDS, (entry, words))

    async def _index_names(self, conversation_id: str) -> None:
        row = await self.db.one(NAMES_OF, (conversation_id,))
        if row is None:
            return
        customer_id, name, email, reference, profile, number, before = row
        words = _names(name, email, reference, profile)
        if words == (before or ""):
            return
        if number is not None:
            await self.db.run(DROP_NAMES, (number, before))
            await self.db.run(DROP_CUSTOMER, (number,))
        if words:
            await self.db.run(ADD_CUSTOMER, (customer_id, words))
            number, _ = await self.db.one(CUSTOMER_INDEXED, (customer_id,)) or (0, "")
            await self.db.run(ADD_NAMES, (number, words))

    async def forget_conversation(self, conversation_id: str) -> None:
        """Take a conversation out of the index, while its messages are still there."""
        if self.db.flavour is Flavour.POSTGRES:
            return
        row = await self.db.one(HOW_FAR, (conversation_id,))
        if row is None:
            return
        for entry, said in await self.db.all(ENTRIES_OF, (conversation_id, row[0])):
            await self.db.run(DROP_WORDS, (entry, folded(said)))
        await self.db.run(DROP_ENTRIES, (row[0],))
        await self.db.run(DROP_CONVERSATION, (row[0],))

    async def forget_customer(self, customer_id: str) -> None:
        """Take a customer's names out of the index."""
        if self.db.flavour is Flavour.POSTGRES:
            return
        row = await self.db.one(CUSTOMER_INDEXED, (customer_id,))
        if row is not None:
            await self.db.run(DROP_NAMES, tuple(row))
            await self.db.run(DROP_CUSTOMER, (row[0],))


def _term(word: str) -> str:
    """Return a word, or the beginning of one, for the index."""
    return f'"{word}"*' if may_begin(word) else f'"{word}"'


def _tsquery(words: Sequence[str]) -> str:
    return " & ".join(f"'{word}':*" if may_begin(word) else f"'{word}'" for word in words)


def _names(name: str, email: str, directory_ref: str, profile: str | None) -> str:
    """Return the words by which a customer is found."""
    known = from_json(profile) if profile else {}
    more = (str(known.get(key) or "") for key in ("name", "email"))
    return folded(" ".join((name, email, directory_ref, *more)))
