"""What an agent says that a misread message meant, for the trainers to take over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CorrectionStatus(StrEnum):
    """What trainers made of a correction."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One message, what was `guessed` with which `confidence` (0 to 1), and the `intent` that it had.

    There is at most one for a message. `text` is the message's as it is kept, so without card numbers
    and passwords, but with the customer's own words. `number` is what trainers call it. `reason` says
    why it was dropped.
    """

    id: str
    number: int
    conversation_id: str
    message_seq: int
    text: str
    guessed: str
    confidence: float
    intent: str
    agent_id: str
    at: datetime
    note: str = ""
    status: CorrectionStatus = CorrectionStatus.OPEN
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
