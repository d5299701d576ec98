"""Tasks: what a customer was promised while nobody could take over, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskKind(StrEnum):
    """What was promised."""

    MESSAGE = "message"
    """An answer to a message that the customer left."""


class TaskOutcome(StrEnum):
    """How a task ended: with an agent's answer, with its conversation, or without either."""

    ANSWERED = "answered"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Work at the desk that outlives a handoff; open as long as `closed_at` is None.

    `text` is what the customer left, `due_at` until when an answer was promised. `closed_by` is an
    agent's id.
    """

    id: str
    conversation_id: str
    kind: TaskKind
    text: str
    created_at: datetime
    due_at: datetime
    handoff_id: str = ""
    team: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    outcome: TaskOutcome | None = None
