"""What the actions of one turn want to come back to later: Rasa's reminders, as the server keeps them."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from typing import Any

from bot.domain.reminders import Reminder, Withdrawal

logger = logging.getLogger(__name__)

SCHEDULED, CANCELLED = "reminder", "cancel_reminder"


class Agenda:
    """Collects reminders and withdrawals in the order in which the actions return them."""

    def __init__(self) -> None:
        self.reminders: dict[str, Reminder] = {}
        self.withdrawn: list[Withdrawal] = []

    def note(self, events: Iterable[Any], intents: Container[str]) -> None:
        """Take in what is for later of the events that an action returned.

        A reminder for an intent that the domain does not have would end in "I did not understand", out
        of nowhere: it is refused, and said aloud to operators.
        """
        for event in events:
            if event.type_name == SCHEDULED:
                if event.intent not in intents:
                    logger.error("a reminder names the intent %s, which is not in the domain", event.intent)
                    continue
                reminder = _reminder(event)
                self.reminders[reminder.name] = reminder
            elif event.type_name == CANCELLED:
                self._withdraw(_withdrawal(event))

    def _withdraw(self, withdrawal: Withdrawal) -> None:
        self.reminders = {
            name: kept
            for name, kept in self.reminders.items()
            if not withdrawal.fits(kept.name, kept.payload)
        }
        self.withdrawn.append(withdrawal)


def _reminder(event: Any) -> Reminder:
    at: datetime = event.trigger_date_time
    return Reminder(
        name=str(event.name),  # Rasa makes one up for a reminder without
        intent=event.intent,
        due_at=(at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC),
        entities=_entities(event.entities),
        until_written=bool(event.kill_on_user_message),
    )


def _withdrawal(event: Any) -> Withdrawal:
    return Withdrawal(name=event.name or "", intent=event.intent or "", entities=_entities(event.entities))


def _entities(given: Any) -> dict[str, Any]:
    """Return values by name; Rasa also takes a list of `{"entity": ..., "value": ...}`."""
    if isinstance(given, dict):
        return dict(given)
    found: dict[str, list[Any]] = {}
    for entity in given or ():
        found.setdefault(str(entity["entity"]), []).append(entity.get("value"))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}
