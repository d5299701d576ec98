"""Sessions that we sign, and the pages that may use the chat. Pure.

A session names an address in a way that nobody can make up. It says for whom the address was made, as
a keyed digest, so that one that was never used cannot change hands either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from bot.domain.errors import NotPermitted
from bot.domain.visit import MadeFor, Ticket

VERSION = "w1"
LASTS = timedelta(days=30)
RENEWED_AFTER = timedelta(days=1)
LEEWAY = timedelta(minutes=5)
"""For nodes whose clocks differ: a session may be a little of the future."""
ANY = "*"
_PURPOSE = b"baton web chat sessions 1"
_LONGEST = 512


class ForeignOrigin(NotPermitted):
    """A page asks that is not on the list."""

    code = "origin"
    public_message = "This page may not use the chat: its origin is not in BATON_CHAT_ORIGINS."


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    """What is signed: address, seconds since 1970, and for whom it was made (empty for a stranger)."""

    a: str
    i: int
    w: str = ""


_decode = msgspec.json.Decoder(_Payload).decode


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session that is valid now."""

    address: str
    issued: datetime
    who: str = ""


class Sessions:
    """Signs and reads sessions with a key that follows from the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def sign(self, address: str, *, now: datetime, ref: str = "") -> str:
        """Return a session for `address`, made for the customer `ref` or for a stranger."""
        payload = msgspec.json.encode(_Payload(address, int(now.timestamp()), self._who(ref)))
        return f"{VERSION}.{_text(payload)}.{_text(self._seal(payload))}"

    def read(self, token: str, *, now: datetime) -> Session | None:
        """Return the session; None if it is not ours, was changed, or is over."""
        version, _, rest = token.partition(".")
        body, _, seal = rest.partition(".")
        if version != VERSION or len(token) > _LONGEST or not token.isascii():
            return None
        payload, given = _bytes(body), _bytes(seal)
        if not hmac.compare_digest(self._seal(payload), given):
            return None
        try:
            found = _decode(payload)
            issued = datetime.fromtimestamp(found.i, UTC)
        except (msgspec.DecodeError, OverflowError, ValueError, OSError):
            return None
        if not issued - LEEWAY <= now < issued + LASTS:
            return None
        return Session(address=found.a, issued=issued, who=found.w)

    def ticket(self, session: Session, ref: str) -> Ticket:
        """Return what a session is worth to the customer `ref`, or to a stranger."""
        if not session.who:
            made_for = MadeFor.NOBODY
        elif ref and hmac.compare_digest(session.who, self._who(ref)):
            made_for = MadeFor.THEM
        else:
            made_for = MadeFor.ANOTHER
        return Ticket(address=session.address, made_for=made_for)

    def _seal(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, VERSION.encode() + b"." + payload, hashlib.sha256)

    def _who(self, ref: str) -> str:
        if not ref:
            return ""
        return _text(hmac.digest(self._key, b"who." + ref.encode(), hashlib.sha256)[:9])


class Origins:
    """The pages that may use the chat: this server's own, those on the list, or any with `*`."""

    def __init__(self, listed: Iterable[str], own: str) -> None:
        """`own` is this server's public origin, or nothing if it is only known from requests."""
        self._listed = frozenset(listed)
        self._own = own

    def check(self, origin: str, host: str) -> None:
        """Let a page pass; programs send no origin and pass. Raises ForeignOrigin."""
        if not origin or ANY in self._listed or origin in self._listed or origin == self._own:
            return
        scheme, _, authority = origin.partition("://")
        if scheme in ("http", "https") and authority.lower() == host.lower():
            return
        raise ForeignOrigin


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Return what `_text` was made of; nothing if it was not made by it."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _text(data) == text else b""
