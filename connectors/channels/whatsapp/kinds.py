"""What the kinds of WhatsApp messages mean as a message of ours. Pure.

What a customer has sent is never thrown away: it becomes text, a file, a place or a pressed choice, and
what is none of that is named, so that they are told and an agent sees that something was there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.domain.media import REMOTE
from bot.domain.message import MAX_TEXT, Attachment, Location, parse_choice_token
from connectors.channels.whatsapp import wire

UNKNOWN = "unknown"
MAX_PIECES = 20
"""Messages that a very long text becomes; WhatsApp's own limit is below that."""
_KIND = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)
_FILE_KINDS = {"image": "image", "sticker": "image", "video": "video", "audio": "audio", "document": "file"}
_MEDIA_ID = re.compile(r"[0-9A-Za-z_-]{1,256}", re.ASCII)
_decode = msgspec.json.Decoder(wire.Content).decode


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """The content of a message; exactly `unsupported` is set when there is none."""

    text: str = ""
    choice: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    aside: bool = False
    """The text only names what came."""
    unsupported: str = ""


def meaning(kind: str, raw: bytes | msgspec.Raw) -> Meaning:
    """Return what a message of this kind says."""
    reader = _READERS.get(kind)
    if reader is None:
        return Meaning(unsupported=safe_kind(kind))
    try:
        content = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Meaning(unsupported=safe_kind(kind))
    return reader(kind, content) or Meaning(unsupported=safe_kind(kind))


def safe_kind(kind: str) -> str:
    """Return the name of a kind if it is a plain word: names come from outside and go to counters."""
    return kind if _KIND.fullmatch(kind) else UNKNOWN


def _text(_kind: str, content: wire.Content) -> Meaning | None:
    return _words(content.text.body) if content.text else None


def _words(text: str | None) -> Meaning | None:
    return Meaning(text=text) if text and text.strip() else None


def _file(kind: str, content: wire.Content) -> Meaning | None:
    file: wire.File | None = getattr(content, kind)
    if file is None or not _MEDIA_ID.fullmatch(file.id or ""):
        return None
    attachment = Attachment(
        kind=_FILE_KINDS[kind],
        url=f"{REMOTE}{file.id}",
        name=file.filename or "",
        mime=(file.mime_type or "").partition(";")[0].strip().lower(),
    )
    return Meaning(text=file.caption or "", attachments=(attachment,))


def _location(_kind: str, content: wire.Content) -> Meaning | None:
    place = content.location
    if place is None or not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        return None
    return Meaning(
        location=Location(
            latitude=place.latitude,
            longitude=place.longitude,
            name=place.name or "",
            address=place.address or "",
        )
    )


def _contacts(_kind: str, content: wire.Content) -> Meaning | None:
    cards = _lines([_card(card) for card in content.contacts or ()])
    return replace(cards, aside=True) if cards else None


def _card(card: wire.Card) -> str:
    name = card.name.formatted_name if card.name else ""
    ways = [phone.phone or phone.wa_id for phone in card.phones or ()]
    ways += [mail.email for mail in card.emails or ()]
    known = [part.strip() for part in (name, *ways) if part and part.strip()]
    return "👤 " + " · ".join(known) if known else ""


def _interactive(_kind: str, content: wire.Content) -> Meaning | None:
    answer = content.interactive
    if answer is None:
        return None
    pressed = answer.button_reply or answer.list_reply
    if pressed is not None:
        return _pressed(pressed.id, pressed.title)
    return _form(answer.nfm_reply) if answer.nfm_reply else None


def _pressed(token: str | None, title: str | None) -> Meaning | None:
    """Take a choice of ours; anything else, such as a button of another program, is what it says."""
    if token and parse_choice_token(token):
        return Meaning(choice=token)
    return _words(title) or _words(token)


def _form(form: wire.Form) -> Meaning | None:
    """Show a filled-in form line by line."""
    try:
        values = json.loads(form.response_json or "")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return _words(form.response_json) or _words(form.body)
    shown = {name: value for name, value in values.items() if name != "flow_token"}
    return _lines([f"{name}: {_shown(value)}" for name, value in shown.items()]) or _words(form.body)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _button(_kind: str, content: wire.Content) -> Meaning | None:
    return _pressed(content.button.payload, content.button.text) if content.button else None


def _order(_kind: str, content: wire.Content) -> Meaning | None:
    if content.order is None:
        return None
    lines = [f"🛒 {_item(item)}" for item in content.order.product_items or ()]
    return _lines([(content.order.text or "").strip(), *lines])


def _item(item: wire.Item) -> str:
    price = "" if item.item_price is None else f" ({item.item_price} {item.currency or ''}".rstrip() + ")"
    count = 1 if item.quantity is None else item.quantity
    return f"{count}x {item.product_retailer_id or '?'}{price}"


def _lines(lines: list[str]) -> Meaning | None:
    return _words("\n".join(line for line in lines if line))


def _unsupported(_kind: str, content: wire.Content) -> Meaning | None:
    named = content.unsupported.type if content.unsupported else ""
    return Meaning(unsupported=safe_kind(named) if named else UNKNOWN)


_READERS: Mapping[str, Callable[[str, wire.Content], Meaning | None]] = {
    "text": _text,
    "image": _file,
    "video": _file,
    "audio": _file,
    "document": _file,
    "sticker": _file,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "unsupported": _unsupported,
}
KINDS = tuple(_READERS)
"""The kinds of messages that are read here; all others are unsupported, or no messages."""


def pieces(text: str) -> list[str]:
    """Return a text as the pieces that the core takes, cut between words where that is possible."""
    found: list[str] = []
    while len(text) > MAX_TEXT and len(found) < MAX_PIECES - 1:
        cut = max(text.rfind(mark, MAX_TEXT // 2, MAX_TEXT) for mark in ("\n", " ")) + 1
        cut = cut or MAX_TEXT
        found.append(text[:cut])
        text = text[cut:]
    return [*found, text[:MAX_TEXT]]
