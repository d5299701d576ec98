"""Links that join a chat to a customer whom the company's own site has signed in.

A token is a secret of 128 bits, kept by its digest, good for minutes and for one chat.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from bot.domain.ids import new_secret
from bot.domain.message import IdentityClaim
from bot.ports import Clock, Store

LASTS = timedelta(minutes=15)
MAX_TOKEN = 64


class Links:
    """Makes tokens and takes them in."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def make(self, claim: IdentityClaim) -> str:
        """Return a token that stands for `claim`, of letters, digits, `_` and `-`."""
        token = new_secret(16)
        expires = self._clock.now() + LASTS
        await self._store.write(lambda tx: tx.add_link(_digest(token), claim, expires))
        return token

    async def claim(self, token: str, *, channel: str, account: str, address: str) -> IdentityClaim | None:
        """Return whom a token stands for; None if it is unknown, spent, or another chat's.

        The same chat may come again with it: apps send it once for each press.
        """
        if not token or len(token) > MAX_TOKEN:
            return None
        now = self._clock.now()
        return await self._store.write(
            lambda tx: tx.use_link(_digest(token), channel, account, address, now)
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
