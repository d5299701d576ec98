"""Who a visitor has shown to be, and for how long that holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import IdentityRefused, InvalidInput, NotPermitted
from bot.domain.message import IdentityClaim
from connectors.channels.core import identity


@dataclass(frozen=True, kw_only=True, slots=True)
class Papers:
    """Nothing for a stranger; for a customer, what the site has signed."""

    claim: IdentityClaim | None = None
    expires: datetime | None = None

    @property
    def ref(self) -> str:
        """Return the customer's reference; empty for a stranger."""
        return self.claim.directory_ref if self.claim else ""

    def have_expired(self, now: datetime) -> bool:
        """Say whether they hold no longer; a little later than they say, as clocks differ."""
        return self.expires is not None and now >= self.expires + identity.LEEWAY

    def open(self, customer_ref: str, now: datetime) -> bool:
        """Say whether what belongs to `customer_ref`, or to a stranger, may be seen with them."""
        return not customer_ref or (customer_ref == self.ref and not self.have_expired(now))

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long they hold; None for ever."""
        return None if self.expires is None else max(0, int((self.expires - now).total_seconds()))


STRANGER = Papers()


def check(token: str, *, secret: str, now: datetime) -> Papers:
    """Return what a token is worth. Raises IdentityRefused (field: reason)."""
    if not token:
        return STRANGER
    try:
        claim, expires = identity.read(token, secret=secret, now=now)
    except NotPermitted as error:  # there is no key to check it with
        raise IdentityRefused(error.message, reason="not_accepted") from None
    except InvalidInput as error:
        raise IdentityRefused(error.message, reason="malformed") from None
    return Papers(claim=claim, expires=expires)
