"""The search index: tables of SQLite's own on the one, indexes on the other database.

They are apart from `tables.py` because neither database has what the other one has.
"""

from __future__ import annotations

from bot.domain.words import LEAST_BEGUN

# Contentless: the texts are in `messages` already. The words come folded by `bot.domain.words`, so the
# plainest tokenizer is right; without positions the index is a third as large.
# The first three letters are indexed as well: many words begin with them.
_FTS = f"content='', tokenize='ascii', detail=none, columnsize=0, prefix={LEAST_BEGUN}"

_CONVERSATIONS = """
CREATE TABLE search_conversations (
  number INTEGER NOT NULL PRIMARY KEY, conversation_id TEXT NOT NULL UNIQUE, indexed_to BIGINT NOT NULL
)"""
_ENTRIES = """
CREATE TABLE search_entries (
  entry INTEGER NOT NULL PRIMARY KEY, number BIGINT NOT NULL, seq BIGINT NOT NULL
)"""
_CUSTOMERS = """
CREATE TABLE search_customers (
  number INTEGER NOT NULL PRIMARY KEY, customer_id TEXT NOT NULL UNIQUE, words TEXT NOT NULL
)"""
SQLITE = (
    _CONVERSATIONS,
    # An entry's number is its message's time, so the index itself has the newest messages last.
    _ENTRIES,
    "CREATE UNIQUE INDEX ix_search_entries_message ON search_entries (number, seq)",
    _CUSTOMERS,
    f"CREATE VIRTUAL TABLE search_index USING fts5(words, {_FTS})",
    f"CREATE VIRTUAL TABLE search_names USING fts5(words, {_FTS})",
    "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_index, row)",
)

_PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~''"


def postgres_words(text: str) -> str:
    """Return the SQL that makes a text's words: without case and accents, as `bot.domain.words` does.

    Punctuation goes first: PostgreSQL would take an e-mail address or "4521-7" for one word.
    """
    bare = f"regexp_replace(normalize({text}, NFKD), '[\u0300-\u036f]+', '', 'g')"
    blanks = " " * (len(_PUNCTUATION) - 1)
    return f"to_tsvector('simple', translate(lower({bare}), '{_PUNCTUATION}', '{blanks}'))"


MESSAGE_WORDS = postgres_words("text")
CUSTOMER_WORDS = postgres_words("name || ' ' || email || ' ' || directory_ref")
PROFILE_WORDS = postgres_words(
    "coalesce(substring(data from '\"name\":\"([^\"]*)\"'), '') || ' ' ||"
    ' coalesce(substring(data from \'"email":"([^"]*)"\'), \'\')'
)
POSTGRES = (
    f"CREATE INDEX ix_messages_words ON messages USING gin (({MESSAGE_WORDS})) WHERE kind <> 'event'",
    f"CREATE INDEX ix_customers_words ON customers USING gin (({CUSTOMER_WORDS}))",
    f"CREATE INDEX ix_profiles_words ON profiles USING gin (({PROFILE_WORDS}))",
)
