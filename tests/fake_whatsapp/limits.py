"""How much a business may say: the pace for one customer, the pace of a number, the customer's window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fake_whatsapp.errors import Refused

WINDOW = timedelta(hours=24)
"""Each message of a customer opens the customer service window for 24 hours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The platform's rates; a test may raise or lower them."""

    # One message in 6 seconds to one customer; a business may borrow about 45 of them at once and
    # then has to wait them off.
    pair_every: float = 6.0
    pair_burst: int = 45
    # 80 messages a second for one number, in and out together (20 for a number that is also used
    # in the Business app).
    throughput: int = 80


@dataclass(slots=True)
class Pace:
    """Counts what goes through one number."""

    limits: Limits
    passed: deque[datetime] = field(default_factory=deque)
    owed: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    """For each customer, when we last looked and how many messages were borrowed then."""

    def inbound(self, now: datetime) -> None:
        """Count a customer's message."""
        self.passed.append(now)

    def outbound(self, customer: str, now: datetime) -> None:
        """Count a message of the business, or refuse it."""
        second = now - timedelta(seconds=1)
        while self.passed and self.passed[0] <= second:
            self.passed.popleft()
        if len(self.passed) >= self.limits.throughput:
            raise Refused(130429, "Cloud API message throughput has been reached.")
        at, owed = self.owed.get(customer, (now, 0.0))
        owed = max(0.0, owed - (now - at).total_seconds() / self.limits.pair_every)
        if owed > self.limits.pair_burst - 1:
            raise Refused(131056, "Too many messages sent from this phone number to the same phone number.")
        self.owed[customer] = now, owed + 1
        self.passed.append(now)
