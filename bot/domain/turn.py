"""What goes into one turn of the dialogue engine and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.domain.customer import TurnContext
from bot.domain.handoff import HandoffSignal
from bot.domain.message import Draft, Nlu
from bot.domain.reminders import Reminder, Withdrawal


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnRequest:
    """One customer message for the engine, or a reminder that came due.

    `text` is what the customer typed and is never read as a command, whatever it begins with.
    `payload` is a resolved button (`/intent{"entity": "value"}`) of our own making; it wins over `text`.
    `state` is the dialogue state of the last committed turn, None for a new conversation.
    With `reminded` nobody wrote: the payload is a reminder's, and fills no slots by itself.
    """

    turn_id: str
    conversation_id: str
    context: TurnContext
    text: str = ""
    payload: str = ""
    state: bytes | None = None
    reminded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnResult:
    """What the engine would say and remember, valid only once the turn service has committed it.

    `slots` are the set ones, for the handoff packet. `awaiting` names the slot that an active form
    asks for, or is empty. `model` identifies the model that answered. `withdrawn` takes back
    reminders that were there before the turn; `reminders` are new ones.
    """

    turn_id: str
    state: bytes
    messages: tuple[Draft, ...] = ()
    nlu: Nlu = field(default_factory=Nlu)
    handoff: HandoffSignal | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    awaiting: str = ""
    model: str = ""
    withdrawn: tuple[Withdrawal, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    cpu_ms: float = 0.0
    """Processor time that the engine spent on this turn, in milliseconds, as far as it can tell."""
