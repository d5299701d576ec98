"""What the library's errors mean: whether a call was refused, or nobody knows what became of it."""

from __future__ import annotations

import httpx
from telegram import error

from bot.ports import MetricsPort
from connectors.channels.telegram.errors import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_CONNECTED,
    PLAINER,
    TOO_BIG_TO_SEND,
    TOO_FAST,
    TROUBLE,
    WRONG_TOKEN,
    Action,
    Rule,
    rule_of,
)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Refused(Exception):
    """Telegram, or the way to it, said no; `retry_after` is in seconds.

    `told` is what Telegram said itself. It may repeat a piece of the call, so it is for calls that carry
    no words of anybody.
    """

    def __init__(self, rule: Rule, *, retry_after: float | None = None, told: str = "") -> None:
        super().__init__(rule.words)
        self.rule = rule
        self.retry_after = retry_after
        self.told = told

    @property
    def plainer(self) -> bool:
        """Say whether the same may pass in a plainer form."""
        return self.rule in PLAINER


class Lost(Exception):
    """The connection broke or was silent too long: Telegram may have it or not."""


class Conflict(Exception):
    """Somebody else polls for this bot, or a webhook is set."""


TROUBLES = (Refused, Lost, Conflict)
"""Whatever a call may raise."""


class Told:
    """Turns the library's errors into ours, and counts what came of a call."""

    def __init__(self, metrics: MetricsPort, what: str) -> None:
        self._metrics, self._what = metrics, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, raised: BaseException | None, trace: object) -> None:
        outcome = "ok" if raised is None else type(raised).__name__
        self._metrics.count("telegram_calls", what=self._what, outcome=outcome)
        if isinstance(raised, error.TelegramError):
            raise _ours(raised) from None


def _ours(raised: error.TelegramError) -> Exception:
    """Return what an error of the library means. Some are kinds of others: the order matters."""
    if isinstance(raised, error.RetryAfter):
        return Refused(TOO_FAST, retry_after=_seconds(raised))
    if isinstance(raised, error.Forbidden):
        return Refused(rule_of(raised.message, FORBIDDEN))
    if isinstance(raised, error.InvalidToken | error.EndPointNotFound):
        return Refused(WRONG_TOKEN)
    if isinstance(raised, error.Conflict):
        return Conflict()
    if isinstance(raised, error.ChatMigrated):
        return Refused(rule_of("chat not found", BAD_REQUEST))
    if isinstance(raised, error.BadRequest):
        return Refused(rule_of(raised.message, BAD_REQUEST), told=raised.message)
    if isinstance(raised, error.NetworkError):
        return _broken(raised)
    return Lost()  # an answer that cannot be read: it may have been done


def _broken(raised: error.NetworkError) -> Exception:
    """Say whether a call that failed on the way was certainly not made."""
    cause, words = raised.__cause__, raised.message.lower()
    if isinstance(cause, _NOT_SENT):
        return Refused(NOT_CONNECTED)
    answered = cause is None or isinstance(cause, error.TelegramError)
    if not answered or isinstance(raised, error.TimedOut) or "gateway time" in words:
        return Lost()
    # An answer: what was sent is too large, or one of Telegram's own troubles (5xx).
    return Refused(TOO_BIG_TO_SEND if "entity too large" in words else TROUBLE)


def _seconds(raised: error.RetryAfter) -> float:
    after = raised.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()


def is_alarm(refused: Refused) -> bool:
    """Say whether an operator must do something."""
    return refused.rule.action is Action.ALARM
