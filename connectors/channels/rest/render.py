"""Turns messages into what a REST client reads. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from bot.domain.message import Attachment, Message, choice_token

FileUrl = Callable[[Attachment], str]
"""Where the client finds a file."""


class Button(msgspec.Struct):
    """A choice; send `payload` back as the message to choose it."""

    title: str
    payload: str


class RestReply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One reply in Rasa's shape: a text with its buttons, an image, another file, or custom data."""

    recipient_id: str
    text: str | None = None
    buttons: list[Button] | None = None
    image: str | None = None
    attachment: str | None = None
    custom: dict[str, Any] | None = None


class File(msgspec.Struct, omit_defaults=True):
    """An image, voice message or other file."""

    kind: str
    url: str
    name: str = ""
    mime: str = ""
    size: int | None = None


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One message of the conversation, the customer's own included, numbered by `seq`."""

    seq: int
    author: str
    kind: str
    created_at: datetime
    text: str = ""
    author_name: str = ""
    buttons: list[Button] | None = None
    attachments: list[File] | None = None
    custom: dict[str, Any] | None = None


class Entries(msgspec.Struct):
    """What came after `after`; ask again with `last`. `owner` is who answers now."""

    messages: list[Entry]
    last: int
    owner: str


def replies(
    messages: Iterable[Message], *, recipient: str, url: FileUrl = attrgetter("url")
) -> list[RestReply]:
    """Return the replies of a turn; what a customer may not see is left out."""
    return [
        reply
        for message in messages
        if message.visible_to_customer
        for reply in _replies(message, recipient, url)
    ]


def _replies(message: Message, recipient: str, url: FileUrl) -> Iterator[RestReply]:
    """Split one message as Rasa does: text and buttons, then each file, then custom data."""
    if message.text or message.choices:
        yield RestReply(recipient_id=recipient, text=message.text, buttons=_buttons(message))
    for attachment in message.attachments:
        if attachment.kind == "image":
            yield RestReply(recipient_id=recipient, image=url(attachment))
        else:
            yield RestReply(recipient_id=recipient, attachment=url(attachment))
    if message.custom is not None:
        yield RestReply(recipient_id=recipient, custom=message.custom)


def entry(message: Message, *, url: FileUrl = attrgetter("url")) -> Entry:
    """Return a message as the long poll shows it; an agent's id is not shown."""
    return Entry(
        seq=message.seq,
        author=message.author.value,
        kind=message.kind.value,
        created_at=message.created_at,
        text=message.text,
        author_name=message.author_name,
        buttons=_buttons(message),
        attachments=[_file(attachment, url) for attachment in message.attachments] or None,
        custom=message.custom,
    )


def entries(
    messages: Iterable[Message], *, after: int, owner: str, url: FileUrl = attrgetter("url")
) -> Entries:
    """Return what the long poll answers."""
    shown = [entry(message, url=url) for message in messages if message.visible_to_customer]
    return Entries(messages=shown, last=shown[-1].seq if shown else after, owner=owner)


def _buttons(message: Message) -> list[Button] | None:
    """Return the choices with opaque tokens: what the engine is told is no client's business."""
    if not message.choices:
        return None
    return [
        Button(choice.title, choice_token(message.seq, index))
        for index, choice in enumerate(message.choices)
    ]


def _file(attachment: Attachment, url: FileUrl) -> File:
    return File(attachment.kind, url(attachment), attachment.name, attachment.mime, attachment.size)
