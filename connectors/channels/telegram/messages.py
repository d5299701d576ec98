"""Reads what customers write and press. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.arrival import Ignored
from bot.domain.message import MAX_TEXT, InboundMessage
from connectors.channels.core.splitting import split
from connectors.channels.telegram import wire
from connectors.channels.telegram.kinds import Meaning, meaning
from connectors.channels.telegram.parsed import NAME, PRIVATE, Parsed, Press, external_id, passed

_COMMANDS = {"/start": "/greet", "/help": "/help"}
"""What Telegram's own commands mean to the assistant; every other text with a slash is text."""
_COMMAND_NAMES = {meant: name for name, meant in _COMMANDS.items()}
MAX_LINK = 64


def read_message(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Return what somebody has written; a long text is several messages."""
    try:
        message, fields = _MESSAGE.decode(raw), _FIELDS.decode(raw)
    except msgspec.DecodeError:
        simpler = _words_of(raw)
        if simpler is None:
            return _unreadable(update_id, raw, account, now)
        message, fields = simpler, {}
    if message.chat.type != PRIVATE:
        group = None if message.chat.type == "channel" else message.chat.id
        return passed(update_id, account, "group", group)
    if message.sender is None or message.sender.is_bot:
        return passed(update_id, account, "no_sender")
    said = meaning(message, fields)
    if said.ignored:
        return passed(update_id, account, said.ignored)
    command, link = _command(message.text or "")
    common = _common(message, account, now)
    if command:
        said = replace(said, text=_COMMAND_NAMES[command])
    return Parsed(update_id=update_id, arrivals=_arrivals(message, said, command, common), link=link)


def _arrivals(
    message: wire.Message, said: Meaning, command: str, common: dict[str, Any]
) -> tuple[InboundMessage, ...]:
    texts = _pieces(said.text)
    first = InboundMessage(
        **common,
        external_id=external_id(message.chat.id, message.message_id),
        text=texts[0],
        intent=command,
        attachments=said.attachments,
        location=said.location,
        aside=said.aside,
        identity=said.identity,
        album=message.media_group_id or "",
        unsupported=said.unsupported,
        reply_to_external=_quoted(message),
    )
    more = (
        InboundMessage(**common, external_id=f"{first.external_id}#{number}", text=text)
        for number, text in enumerate(texts[1:], start=2)
    )
    return (first, *more)


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
        return passed(update_id, account, "malformed_message")
    if head.chat.type != PRIVATE or head.sender is None:
        return passed(update_id, account, "malformed_message")
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


def read_callback(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Return what somebody has pressed; it wants an answer whatever it means."""
    try:
        callback = _CALLBACK.decode(raw)
    except msgspec.DecodeError:
        return passed(update_id, account, "malformed_callback")
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


class _Head(msgspec.Struct, rename={"sender": "from"}):
    message_id: int
    chat: wire.Chat
    sender: wire.User | None = None


class _Words(_Head, rename={"sender": "from"}):
    text: str | None = None
    caption: str | None = None


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(wire.Message)
_HEAD = msgspec.json.Decoder(_Head)
_WORDS = msgspec.json.Decoder(_Words)
_CALLBACK = msgspec.json.Decoder(wire.Callback)
