"""What people let each other know without words: how far they have read, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SCORES = range(1, 6)
MAX_COMMENT = 1_000
MAY_CHANGE = timedelta(days=1)
"""How long after the first rating of a handoff it may be given anew."""
MAY_RATE = timedelta(days=7)
"""How long after its end a handoff may be rated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMark:
    """Up to where somebody has read, and when they got there."""

    seq: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """How a customer found an agent's help, from 1 to 5; one for each handoff."""

    conversation_id: str
    handoff_id: str
    score: int
    at: datetime
    """When it was first given."""
    comment: str = ""
