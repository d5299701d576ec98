"""Turns what a REST client sends into an inbound message. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec

from bot.domain.errors import InvalidInput, TooLarge
from bot.domain.ids import new_id
from bot.domain.message import MAX_TEXT, IdentityClaim, InboundMessage
from connectors.channels.core.identity import MAX_TOKEN, verify

NAME = "rest"
MAX_SENDER = 255
MAX_MESSAGE_ID = 128
MAX_METADATA = 8 * 1024
"""Bytes of metadata, as JSON."""
_TOKEN = re.compile(r"~[0-9a-f]{1,8}\.[0-9a-f]{1,4}")
"""A button's token; what only looks like one is text."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _bounds(longest: int) -> msgspec.Meta:
    """Describe a length that is checked by hand, for a clearer error."""
    return msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": longest})


class RestMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A customer message. `sender` names the conversation; `message_id` makes a repeat harmless.

    `identity` is a token by which your site says who the customer is: a JWT, signed on your server
    with BATON_CHAT_IDENTITY_SECRET (HS256), with `sub` (their reference in the customer directory),
    `aud` ("baton"), `exp` (at most 24 hours ahead) and, if you like, `iat`, `name` and `email`. It
    counts for its message only, so send it with each one. A sender belongs to the first person who
    signed in there; for anybody else the answer is 409.

    `metadata` is kept as untrusted. `input_channel` and `stream` are Rasa's and change nothing.
    """

    sender: Annotated[str, _bounds(MAX_SENDER)]
    message: Annotated[str, _bounds(MAX_TEXT)]
    message_id: Annotated[str, _bounds(MAX_MESSAGE_ID)] | None = None
    identity: Annotated[str, _bounds(MAX_TOKEN)] | None = None
    metadata: dict[str, Any] | None = None
    input_channel: str | None = None
    stream: bool | None = None


def parse(body: RestMessage, *, now: datetime, identity_secret: str = "") -> InboundMessage:
    """Return the inbound message; who it is from is believed to a signed token alone.

    Raises:
        IdentityRefused: the token is not valid (fields: field, reason).
        NotPermitted: there is a token, and no secret to check it with.
        InvalidInput: a value is empty, or has characters that no text has (field: field).
        TooLarge: a value is over its limit (fields: field, limit).
    """
    address = check_name("sender", body.sender, MAX_SENDER)
    text = body.message
    if len(text) > MAX_TEXT:
        raise TooLarge(
            f"A message may have {MAX_TEXT} characters; this one has {len(text)}.",
            field="message",
            limit=MAX_TEXT,
        )
    if not text.strip():
        raise InvalidInput("The message is empty.", field="message")
    if _CONTROL.search(text):
        raise InvalidInput("The message has control characters.", field="message")
    pressed = _TOKEN.fullmatch(text) is not None
    return InboundMessage(
        channel=NAME,
        address=address,
        external_id=_external_id(body.message_id, now),
        received_at=now,
        text="" if pressed else text,
        choice=text if pressed else "",
        identity=_identity(body.identity, identity_secret, now),
        raw=_metadata(body.metadata),
    )


def check_name(field: str, value: str, limit: int) -> str:
    """Return `value` if it is one to `limit` printable characters. Raises InvalidInput."""
    if not value.strip():
        raise InvalidInput(f"`{field}` is empty.", field=field)
    if len(value) > limit:
        raise InvalidInput(f"`{field}` may have {limit} characters.", field=field, limit=limit)
    if not value.isprintable():
        raise InvalidInput(f"`{field}` has characters that cannot be printed.", field=field)
    return value


def _identity(token: str | None, secret: str, now: datetime) -> IdentityClaim | None:
    """An empty token is a mistake of the site's, never a way to be anonymous."""
    return None if token is None else verify(token, secret=secret, now=now)


def _external_id(message_id: str | None, now: datetime) -> str:
    """Return the client's id, or one of ours; ours begins with a mark so that the two never meet."""
    if message_id is None:
        return f"!{new_id(now)}"
    return "=" + check_name("message_id", message_id, MAX_MESSAGE_ID)


def _metadata(metadata: dict[str, Any] | None) -> dict[str, Any]:
    if not metadata:
        return {}
    try:
        encoded = msgspec.json.encode(metadata)
    except RecursionError:
        raise InvalidInput("`metadata` is nested too deeply.", field="metadata") from None
    if len(encoded) > MAX_METADATA:
        raise TooLarge(f"`metadata` may have {MAX_METADATA} bytes.", field="metadata", limit=MAX_METADATA)
    if b"\\u0000" in encoded.replace(b"\\\\", b""):
        raise InvalidInput("`metadata` has control characters.", field="metadata")
    return metadata
