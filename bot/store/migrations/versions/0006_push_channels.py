"""Push channels: parts of long messages, why one did not arrive, phones, and links that join chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("customers", sa.Column("phone", sa.Text(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("delivery_note", sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("part", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("early", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "sent_parts",
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_seq", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("external_id", "conversation_id", "message_seq", name="pk_sent_parts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sent_parts_conversation_id", "sent_parts", ["conversation_id"])
    op.create_table(
        "links",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_address", "links", ["channel", "account", "address"])
    op.create_index("ix_links_expires_at", "links", ["expires_at"])
