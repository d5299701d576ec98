"""What an operator must see to: said once and shown as a number, not told again with each message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.ports import Clock
from connectors.channels.whatsapp.errors import Action, Rule

log = structlog.get_logger(__name__)
STANDS_FOR = timedelta(hours=1)
"""An alarm that nothing has confirmed for so long is over; when it comes back it is told again."""


@dataclass(slots=True)
class _Alarm:
    rule: Rule
    last: datetime
    stopped_until: datetime


class Troubles:
    """The alarms of all numbers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alarms: dict[tuple[str, str], _Alarm] = {}

    def note(self, account: str, rule: Rule, code: int) -> None:
        """Take a refusal in; the first of its kind is an error in the log."""
        if rule.action is not Action.ALARM:
            return
        now = self._clock.now()
        self._forget_old(now)
        if (account, rule.advice) not in self._alarms:
            log.error("whatsapp_needs_attention", account=account, code=code, advice=rule.advice)
        pause = timedelta(seconds=rule.wait or 0.0) if rule.stops else timedelta(0)
        self._alarms[account, rule.advice] = _Alarm(rule=rule, last=now, stopped_until=now + pause)

    def stopped(self, account: str) -> Rule | None:
        """Return why nothing is sent on a number at the moment; after a while one message may try again."""
        now = self._clock.now()
        for (name, _), alarm in self._alarms.items():
            if name == account and now < alarm.stopped_until:
                return alarm.rule
        return None

    def works(self, account: str) -> None:
        """Note that a message went out: what had stopped the number is over."""
        over = [key for key, alarm in self._alarms.items() if key[0] == account and alarm.rule.stops]
        for key in over:
            del self._alarms[key]
            log.info("whatsapp_works_again", account=account)

    @property
    def standing(self) -> int:
        """Return how many alarms stand."""
        self._forget_old(self._clock.now())
        return len(self._alarms)

    def _forget_old(self, now: datetime) -> None:
        self._alarms = {k: alarm for k, alarm in self._alarms.items() if now - alarm.last < STANDS_FOR}
