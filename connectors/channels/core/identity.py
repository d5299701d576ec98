"""Reads and makes the tokens by which the company's site says who a customer is. Pure.

The site signs a short-lived JWT (HS256) with `BATON_CHAT_IDENTITY_SECRET`, on its own server: `sub` is
the customer's reference in the customer directory, `aud` is "baton", `exp` is near; `iat`, `name` and
`email` may be there. Whoever holds the secret can be any customer, so it is a key of its own, and what
it signs is believed for nothing but the message that it comes with.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

from bot.domain.customer import Trust
from bot.domain.errors import IdentityRefused, InvalidInput, NotPermitted
from bot.domain.message import IdentityClaim

AUDIENCE = "baton"
ALGORITHM = "HS256"
MAX_TOKEN = 4_096
MAX_SUBJECT = 128
MAX_NAME, MAX_EMAIL = 200, 254
LONGEST = timedelta(hours=24)
"""How far ahead a token may expire; minutes are enough, a site can sign one for each page."""
LEEWAY = timedelta(seconds=30)
"""For clocks that differ."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_HEADERS = {"alg", "typ", "kid"}
"""Nothing else may be in a header: no key that comes with the token, nothing that changes its reading."""
_EXACT = 2**53


def verify(token: str, *, secret: str, now: datetime) -> IdentityClaim:
    """Return who a token speaks for; see `read`."""
    return read(token, secret=secret, now=now)[0]


def read(token: str, *, secret: str, now: datetime) -> tuple[IdentityClaim, datetime]:
    """Return who a token speaks for, and when it expires (clocks that differ are for the caller).

    Raises:
        NotPermitted: without a secret no identity is accepted.
        InvalidInput: it is too long to be one (fields: field, limit).
        IdentityRefused: it is malformed, signed otherwise, for somebody else, or over (fields: field,
            reason).
    """
    if not secret:
        raise NotPermitted(
            "No identity is accepted here: set BATON_CHAT_IDENTITY_SECRET, or leave `identity` out.",
            field="identity",
        )
    if len(token) > MAX_TOKEN:
        raise InvalidInput(
            f"`identity` may have {MAX_TOKEN} characters.", field="identity", limit=MAX_TOKEN
        )
    claims = _signed(token, secret)
    _check_times(claims, now.timestamp())
    claim = IdentityClaim(
        trust=Trust.VERIFIED.value,
        directory_ref=_text(claims, "sub", MAX_SUBJECT),
        name=_text(claims, "name", MAX_NAME, optional=True),
        email=_text(claims, "email", MAX_EMAIL, optional=True),
    )
    return claim, datetime.fromtimestamp(_time(claims, "exp"), now.tzinfo)


def sign(
    claim: IdentityClaim, *, secret: str, now: datetime, lasts: timedelta = timedelta(minutes=5)
) -> str:
    """Return a token for who `claim` names, as a company's site makes it; its trust is not in it."""
    import jwt

    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "sub": claim.directory_ref,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + int(lasts.total_seconds()),
    }
    more = {"name": claim.name, "email": claim.email}
    claims.update({name: value for name, value in more.items() if value})
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def _signed(token: str, secret: str) -> dict[str, Any]:
    """Return the claims of a token that our key signed for us; its times are not looked at yet."""
    # Here, not above: it takes a tenth of a second, and most servers never see a token.
    import jwt

    if not _SHAPE.fullmatch(token):
        raise _refused("malformed", "The identity token is not a signed JWT.")
    try:
        if not _is_plain(jwt.get_unverified_header(token)):
            raise _refused("header", f"The identity token's header must be plain: {ALGORITHM}, JWT.")
        found: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            # The times are checked by our own clock.
            options={
                "require": ["sub", "aud", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise _refused("signature", "The identity token is signed with another key.") from None
    except jwt.MissingRequiredClaimError as error:
        raise _refused("claims", f"The identity token has no `{error.claim}`.") from None
    except jwt.InvalidAudienceError:
        raise _refused("audience", f'The identity token\'s `aud` must be "{AUDIENCE}".') from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("malformed", "The identity token cannot be read.") from None
    return found


def _is_plain(header: dict[str, Any]) -> bool:
    kind = header.get("typ", "JWT")
    plain_type = isinstance(kind, str) and kind.upper() == "JWT"
    return set(header) <= _HEADERS and header.get("alg") == ALGORITHM and plain_type


def _check_times(claims: dict[str, Any], now: float) -> None:
    leeway = LEEWAY.total_seconds()
    expires = _time(claims, "exp")
    if expires + leeway <= now:
        raise _refused("expired", "The identity token has expired: have a new one signed.")
    if expires - leeway > now + LONGEST.total_seconds():
        raise _refused("too_long", "The identity token lasts too long: `exp` may be 24 hours ahead.")
    for name in ("iat", "nbf"):
        if claims.get(name) is not None and _time(claims, name) - leeway > now:
            raise _refused("not_yet", f"The identity token is of the future: look at `{name}`.")


def _time(claims: dict[str, Any], name: str) -> float:
    """Return a time in seconds since 1970."""
    value = claims[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not -_EXACT < value < _EXACT or math.isnan(value):
        raise _refused("claims", f"The identity token's `{name}` must be seconds since 1970.")
    return float(value)


def _text(claims: dict[str, Any], name: str, limit: int, *, optional: bool = False) -> str:
    value = claims.get(name)
    if optional and value in (None, ""):
        return ""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= len(value) <= limit:
        raise _refused(
            "claims", f"The identity token's `{name}` must be a text of 1 to {limit} characters."
        )
    if not value.isprintable() or value != value.strip():
        raise _refused("claims", f"The identity token's `{name}` has characters that are not allowed.")
    return value


def _refused(reason: str, message: str) -> IdentityRefused:
    return IdentityRefused(message, field="identity", reason=reason)
