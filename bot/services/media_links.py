"""Signed addresses of files, by which a customer's browser loads them without a cookie or a token."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import quote

from bot.ports import Clock

DAY = 86_400
LONGEST = 2 * DAY
LONGEST_SIGNATURE = 40

_KEY = b"baton media addresses 1"


class MediaLinks:
    """Makes and checks the addresses, with a key that follows from the installation's own."""

    def __init__(self, *, secret: str, clock: Clock) -> None:
        self._key = hmac.digest(secret.encode(), _KEY, hashlib.sha256)
        self._clock = clock

    def path(self, media_id: str, name: str) -> str:
        """Return a file's address on this server.

        It stays the same until the end of the day, so that browsers need not load it again, and is good
        for one more day.
        """
        day = int(self._clock.now().timestamp()) // DAY + 2
        return f"/media/{media_id}/{self._signature(media_id, day)}/{quote(name, safe='')}"

    def seconds_left(self, media_id: str, signature: str) -> int:
        """Return how long an address is still good; nought for one that is not."""
        if len(signature) > LONGEST_SIGNATURE:
            return 0
        try:
            day = int(signature.partition(".")[0], 16)
        except ValueError:
            return 0
        left = day * DAY - int(self._clock.now().timestamp())
        given = signature.encode(errors="surrogateescape")
        right = hmac.compare_digest(given, self._signature(media_id, day).encode())
        return left if right and 0 < left <= LONGEST else 0

    def _signature(self, media_id: str, day: int) -> str:
        mac = hmac.digest(self._key, f"{media_id}.{day}".encode(), hashlib.sha256)[:16]
        return f"{day:x}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
