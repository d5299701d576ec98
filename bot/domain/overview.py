"""What the desk's lists show of a conversation beside the conversation itself, and their counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.conversation import Owner
from bot.domain.message import Message
from bot.domain.task import Task

UNREAD_COUNTED = 100
"""Unread messages are counted up to here; a list shows no more than "99+"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """What a list shows of one conversation.

    `unread` counts customer messages that no agent has read, at most UNREAD_COUNTED; `failed` says that
    the customer's newest message broke the assistant; `last_message` is the newest entry but events and
    automatic sentences, which are the same in every row; `task` is the open one that is due first.
    """

    customer_name: str = ""
    reason: str | None = None
    unread: int = 0
    failed: bool = False
    last_message: Message | None = None
    task: Task | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskCounts:
    """How much there is in each list, as one agent sees it; the unread ones count conversations."""

    owners: dict[Owner, int] = field(default_factory=dict)
    mine: int = 0
    work: int = 0
    unread_mine: int = 0
    unread_queue: int = 0
    oldest_waiting_since: datetime | None = None
