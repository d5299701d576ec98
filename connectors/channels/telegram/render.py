"""Turns a message into calls of the Bot API. Pure: the same message, the same calls.

Texts go without a parse mode, so that nothing in them can be taken for formatting. Only a response that
brings `custom: {html: ...}` of its own is formatted, and goes as plain text when Telegram refuses it. One
with `custom: {ask_contact: ...}` has a key under that name which sends the customer's own contact card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.media import media_id
from bot.domain.message import Attachment, Choice, Message, choice_token
from connectors.channels.core.splitting import length, split

MAX_TEXT, MAX_CAPTION = 4_096, 1_024
"""UTF-16 units, as Telegram counts."""
MAX_BUTTONS, MAX_IN_ROW, MAX_ROW_LENGTH = 100, 3, 30
MAX_TITLE = 64
"""A longer title is cut by every app."""
MAX_PHOTO, MAX_FILE = 10_000_000, 50_000_000
"""Bytes that a bot may send."""
NO_BODY = "👇"
"""Stands where Telegram wants words above buttons and there are none."""
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
_METHODS = {"audio/ogg": "voice", "audio/mpeg": "audio", "audio/mp4": "audio", "video/mp4": "video"}


Rows = tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call: `kind` is text, photo, document, voice, audio, video or location.

    `file` is one of ours that must be read, or one that Telegram fetches from its address. `plain` is
    what is sent instead when Telegram does not take the formatting, the buttons, or the file in this form.
    """

    kind: str
    text: str = ""
    html: bool = False
    buttons: Rows = ()
    """Rows of titles with what is sent back."""
    ask_contact: str = ""
    """The title of a key that sends the customer's own contact card."""
    file: Attachment | None = None
    place: dict[str, Any] = field(default_factory=dict)
    plain: Call | None = None


def calls(message: Message) -> tuple[Call, ...]:
    """Return the calls that show a message, in order; none for one that has nothing to show."""
    text = message.text.strip()
    shown = _with_files(message, text) if message.attachments else _words(message, text)
    return (*_place(message), *shown)


def _with_files(message: Message, text: str) -> tuple[Call, ...]:
    """Say the words under the first file if they fit there; else before it, or after it with buttons."""
    if text and not message.choices and length(text) <= MAX_CAPTION:
        first, *rest = message.attachments
        return (_file(first, text), *(_file(file, "") for file in rest))
    files = tuple(_file(file, "") for file in message.attachments)
    words = _words(message, text)
    return (*files, *words) if message.choices else (*words, *files)


def _file(file: Attachment, caption: str) -> Call:
    kind = _kind(file)
    if not media_id(file):
        # Telegram fetches it from elsewhere, if it can.
        words = "\n".join(part for part in (caption, file.url) if part)
        return Call(kind=kind, text=caption, file=file, plain=Call(kind="text", text=words))
    document = Call(kind="document", text=caption, file=file)
    return Call(kind=kind, text=caption, file=file, plain=document) if kind != "document" else document


def _kind(file: Attachment) -> str:
    mime = file.mime.partition(";")[0].strip().lower()
    if mime in _PHOTOS or (not mime and file.kind == "image" and not media_id(file)):
        return "photo" if (file.size or 0) <= MAX_PHOTO else "document"
    return _METHODS.get(mime, "document")


def _words(message: Message, text: str) -> tuple[Call, ...]:
    rows, ask = _rows(message), _asked(message)
    html = (message.custom or {}).get("html")
    if isinstance(html, str) and 0 < length(html) <= MAX_TEXT and length(text) <= MAX_TEXT:
        plain = _end(message, text or NO_BODY, rows, ask)
        return (replace(plain, text=html, html=True, plain=plain),)
    *before, last = split(text, MAX_TEXT) or [NO_BODY if rows or ask else ""]
    end = (_end(message, last, rows, ask),) if last else ()
    return (*(Call(kind="text", text=piece) for piece in before), *end)


def _end(message: Message, text: str, rows: Rows, ask: str) -> Call:
    """Return the call that has the buttons; without them, if Telegram does not take them, their titles."""
    lines = [f"• {choice.title.strip()}" for choice in message.choices]
    listed = "\n".join([text, "", *lines])
    plain = Call(kind="text", text=listed if length(listed) <= MAX_TEXT else text)
    return Call(kind="text", text=text, buttons=rows, ask_contact=ask, plain=plain if rows else None)


def _asked(message: Message) -> str:
    """Return the title of the key for a contact card; a message has such a key or buttons."""
    title = (message.custom or {}).get("ask_contact")
    return title.strip()[:MAX_TITLE] if isinstance(title, str) and not message.choices else ""


def _rows(message: Message) -> Rows:
    """Put short titles side by side and long ones below each other."""
    rows: list[list[tuple[str, str]]] = []
    for index, choice in enumerate(message.choices[:MAX_BUTTONS]):
        button = (_title(choice), choice_token(message.seq, index))
        if rows and _fits(rows[-1], button[0]):
            rows[-1].append(button)
        else:
            rows.append([button])
    return tuple(tuple(row) for row in rows)


def _fits(row: Sequence[tuple[str, str]], title: str) -> bool:
    return len(row) < MAX_IN_ROW and sum(len(one) for one, _ in row) + len(title) <= MAX_ROW_LENGTH


def _title(choice: Choice) -> str:
    title = choice.title.strip() or "…"
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1].rstrip() + "…"


def _place(message: Message) -> tuple[Call, ...]:
    """Show a place that a response names as `custom: {location: {latitude, longitude, name, address}}`."""
    place = (message.custom or {}).get("location")
    if not isinstance(place, dict):
        return ()
    at = {name: place.get(name) for name in ("latitude", "longitude")}
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in at.values()):
        return ()
    return (Call(kind="location", place=at),)
