"""Turns the bytes of an update into what has arrived. Pure.

An update has one thing in it. What cannot be read is named and passed over: an update that is refused
holds up everything else of its chat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from bot.domain.errors import PayloadRejected
from connectors.channels.core.characters import whole_characters
from connectors.channels.telegram import wire
from connectors.channels.telegram.messages import read_callback, read_message
from connectors.channels.telegram.parsed import Parsed, passed
from connectors.channels.telegram.reports import read_edited, read_membership, read_reacted


def parse(raw: bytes, *, account: str, now: datetime) -> Parsed:
    """Return what has arrived at an account. Raises PayloadRejected for what is no update at all."""
    update, raw = _decoded(raw)
    for name, reader in _READERS.items():
        body: msgspec.Raw = getattr(update, name)
        if bytes(body) != b"null":
            return reader(update.update_id, body, account, now)
    return passed(update.update_id, account, _kind_of(raw))


def _decoded(raw: bytes) -> tuple[wire.Update, bytes]:
    """Read an update, and return it with its bytes, all characters of which are whole."""
    sound = whole_characters(raw.decode(errors="replace").encode())
    try:
        return _UPDATE.decode(sound), sound
    except (msgspec.DecodeError, RecursionError):
        raise PayloadRejected("The body is not an update of Telegram's.") from None


def _kind_of(raw: bytes | msgspec.Raw) -> str:
    names = sorted(set(_FIELDS.decode(raw)) - {"update_id"})
    return names[0][:40] if names and names[0].isidentifier() and names[0].isascii() else "unknown_update"


_Reader = Callable[[int, msgspec.Raw, str, datetime], Parsed]
_READERS: Mapping[str, _Reader] = {
    "message": read_message,
    "edited_message": read_edited,
    "callback_query": read_callback,
    "my_chat_member": read_membership,
    "message_reaction": read_reacted,
}
ALLOWED = tuple(_READERS)
"""The kinds of updates that we ask Telegram for."""
_UPDATE = msgspec.json.Decoder(wire.Update)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
