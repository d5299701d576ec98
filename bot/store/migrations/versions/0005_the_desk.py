"""The desk: teams, canned replies, corrections for trainers, and messages that were left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.search_schema import POSTGRES, SQLITE

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for name in ("agent_id", "customer_ref"):
        op.add_column("effects", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_effects_customer_ref",
        "effects",
        ["customer_ref", "started_at"],
        sqlite_where=sa.text("customer_ref <> ''"),
        postgresql_where=sa.text("customer_ref <> ''"),
    )
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_teams"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shortcut", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_canned_replies"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_canned_replies_shortcut", "canned_replies", ["shortcut", "team", "language"], unique=True
    )
    op.add_column("sessions", sa.Column("came_from", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("client", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "second_factors",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name="pk_second_factors"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "digest", name="pk_recovery_codes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_seq", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("guessed", sa.Text(), nullable=False),
        sa.Column("confidence", sa.BigInteger(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_corrections_number", "corrections", ["number"], unique=True)
    op.create_index(
        "ix_corrections_conversation_id", "corrections", ["conversation_id", "message_seq"], unique=True
    )
    op.create_index("ix_corrections_status", "corrections", ["status", "at"])
    op.create_table(
        "tasks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_handoffs_accepted",
        "handoffs",
        ["accepted_at"],
        sqlite_where=sa.text("accepted_at IS NOT NULL"),
        postgresql_where=sa.text("accepted_at IS NOT NULL"),
    )
    op.create_index("ix_tasks_conversation_id", "tasks", ["conversation_id"])
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["due_at"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    bind = op.get_bind()
    for statement in SQLITE if bind.dialect.name == "sqlite" else POSTGRES:
        # The driver would read a percent sign as the place of a parameter.
        bind.exec_driver_sql(statement.replace("%", "%%") if bind.dialect.name != "sqlite" else statement)
