"""Tells an action server for whom a call is: the turn's context, signed by the engine process.

Who the customer is must never be read from what a client could write, so it travels beside rasa_sdk's
fields, under `FIELD`. A stock action server ignores it; ours answers nothing without it.
"""

from __future__ import annotations

import hashlib
import hmac
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.domain.customer import TurnContext

FIELD = "baton"
LASTS = timedelta(seconds=60)
"""How long a call is good for: it is used at once, the rest is for clocks that differ."""

signing_key: ContextVar[bytes] = ContextVar("action_signing_key", default=b"")
"""Set in an engine process before it loads, if there is an action server; otherwise empty."""


class NotVouchedFor(Exception):
    """A call has no signature of ours, has another action's, or is too old; the text says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionCall:
    """What is signed. `run` counts the runs of this action in its turn, from 1."""

    context: TurnContext
    action: str
    run: int
    expires: datetime


class _Sealed(msgspec.Struct, frozen=True):
    call: str
    signature: str


_CALL = msgspec.json.Decoder(ActionCall)


def derived_key(secret: str) -> bytes:
    """Return the key for action calls. The secret itself stays in the server."""
    return hmac.digest(secret.encode(), b"baton action calls 1", hashlib.sha256)


def seal(call: ActionCall, key: bytes) -> dict[str, str]:
    """Return what goes under `FIELD`."""
    text = msgspec.json.encode(call)
    return {"call": text.decode(), "signature": _signature(text, key)}


def unseal(sealed: Any, key: bytes, *, action: str, now: datetime) -> ActionCall:
    """Return the call that was signed for this action. Raises NotVouchedFor."""
    try:
        given = msgspec.convert(sealed, _Sealed)
        text, signature = given.call.encode(), given.signature.encode()
    except (msgspec.ValidationError, UnicodeEncodeError):
        raise NotVouchedFor("it is not signed") from None
    if not hmac.compare_digest(_signature(text, key).encode(), signature):
        raise NotVouchedFor("its signature is wrong")
    try:
        call = _CALL.decode(text)
    except msgspec.DecodeError:
        raise NotVouchedFor("it is of another version of Baton") from None
    if call.action != action:
        raise NotVouchedFor("it is signed for another action")
    if now >= call.expires:
        raise NotVouchedFor("it has expired")
    return call


def _signature(text: bytes, key: bytes) -> str:
    if not key:
        raise ValueError("the key for action calls is empty")
    return hmac.new(key, text, hashlib.sha256).hexdigest()
