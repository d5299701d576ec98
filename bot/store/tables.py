"""The schema: one for SQLite and PostgreSQL, in types whose raw driver values are the same on both.

Times are microseconds since 1970 in UTC, JSON is text, enums are their values, booleans are 0 or 1.
A column's `info["as"]` says which of these it holds, for exports. There are no foreign keys: deleting
goes by the column names `conversation_id`, `customer_id` and `media_id` (see `queries/housekeeping.py`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, SmallInteger, Table, Text, text

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)


def words(name: str, *, key: bool = False) -> Column[str]:
    """Return a text column."""
    return Column(name, Text, primary_key=key, nullable=False)


def word_or_null(name: str) -> Column[str]:
    """Return a text column that may be empty of any value."""
    return Column(name, Text, nullable=True)


def number(name: str, *, key: bool = False) -> Column[int]:
    """Return a whole number's column."""
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def moment(name: str, *, optional: bool = False) -> Column[int]:
    """Return a time's column, in microseconds."""
    return Column(name, BigInteger, nullable=optional, info={"as": "time"})


def flag(name: str) -> Column[int]:
    """Return a boolean's column."""
    return Column(name, SmallInteger, nullable=False, info={"as": "flag"})


def json(name: str, *, optional: bool = False) -> Column[str]:
    """Return a JSON column."""
    return Column(name, Text, nullable=optional, info={"as": "json"})


def table(name: str, *columns: Column[Any]) -> Table:
    """Return a table that SQLite clusters by its primary key: one tree less to write per row."""
    return Table(name, metadata, *columns, sqlite_with_rowid=False)


def partial(name: str, *columns: Column[str] | Column[int], where: str, unique: bool = False) -> Index:
    """Return an index of only the rows that satisfy `where`."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


customers = table(
    "customers",
    words("id", key=True),
    moment("created_at"),
    words("directory_ref"),
    words("name"),
    words("email"),
    words("trust"),
    Column("phone", Text, nullable=False, server_default=""),
)
partial("ix_customers_directory_ref", customers.c.directory_ref, where="directory_ref <> ''")

identities = table(
    "identities",
    words("channel", key=True),
    words("account", key=True),
    words("address", key=True),
    words("customer_id"),
    words("conversation_id"),
    moment("created_at"),
)
Index("ix_identities_customer_id", identities.c.customer_id)
Index("ix_identities_conversation_id", identities.c.conversation_id)

conversations = table(
    "conversations",
    words("id", key=True),
    words("customer_id"),
    words("channel"),
    words("address"),
    moment("created_at"),
    moment("updated_at"),
    words("account"),
    words("owner"),
    number("owner_version"),
    words("assignee"),
    words("desk"),
    words("team"),
    words("language"),
    moment("reply_until", optional=True),
    number("seq"),
    words("handoff_id"),
    number("priority"),
    moment("waiting_since", optional=True),
    flag("reopens_to_queue"),
    moment("last_customer_at", optional=True),
    moment("returned_at", optional=True),
)
Index("ix_conversations_customer_id", conversations.c.customer_id)
Index("ix_conversations_owner", conversations.c.owner, conversations.c.updated_at, conversations.c.id)
partial("ix_conversations_assignee", conversations.c.assignee, where="assignee <> ''")

dialogue_states = table(
    "dialogue_states",
    words("conversation_id", key=True),
    Column("state", LargeBinary, nullable=False, info={"as": "bytes"}),
    words("model"),
)

messages = table(
    "messages",
    words("conversation_id", key=True),
    number("seq", key=True),
    words("id"),
    words("author"),
    words("kind"),
    moment("created_at"),
    words("text"),
    words("author_id"),
    words("author_name"),
    json("choices", optional=True),
    json("attachments", optional=True),
    json("custom", optional=True),
    words("delivery"),
    words("external_id"),
    words("client_id"),
    words("reply_to"),
    json("nlu", optional=True),
    flag("failed"),
    Column("delivery_note", Text, nullable=False, server_default=""),
)
partial(
    "ix_messages_client_id",
    messages.c.conversation_id,
    messages.c.client_id,
    where="client_id <> ''",
    unique=True,
)
partial("ix_messages_external_id", messages.c.external_id, where="external_id <> ''")

remembered = table(
    "remembered",
    words("channel", key=True),
    words("account", key=True),
    words("address", key=True),
    words("key", key=True),
    words("inbox_id"),
    moment("at"),
)
Index("ix_remembered_at", remembered.c.at)

inbox = table(
    "inbox",
    words("id", key=True),
    words("conversation_id"),
    number("message_seq"),
    moment("received_at"),
    moment("due_at"),
    words("text"),
    words("payload"),
    words("status"),
    word_or_null("outcome"),
    number("attempts"),
    Column("kind", Text, nullable=False, server_default="message"),
    Column("trust", Text, nullable=False, server_default="anonymous"),
)
Index("ix_inbox_conversation_id", inbox.c.conversation_id)
partial("ix_inbox_pending", inbox.c.conversation_id, inbox.c.message_seq, where="status = 'pending'")

outbox = table(
    "outbox",
    words("id", key=True),
    words("conversation_id"),
    number("message_seq"),
    words("channel"),
    words("account"),
    words("address"),
    moment("due_at"),
    number("attempts"),
    words("node"),
    moment("started_at", optional=True),
    Column("part", BigInteger, nullable=False, server_default="0"),
    Column("early", Text, nullable=False, server_default=""),
)
Index("ix_outbox_conversation_id", outbox.c.conversation_id, outbox.c.message_seq)

sent_parts = table(
    "sent_parts",
    words("external_id", key=True),
    words("conversation_id", key=True),
    number("message_seq", key=True),
    words("channel"),
    words("account"),
)
Index("ix_sent_parts_conversation_id", sent_parts.c.conversation_id)

links = table(
    "links",
    words("digest", key=True),
    json("claim"),
    moment("expires_at"),
    words("channel"),
    words("account"),
    words("address"),
)
Index("ix_links_address", links.c.channel, links.c.account, links.c.address)
Index("ix_links_expires_at", links.c.expires_at)

handoffs = table(
    "handoffs",
    words("id", key=True),
    words("conversation_id"),
    words("reason"),
    moment("requested_at"),
    json("evidence"),
    number("priority"),
    words("team"),
    json("skills"),
    words("language"),
    words("agent_id"),
    moment("offered_at", optional=True),
    moment("accepted_at", optional=True),
    moment("closed_at", optional=True),
    word_or_null("outcome"),
    json("slots"),
)
Index("ix_handoffs_conversation_id", handoffs.c.conversation_id)
partial("ix_handoffs_accepted", handoffs.c.accepted_at, where="accepted_at IS NOT NULL")

effects = table(
    "effects",
    words("key", key=True),
    words("conversation_id"),
    words("inbox_id"),
    words("action"),
    words("method"),
    json("arguments"),
    moment("started_at"),
    moment("finished_at", optional=True),
    word_or_null("status"),
    json("result", optional=True),
    Column("agent_id", Text, nullable=False, server_default=""),
    Column("customer_ref", Text, nullable=False, server_default=""),
)
Index("ix_effects_conversation_id", effects.c.conversation_id)
partial(
    "ix_effects_customer_ref",
    effects.c.customer_ref,
    effects.c.started_at,
    where="customer_ref <> ''",
)

order_grants = table(
    "order_grants",
    words("conversation_id", key=True),
    words("order_number", key=True),
    moment("at"),
)

profiles = table(
    "profiles",
    words("customer_id", key=True),
    json("data"),
    words("source"),
    moment("at"),
)

media = table(
    "media",
    words("id", key=True),
    words("conversation_id"),
    number("message_seq"),
    words("channel"),
    words("account"),
    words("address"),
    words("agent_id"),
    moment("created_at"),
    words("kind"),
    words("mime"),
    words("name"),
    number("size"),
    flag("ready"),
)
Index("ix_media_conversation_id", media.c.conversation_id)
Index("ix_media_address", media.c.channel, media.c.account, media.c.address)
partial("ix_media_unsent", media.c.created_at, where="message_seq = 0")

# Not clustered: rows as large as these would make a slow tree.
media_parts = Table(
    "media_parts",
    metadata,
    words("media_id", key=True),
    number("number", key=True),
    Column("data", LargeBinary, nullable=False, info={"as": "bytes"}),
)

read_marks = table(
    "read_marks",
    words("conversation_id", key=True),
    words("who", key=True),
    number("seq"),
    moment("at"),
)

ratings = table(
    "ratings",
    words("conversation_id", key=True),
    words("handoff_id", key=True),
    number("score"),
    words("comment"),
    moment("at"),
)

timers = table(
    "timers",
    words("conversation_id", key=True),
    words("kind", key=True),
    words("name", key=True),
    moment("due_at"),
    json("payload"),
    flag("until_written"),
)
Index("ix_timers_due_at", timers.c.due_at)

agents = table(
    "agents",
    words("id", key=True),
    words("email"),
    words("email_key"),
    words("name"),
    words("role"),
    moment("created_at"),
    words("password_hash"),
    words("team"),
    flag("disabled"),
)
Index("ix_agents_email_key", agents.c.email_key, unique=True)

sessions = table(
    "sessions",
    words("digest", key=True),
    words("agent_id"),
    moment("created_at"),
    moment("expires_at"),
    words("csrf"),
    words("label"),
    # Not `address`: that is a customer's, by which rows are exported and erased.
    Column("came_from", Text, nullable=False, server_default=""),
    Column("client", Text, nullable=False, server_default=""),
    moment("seen_at", optional=True),
)
Index("ix_sessions_agent_id", sessions.c.agent_id)

second_factors = table(
    "second_factors",
    words("agent_id", key=True),
    words("sealed"),
    moment("made_at"),
    moment("confirmed_at", optional=True),
    number("last_step"),
)

recovery_codes = table("recovery_codes", words("agent_id", key=True), words("digest", key=True))

audit = table(
    "audit",
    words("id", key=True),
    moment("at"),
    words("actor"),
    words("action"),
    words("conversation_id"),
    json("detail", optional=True),
)
Index("ix_audit_at", audit.c.at, audit.c.id)
Index("ix_audit_conversation_id", audit.c.conversation_id)

teams = table("teams", words("name", key=True), moment("created_at"))

canned_replies = table(
    "canned_replies",
    words("id", key=True),
    words("shortcut"),
    words("title"),
    words("text"),
    words("team"),
    words("language"),
    moment("updated_at"),
    words("updated_by"),
)
Index(
    "ix_canned_replies_shortcut",
    canned_replies.c.shortcut,
    canned_replies.c.team,
    canned_replies.c.language,
    unique=True,
)

corrections = table(
    "corrections",
    words("id", key=True),
    number("number"),
    words("conversation_id"),
    number("message_seq"),
    words("text"),
    words("guessed"),
    number("confidence"),
    words("intent"),
    words("note"),
    words("agent_id"),
    moment("at"),
    words("status"),
    words("decided_by"),
    moment("decided_at", optional=True),
    words("reason"),
)
Index("ix_corrections_number", corrections.c.number, unique=True)
Index(
    "ix_corrections_conversation_id",
    corrections.c.conversation_id,
    corrections.c.message_seq,
    unique=True,
)
Index("ix_corrections_status", corrections.c.status, corrections.c.at)

tasks = table(
    "tasks",
    words("id", key=True),
    words("conversation_id"),
    words("handoff_id"),
    words("kind"),
    words("text"),
    words("team"),
    moment("created_at"),
    moment("due_at"),
    moment("closed_at", optional=True),
    words("closed_by"),
    word_or_null("outcome"),
)
Index("ix_tasks_conversation_id", tasks.c.conversation_id)
partial("ix_tasks_open", tasks.c.due_at, where="closed_at IS NULL")

meta = table("meta", words("key", key=True), words("value"))
