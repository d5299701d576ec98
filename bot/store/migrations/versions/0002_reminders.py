"""Reminders: several timers of a kind by name, and inbox rows that no customer wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("inbox", sa.Column("kind", sa.Text(), server_default="message", nullable=False))
    # The name belongs to the key, which SQLite cannot change: the table is made anew. It has a row or
    # two for each open conversation.
    op.execute("CREATE TABLE timers_before AS SELECT conversation_id, kind, due_at, payload FROM timers")
    op.drop_table("timers")
    op.create_table(
        "timers",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("until_written", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "kind", "name", name="pk_timers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"])
    op.execute(
        "INSERT INTO timers (conversation_id, kind, name, due_at, payload, until_written)"
        " SELECT conversation_id, kind, '', due_at, payload, 0 FROM timers_before"
    )
    op.drop_table("timers_before")
