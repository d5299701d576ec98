"""Rows of work that survive a crash: what came in, what must go out, what is due later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.customer import Trust


class InboxKind(StrEnum):
    """What waits for a turn: a customer's message, or a reminder that came due.

    A NUDGE is a reminder that has no use any more once the customer has written.
    """

    MESSAGE = "message"
    REMINDER = "reminder"
    NUDGE = "nudge"


class InboxStatus(StrEnum):
    """PENDING waits for a turn; DONE was answered, given to a person, or shown as failed to one."""

    PENDING = "pending"
    DONE = "done"


class InboxOutcome(StrEnum):
    """What became of it; OVERTAKEN is a nudge that the customer's next message made pointless."""

    ANSWERED = "answered"
    WITH_PERSON = "with_person"
    FAILED = "failed"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxRow:
    """One accepted customer message, or one due reminder, on its way to an answer.

    `message_seq` is the customer message, or the event that notes what was due; `text` and `payload`
    are what the engine is given. `attempts` counts turns that died alone with this row. `trust` is what
    the channel vouched for with this very message; a reminder has that of the turn that set it, but
    never VERIFIED: nobody is there to be signed in.
    """

    id: str
    conversation_id: str
    message_seq: int
    received_at: datetime
    due_at: datetime
    text: str = ""
    payload: str = ""
    status: InboxStatus = InboxStatus.PENDING
    outcome: InboxOutcome | None = None
    attempts: int = 0
    kind: InboxKind = InboxKind.MESSAGE
    trust: Trust = Trust.ANONYMOUS


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxRow:
    """One message to be sent on a push channel; sent in the order of `seq` within a conversation."""

    id: str
    conversation_id: str
    message_seq: int
    channel: str
    account: str
    address: str
    due_at: datetime
    attempts: int = 0
    node: str = ""
    started_at: datetime | None = None
    part: int = 0
    """How many parts of the message the platform has: a long one is sent in several."""
    early: str = ""
    """The delivery status that the platform told while the sending was not over; empty for none."""


class TimerKind(StrEnum):
    """What is to happen later; each kind has one handler in the timer service."""

    SESSION_EXPIRY = "session_expiry"
    QUEUE_UPDATE = "queue_update"
    AGENT_SILENT = "agent_silent"
    AGENT_GONE = "agent_gone"
    CUSTOMER_SILENT = "customer_silent"
    REMINDER = "reminder"
    NUDGE = "nudge"
    LEAVE_MESSAGE = "leave_message"
    """The customer was asked what to leave for an agent, and has not said it."""
    TASK_DUE = "task_due"
    FETCH_FILE = "fetch_file"
    """A customer's file is still with the platform; named by message and place in it."""
    OFFER = "offer"
    """A person was offered; it goes by itself when that may be done again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timer:
    """Something due at a time; at most one of a kind and name for a conversation.

    Only reminders, due tasks and files have names. One that is `until_written` goes when the customer
    writes.
    """

    conversation_id: str
    kind: TimerKind
    due_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    until_written: bool = False
