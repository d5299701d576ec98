"""Files that people send each other, how far each side has read, and ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "media",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_seq", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ready", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_media_conversation_id", "media", ["conversation_id"])
    op.create_index("ix_media_address", "media", ["channel", "account", "address"])
    op.create_index(
        "ix_media_unsent",
        "media",
        ["created_at"],
        sqlite_where=sa.text("message_seq = 0"),
        postgresql_where=sa.text("message_seq = 0"),
    )
    op.create_table(
        "media_parts",
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("media_id", "number", name="pk_media_parts"),
    )
    op.create_table(
        "read_marks",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "who", name="pk_read_marks"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ratings",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "handoff_id", name="pk_ratings"),
        sqlite_with_rowid=False,
    )
