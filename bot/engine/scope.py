"""What belongs to one turn while Rasa works on it; many turns share one event loop."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from bot.domain.customer import TurnContext
from bot.engine.agenda import Agenda

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionFailure:
    """A custom action that raised: its name and the exception's type, never a message body."""

    action: str
    error: str


@dataclass(kw_only=True, slots=True)
class TurnScope:
    """Facts of the turn, and what must not get lost when Rasa swallows an exception."""

    turn_id: str
    context: TurnContext
    failures: list[ActionFailure] = field(default_factory=list)
    drawn: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    """How often each action was called at an action server."""
    agenda: Agenda = field(default_factory=Agenda)
    """What actions want to come back to later."""

    def choose(self, options: Sequence[T]) -> T:
        """Choose one option; the same turn, run again, chooses the same ones in the same order."""
        self.drawn += 1
        seed = f"{self.context.conversation_id}\0{self.turn_id}\0{self.drawn}".encode()
        digest = hashlib.blake2b(seed, digest_size=8).digest()
        return options[int.from_bytes(digest) % len(options)]


scope: ContextVar[TurnScope] = ContextVar("engine_turn_scope")
"""Set for the length of one turn."""
