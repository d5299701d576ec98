"""Turns the bytes of an update into what has arrived. Pure.

An update has one thing in it. What cannot be read is named and passed over: an update that is refused
holds up everything else of its chat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from bot.domain.arrival import Arrival, Edited, Ignored, Reach, Reaction
from bot.domain.errors import PayloadRejected
from bot.domain.message import MAX_TEXT, InboundMessage
from connectors.channels.core.characters import whole_characters
from connectors.channels.core.splitting import split
from connectors.channels.telegram import wire
from connectors.channels.telegram.kinds import meaning

NAME = "telegram"
PRIVATE = "private"
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""The kinds of updates that we ask Telegram for."""
_COMMANDS = {"/start": "/greet", "/help": "/help"}
"""What Telegram's own commands mean to the assistant; every other text with a slash is text."""
_COMMAND_NAMES = {meant: name for name, meant in _COMMANDS.items()}
MAX_LINK = 64
NO_EMOJI = "✨"
"""Stands for a reaction with a picture that is no emoji."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A pressed button: `id` wants an answer at once, the keyboard hangs on `message_id`."""

    id: str
    chat_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What an update holds.

    `link` is the token of a deep link, to be claimed before the message is taken; `group` is a chat with
    more than one customer, to be declined.
    """

    update_id: int
    arrivals: tuple[Arrival, ...] = ()
    press: Press | None = None
    link: str = ""
    group: int | None = None


def parse(raw: bytes, *, account: str, now: datetime) -> Parsed:
    """Return what has arrived at an account. Raises PayloadRejected for what is no update at all."""
    update, raw = _decoded(raw)
    for name, reader in _READERS.items():
        body: msgspec.Raw = getattr(update, name)
        if bytes(body) != b"null":
            return reader(update.update_id, body, account, now)
    return _passed(update.update_id, account, _kind_of(raw))


def _decoded(raw: bytes) -> tuple[wire.Update, bytes]:
    """Read an update, and return it with its bytes, all characters of which are whole."""
    sound = whole_characters(raw.decode(errors="replace").encode())
    try:
        return _UPDATE.decode(sound), sound
    except (msgspec.DecodeError, RecursionError):
        raise PayloadRejected("The body is not an update of Telegram's.") from None


def external_id(chat_id: int, message_id: int) -> str:
    """Return the id of a message for the core: Telegram's own is unique in its chat only."""
    return f"{chat_id}:{message_id}"


def _passed(update_id: int, account: str, reason: str, group: int | None = None) -> Parsed:
    ignored = Ignored(channel=NAME, account=account, reason=reason)
    return Parsed(update_id=update_id, arrivals=(ignored,), group=group)


def _kind_of(raw: bytes | msgspec.Raw) -> str:
    names = sorted(set(_FIELDS.decode(raw)) - {"update_id"})
    return names[0][:40] if names and names[0].isidentifier() and names[0].isascii() else "unknown_update"


def _message(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    try:
        message, fields = _MESSAGE.decode(raw), _FIELDS.decode(raw)
    except msgspec.DecodeError:
        simpler = _words_of(raw)
        if simpler is None:
            return _unreadable(update_id, raw, account, now)
        message, fields = simpler, {}
    if message.chat.type != PRIVATE:
        return _passed(
            update_id, account, "group", None if message.chat.type == "channel" else message.chat.id
        )
    if message.sender is None or message.sender.is_bot:
        return _passed(update_id, account, "no_sender")
    said = meaning(message, fields)
    if said.ignored:
        return _passed(update_id, account, said.ignored)
    command, link = _command(message.text or "")
    texts = [_COMMAND_NAMES[command]] if command else _pieces(said.text)
    common = _common(message, account, now)
    first = InboundMessage(
        **common,
        external_id=external_id(message.chat.id, message.message_id),
        text=texts[0],
        intent=command,
        attachments=said.attachments,
        location=said.location,
        identity=said.identity,
        album=message.media_group_id or "",
        unsupported=said.unsupported,
        reply_to_external=_quoted(message),
    )
    more = [
        InboundMessage(**common, external_id=f"{first.external_id}#{number}", text=text)
        for number, text in enumerate(texts[1:], start=2)
    ]
    return Parsed(update_id=update_id, arrivals=(first, *more), link=link)


def _words_of(raw: msgspec.Raw) -> wire.Message | None:
    """Return the words of a message that has something else in a shape that we do not know."""
    try:
        words = _WORDS.decode(raw)
    except msgspec.DecodeError:
        return None
    if not words.text and not words.caption:
        return None
    return wire.Message(
        message_id=words.message_id,
        chat=words.chat,
        sender=words.sender,
        text=words.text or words.caption,
    )


def _unreadable(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Show at least that something came, when whose it is can be read."""
    try:
        head = _HEAD.decode(raw)
    except msgspec.DecodeError:
        return _passed(update_id, account, "malformed_message")
    if head.chat.type != PRIVATE or head.sender is None:
        return _passed(update_id, account, "malformed_message")
    arrival = InboundMessage(
        channel=NAME,
        account=account,
        address=str(head.chat.id),
        external_id=external_id(head.chat.id, head.message_id),
        received_at=now,
        authentic=True,
        unsupported="unreadable",
    )
    return Parsed(update_id=update_id, arrivals=(arrival,))


def _common(message: wire.Message, account: str, now: datetime) -> dict[str, Any]:
    sender = message.sender
    return {
        "channel": NAME,
        "account": account,
        "address": str(message.chat.id),
        "received_at": now,
        "authentic": True,
        "display_name": sender.name if sender else "",
        "language": _language(sender),
    }


def _language(sender: wire.User | None) -> str:
    code = (sender.language_code or "" if sender else "").partition("-")[0].lower()
    return code if code.isascii() and code.isalpha() and len(code) <= 3 else ""


def _command(text: str) -> tuple[str, str]:
    """Return what a command of Telegram's means, and the token of a deep link."""
    word, _, rest = text.partition(" ")
    command = _COMMANDS.get(word.partition("@")[0].lower())  # phones begin with a capital
    if command is None:
        return "", ""
    token = rest.strip() if command == _COMMANDS["/start"] else ""
    known = (
        0 < len(token) <= MAX_LINK and token.replace("-", "").replace("_", "").isalnum() and token.isascii()
    )
    if rest.strip() and not known:
        return "", ""  # words after a command are somebody's words
    return command, token


def _pieces(text: str) -> list[str]:
    """Return a text as the pieces that the core takes; Telegram's limit is a little higher."""
    return [text] if len(text) <= MAX_TEXT else split(text, MAX_TEXT) or [text[:MAX_TEXT]]


def _quoted(message: wire.Message) -> str:
    quoted = message.reply_to_message
    return external_id(message.chat.id, quoted.message_id) if quoted else ""


def _moment(stamp: int | None, now: datetime) -> datetime:
    try:
        at = datetime.fromtimestamp(stamp or 0, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(at, now) if stamp else now


def _edited(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    try:
        message = _MESSAGE.decode(raw)
    except msgspec.DecodeError:
        return _passed(update_id, account, "malformed_edit")
    if message.chat.type != PRIVATE:
        return _passed(update_id, account, "group")
    if message.location is not None:
        return _passed(update_id, account, "live_location")  # it moves every few seconds
    text = message.text or message.caption
    if not text:
        return _passed(update_id, account, "edit_without_words")
    report = Edited(
        channel=NAME,
        account=account,
        address=str(message.chat.id),
        key=f"edit:{update_id}:{message.message_id}",
        at=_moment(message.edit_date, now),
        external_id=external_id(message.chat.id, message.message_id),
        text=text,
    )
    return Parsed(update_id=update_id, arrivals=(report,))


def _callback(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    try:
        callback = _CALLBACK.decode(raw)
    except msgspec.DecodeError:
        return _passed(update_id, account, "malformed_callback")
    placed = callback.message
    if placed is None or placed.chat.type not in (PRIVATE, "") or not callback.data:
        return Parsed(
            update_id=update_id,
            arrivals=(Ignored(channel=NAME, account=account, reason="foreign_button"),),
            press=Press(id=callback.id),
        )
    arrival = InboundMessage(
        channel=NAME,
        account=account,
        address=str(placed.chat.id),
        external_id=f"cb:{callback.id}",
        received_at=now,
        choice=callback.data,
        authentic=True,
        display_name=callback.sender.name,
        language=_language(callback.sender),
    )
    press = Press(id=callback.id, chat_id=placed.chat.id, message_id=placed.message_id)
    return Parsed(update_id=update_id, arrivals=(arrival,), press=press)


def _membership(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    try:
        change = _MEMBERSHIP.decode(raw)
    except msgspec.DecodeError:
        return _passed(update_id, account, "malformed_membership")
    status = change.new_chat_member.status
    if change.chat.type != PRIVATE:
        added = status in ("member", "administrator") and change.chat.type != "channel"
        return _passed(update_id, account, "group", change.chat.id if added else None)
    if status not in ("kicked", "member"):
        return _passed(update_id, account, "membership")
    report = Reach(
        channel=NAME,
        account=account,
        address=str(change.chat.id),
        key=f"reach:{update_id}",
        at=_moment(change.date, now),
        reachable=status == "member",
    )
    return Parsed(update_id=update_id, arrivals=(report,))


def _reacted(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    try:
        reacted = _REACTED.decode(raw)
    except msgspec.DecodeError:
        return _passed(update_id, account, "malformed_reaction")
    if reacted.chat.type != PRIVATE:
        return _passed(update_id, account, "group")
    report = Reaction(
        channel=NAME,
        account=account,
        address=str(reacted.chat.id),
        key=f"reaction:{update_id}",
        at=_moment(reacted.date, now),
        external_id=external_id(reacted.chat.id, reacted.message_id),
        emoji="".join(one.emoji or NO_EMOJI for one in reacted.new_reaction)[:32],
    )
    return Parsed(update_id=update_id, arrivals=(report,))


class _Head(msgspec.Struct, rename={"sender": "from"}):
    message_id: int
    chat: wire.Chat
    sender: wire.User | None = None


class _Words(_Head, rename={"sender": "from"}):
    text: str | None = None
    caption: str | None = None


_Reader = Callable[[int, msgspec.Raw, str, datetime], Parsed]
_READERS: Mapping[str, _Reader] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
    "my_chat_member": _membership,
    "message_reaction": _reacted,
}
_UPDATE = msgspec.json.Decoder(wire.Update)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(wire.Message)
_HEAD = msgspec.json.Decoder(_Head)
_WORDS = msgspec.json.Decoder(_Words)
_CALLBACK = msgspec.json.Decoder(wire.Callback)
_MEMBERSHIP = msgspec.json.Decoder(wire.Membership)
_REACTED = msgspec.json.Decoder(wire.Reacted)
