"""What an update holds, and how it is named. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.arrival import Arrival, Ignored

NAME = "telegram"
PRIVATE = "private"


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A pressed button: `id` wants an answer at once, the keyboard hangs on `message_id`."""

    id: str
    chat_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What an update holds.

    `link` is the token of a deep link, to be claimed before the message is taken; `group` is a chat with
    more than one customer, to be declined.
    """

    update_id: int
    arrivals: tuple[Arrival, ...] = ()
    press: Press | None = None
    link: str = ""
    group: int | None = None


def external_id(chat_id: int, message_id: int) -> str:
    """Return the id of a message for the core: Telegram's own is unique in its chat only."""
    return f"{chat_id}:{message_id}"


def passed(update_id: int, account: str, reason: str, group: int | None = None) -> Parsed:
    """Return an update with nothing in it for us."""
    ignored = Ignored(channel=NAME, account=account, reason=reason)
    return Parsed(update_id=update_id, arrivals=(ignored,), group=group)


def time_of(stamp: int | None, now: datetime) -> datetime:
    """Return a time that Telegram tells in seconds: never one to come, and now if there is none."""
    try:
        at = datetime.fromtimestamp(stamp or 0, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(at, now) if stamp else now
