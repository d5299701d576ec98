"""Trust belongs to a message: an inbox row says what was vouched for when it came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What waits for an answer meanwhile is answered as a stranger's."""
    op.add_column("inbox", sa.Column("trust", sa.Text(), server_default="anonymous", nullable=False))
