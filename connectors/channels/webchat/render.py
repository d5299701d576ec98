"""Turns what there is into frames for the widget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.conversation import Owner
from bot.domain.message import Attachment, Author, Message, choice_token
from bot.domain.visit import Fresh, Standing

Url = Callable[[Attachment], str]
"""Returns the address under which a customer can fetch a file."""
_FETCHED = ("https://", "http://", "/")
"""How an address begins that a browser may be led to."""
encode = msgspec.json.Encoder().encode


class Choice(msgspec.Struct):
    """A button; send `token` back as `choice` to press it."""

    title: str
    token: str


class File(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An image, voice message, video or other file."""

    kind: str
    url: str
    name: str = ""
    mime: str = ""
    size: int | None = None


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One message; `id` is the widget's own for what the customer wrote."""

    seq: int
    author: str
    at: datetime
    text: str = ""
    name: str = ""
    choices: list[Choice] | None = None
    files: list[File] | None = None
    id: str = ""


class State(msgspec.Struct, kw_only=True):
    """How things stand: who answers, the place in the queue, whether people are there, what was read."""

    owner: str
    open: bool
    online: bool
    seen: int
    read: int
    agent: str | msgspec.UnsetType = msgspec.UNSET
    place: int | msgspec.UnsetType = msgspec.UNSET
    hours: str | msgspec.UnsetType = msgspec.UNSET
    rate: datetime | msgspec.UnsetType = msgspec.UNSET


class Limits(msgspec.Struct, kw_only=True):
    """What a message may hold."""

    text: int
    files: int
    file_bytes: int
    types: list[str]


def entry(message: Message, url: Url) -> Entry:
    """Return a message as the widget shows it; an agent's id is not shown."""
    own = message.author is Author.CUSTOMER and message.external_id.startswith("=")
    files = [file for file in (_file(attachment, url) for attachment in message.attachments) if file]
    return Entry(
        seq=message.seq,
        author=message.author.value,
        at=message.created_at,
        text=message.text,
        name=message.author_name,
        choices=[
            Choice(choice.title, choice_token(message.seq, index))
            for index, choice in enumerate(message.choices)
        ]
        or None,
        files=files or None,
        id=message.external_id[1:] if own else "",
    )


def entries(messages: Iterable[Message], url: Url, after: int = 0) -> list[Entry]:
    """Return what a customer may see of messages with a greater number; what shows nothing is left out."""
    shown = (entry(m, url) for m in messages if m.seq > after and m.visible_to_customer)
    return [e for e in shown if e.text or e.choices or e.files]


def state(standing: Standing, *, place: int, open_now: bool, online: bool, hours: str) -> bytes:
    """Return the state, encoded: most of them are compared and never sent."""
    unset = msgspec.UNSET
    return encode(
        State(
            owner=standing.owner.value,
            open=open_now,
            online=online,
            seen=standing.seen,
            read=standing.read,
            agent=standing.agent or unset,
            place=place if standing.owner is Owner.QUEUE and place else unset,
            hours=hours or unset,
            rate=standing.rate or unset,
        )
    )


def state_frame(encoded: bytes) -> bytes:
    """Return a state as a frame of its own."""
    return b'{"type":"state",' + encoded[1:]


def ready(
    *,
    session: str,
    fresh: Fresh | None,
    name: str,
    signed_in: bool,
    messages: list[Entry],
    reset: bool,
    more: bool,
    last: int,
    state: bytes,
    limits: Limits,
    identity_until: int | None,
) -> bytes:
    """Return the answer to a greeting."""
    given: dict[str, Any] = {
        "type": "ready",
        "session": session,
        "messages": messages,
        "more": more,
        "last": last,
        "state": msgspec.Raw(state),
        "limits": limits,
    }
    if fresh is not None:
        given["fresh"] = fresh.value
    if signed_in:
        given["customer"] = {"name": name}
    if reset:
        given["reset"] = True
    if identity_until is not None:
        given["identity_until"] = identity_until
    return encode(given)


def frame(kind: str, **values: Any) -> bytes:
    """Return a small frame."""
    return encode({"type": kind, **values})


def _file(attachment: Attachment, url: Url) -> File | None:
    address = url(attachment)
    if not address.startswith(_FETCHED):
        return None
    return File(
        kind=attachment.kind,
        url=address,
        name=attachment.name,
        mime=attachment.mime,
        size=attachment.size,
    )
